import { isObject } from "../../dialects/wire/json.ts";
import { decodeText, encodeText } from "../../dialects/wire/text.ts";
import type { SessionVisit } from "../server.ts";

/** Where a client is in a stream: which stream it is, and the last event of each backend that gives its events ids. */
export interface StreamPlace {
  readonly stream: typeof listenStream | CallStream;
  readonly ids: { readonly [backend: string]: string };
}

/** The stream that a client listens on. */
export const listenStream = "listen";

/** The answer to one request, and what to make of it when it comes at last. */
interface CallStream {
  readonly method: string;
  readonly idText: string;
}

export function callStream(method: string, idText: string): CallStream {
  return { method, idText };
}

/** The id that a client gives back as `Last-Event-ID`, on whatever replica. */
export function writeEventId({ server, route, session }: SessionVisit, { stream, ids }: StreamPlace): string {
  const parts = stream === listenStream ? [ids] : [ids, stream.method, stream.idText];
  return server.keys.seal(encodeText(JSON.stringify(parts)), "event", `${route.route.key} ${session.digest}`);
}

/** `undefined` for what is no place in a stream of this session: then it is a new stream. */
export function readEventId({ server, route, session }: SessionVisit, id: string): StreamPlace | undefined {
  const opened = server.keys.open(id, "event", `${route.route.key} ${session.digest}`);
  if (opened === undefined || opened === "malformed") return undefined;
  const parts: unknown = JSON.parse(decodeText(opened));
  if (!Array.isArray(parts) || !isObject(parts[0])) return undefined;
  const ids = Object.fromEntries(Object.entries(parts[0]).map(([name, last]) => [name, String(last)]));
  const stream = parts.length < 3 ? listenStream : callStream(String(parts[1]), String(parts[2]));
  return { stream, ids };
}
