import type { KeySets } from "../../policy/access/key-set.ts";
import { documentRequest, readDocument } from "../../policy/access/read-document.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { HttpPlace } from "../backends/http-connection.ts";
import type { AccessServices } from "./verify-caller.ts";

/** What authorization servers are asked, over the runtime's connections. `places`: by keys of the model's backends. */
export function createAccessServices(
  runtime: Pick<Runtime, "fetch">,
  log: Logger,
  keySets: KeySets,
  places: (backend: string) => readonly HttpPlace[],
): AccessServices {
  return {
    keySets,
    warn: (message) => log.warn(message),
    fetchDocument: (backend) => async (url) => {
      const { origin, host, pathname, search } = new URL(url);
      const [place] = backend === undefined ? [] : places(backend);
      if (backend !== undefined && place === undefined) throw new Error(`Backend ${backend} has no endpoint`);
      const request = documentRequest();
      const answer = await runtime.fetch((place?.origin ?? origin) + pathname + search, {
        ...request,
        headers: { ...request.headers, ...(place && { host }) },
        unix: place?.unix,
        tls: place?.tls,
      });
      return readDocument(answer, url);
    },
  };
}
