import { isSecretHeader } from "../../policy/secret-headers.ts";
import type { RequestRecord } from "../request-record.ts";
import type { Resolve } from "./metadata.ts";

const redacted = "[REDACTED]";

/** Headers as Envoy's log would see them: those that it rewrites or adds, where the client's own say something else. */
const requestHeaders: { readonly [name: string]: Resolve } = {
  ":method": ({ method }) => method,
  /** As it went to the upstream. */
  ":path": ({ path, upstreamPath }) => upstreamPath ?? path,
  ":authority": ({ authority }) => authority,
  host: ({ authority }) => authority,
  "x-envoy-original-path": ({ path }) => path,
  "x-request-id": ({ requestId }) => requestId,
  "x-ai-eg-model": ({ model }) => model,
  "x-forwarded-for": forwardedFor,
};

const responseHeaders: { readonly [name: string]: Resolve } = {
  ":status": ({ status }) => String(status),
  "x-request-id": ({ requestId }) => requestId,
  /** Text, as a header's value is. */
  "x-envoy-upstream-service-time": ({ upstreamServiceMs }) =>
    upstreamServiceMs === undefined ? undefined : String(Math.trunc(upstreamServiceMs)),
};

/** `name` is lower-case. Credentials are never shown, only that there was one. */
export function resolveRequestHeader(name: string): Resolve {
  const own = Object.hasOwn(requestHeaders, name) ? requestHeaders[name] : undefined;
  if (own !== undefined) return own;
  // Names of the gateway's own: a client's word for them counts nowhere.
  if (name.startsWith(":") || name.startsWith("x-ai-eg-")) return () => undefined;
  if (isSecretHeader(name)) return (record) => (record.requestHeaders.has(name) ? redacted : undefined);
  return (record) => record.requestHeaders.get(name) ?? undefined;
}

export function resolveResponseHeader(name: string): Resolve {
  const own = Object.hasOwn(responseHeaders, name) ? responseHeaders[name] : undefined;
  if (own !== undefined) return own;
  if (name.startsWith(":")) return () => undefined;
  if (isSecretHeader(name)) return (record) => (record.responseHeaders?.has(name) ? redacted : undefined);
  return (record) => record.responseHeaders?.get(name) ?? undefined;
}

/** The client's own list with its address behind it. */
function forwardedFor(record: RequestRecord): string | undefined {
  const address = record.remoteAddress();
  const list = record.requestHeaders.get("x-forwarded-for");
  if (address === undefined) return list ?? undefined;
  const peer = withoutPort(address);
  return list === null ? peer : `${list}, ${peer}`;
}

/** `1.2.3.4:5` and `[::1]:5` lose their port; an address that has none stays as it is. */
export function withoutPort(address: string): string {
  if (address.startsWith("[")) return address.slice(1, address.indexOf("]"));
  const colon = address.indexOf(":");
  return colon < 0 || colon !== address.lastIndexOf(":") ? address : address.slice(0, colon);
}
