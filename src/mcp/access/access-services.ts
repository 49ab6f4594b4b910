import type { KeySets } from "../../policy/access/key-set.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { HttpPlace } from "../backends/http-connection.ts";
import type { AccessServices } from "./verify-caller.ts";

const documentMs = 10_000;
const maxDocumentBytes = 1 << 20;

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
      const answer = await runtime.fetch((place?.origin ?? origin) + pathname + search, {
        method: "GET",
        headers: { accept: "application/json", "accept-encoding": "identity", ...(place && { host }) },
        body: undefined,
        signal: AbortSignal.timeout(documentMs),
        unix: place?.unix,
        tls: place?.tls,
      });
      const text = answer.status === 200 ? await answer.text() : undefined;
      if (text === undefined) {
        await answer.body?.cancel();
        throw new Error(`${url} answered ${answer.status}`);
      }
      if (text.length > maxDocumentBytes) throw new Error(`the document at ${url} is too large`);
      return text;
    },
  };
}
