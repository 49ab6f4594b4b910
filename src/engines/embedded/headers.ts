import type { UpstreamMessage } from "../../exchange/exchange.ts";

/** About one connection only (RFC 9110 §7.6.1), or said anew for the next one. */
const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
const requestOnly = [...hopByHop, "host", "content-length", "expect", "x-envoy-original-path"];

/** A copy of the client's headers as an upstream may see them, with the edits of one attempt. */
export function upstreamHeaders(
  client: Headers,
  message: UpstreamMessage,
  requestId: string,
  hostHeader: string | undefined,
): Headers {
  const headers = new Headers(client);
  dropNamedByConnection(headers);
  for (const name of requestOnly) headers.delete(name);
  headers.set("x-request-id", requestId);
  for (const name of message.remove) headers.delete(name);
  for (const [name, value] of message.set) headers.set(name, value);
  if (hostHeader !== undefined) headers.set("host", hostHeader);
  return headers;
}

/** A copy of the upstream's headers as the client may see them. The server writes the length of what is really sent. */
export function clientHeaders(upstream: Headers): Headers {
  const headers = new Headers(upstream);
  dropNamedByConnection(headers);
  for (const name of hopByHop) headers.delete(name);
  headers.delete("content-length");
  return headers;
}

function dropNamedByConnection(headers: Headers): void {
  const connection = headers.get("connection");
  if (connection === null || connection === "keep-alive" || connection === "close") return;
  for (const name of connection.split(",")) {
    const trimmed = name.trim();
    if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(trimmed)) headers.delete(trimmed);
  }
}
