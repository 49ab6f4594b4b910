import type { Access } from "../model/access.ts";
import type { Key, Table } from "../model/origin.ts";
import type { Secrets } from "../model/values.ts";
import { type AccessServices, type Gatekeeper, prepareGatekeeper } from "../policy/access/gatekeeper.ts";
import type { KeySets } from "../policy/access/key-set.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Endpoints } from "./embedded/upstream.ts";

const documentMs = 10_000;
const maxDocumentBytes = 1 << 20;

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
        const headers = { accept: "application/json", "accept-encoding": "identity" };
        const message = { method: "GET", headers, signal: AbortSignal.timeout(documentMs) };
        const { host, pathname, search } = new URL(url);
        const answer = await (backend === undefined
          ? runtime.fetch(url, { ...message, body: undefined, unix: undefined, tls: undefined })
          : send(backend, pathname + search, { ...message, headers: { ...headers, host } }));
        if (answer.status === 200) return readText(answer, url);
        await answer.body?.cancel();
        throw new Error(`${url} answered ${answer.status}`);
      };
    },
    askService:
      ({ backend }) =>
      ({ path, ...message }) =>
        send(backend, path, message),
  };
}

async function readText(answer: Response, url: string): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > maxDocumentBytes) throw new Error(`the document at ${url} is too large`);
  }
  return text;
}
