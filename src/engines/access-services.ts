import type { Access } from "../model/access.ts";
import type { Key, Table } from "../model/origin.ts";
import type { Secrets } from "../model/values.ts";
import { type AccessServices, type Gatekeeper, prepareGatekeeper } from "../policy/access/gatekeeper.ts";
import type { KeySets } from "../policy/access/key-set.ts";
import { documentRequest, readDocument } from "../policy/access/read-document.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Endpoints } from "./embedded/upstream.ts";

/** The checks of one model, by key. */
export type Gatekeepers = ReadonlyMap<Key, Gatekeeper>;

export function prepareGatekeepers(
  table: Table<Access>,
  secrets: Secrets,
  services: AccessServices,
): Gatekeepers {
  return new Map(
    Object.values(table).map((access) => [access.key, prepareGatekeeper(access, secrets, services)]),
  );
}

interface Message {
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly signal: AbortSignal;
}

/** What checks of clients ask over the network: keys of identity providers, and authorization services. */
export function createAccessServices(
  runtime: Runtime,
  keySets: KeySets,
  upstreams: Endpoints,
): AccessServices {
  const send = (backend: Key, path: string, message: Message): Promise<Response> => {
    const endpoints = upstreams.get(backend) ?? [];
    const endpoint = endpoints[Math.floor(Math.random() * endpoints.length)];
    if (endpoint === undefined) throw new Error(`Backend ${backend} has no endpoint`);
    const { origin, unix, tls } = endpoint;
    return runtime.fetch(origin + path, { ...message, body: undefined, unix, tls });
  };
  return {
    keySets,
    fetchDocument(provider) {
      const backend = provider.keys.type === "remote" ? provider.keys.backend : undefined;
      return async (url) => {
        const request = documentRequest();
        const { host, pathname, search } = new URL(url);
        const answer = await (backend === undefined
          ? runtime.fetch(url, { ...request, unix: undefined, tls: undefined })
          : send(backend, pathname + search, { ...request, headers: { ...request.headers, host } }));
        return readDocument(answer, url);
      };
    },
    askService:
      ({ backend }) =>
      ({ path, ...message }) =>
        send(backend, path, message),
  };
}
