import type { PreparedBackend } from "../prepare.ts";
import type { Visit } from "../server.ts";

/**
 * What a backend gets to see of a client's request: what the security policy found out, then the headers that the
 * backend is to have. Taken from each request anew and never kept.
 */
export function forwardedHeaders(
  { request, caller, route }: Pick<Visit, "request" | "caller" | "route">,
  { backend }: PreparedBackend,
): readonly (readonly [string, string])[] {
  if (backend.forwardHeaders.length === 0) return caller.headers;
  const forwarded: (readonly [string, string])[] = [...caller.headers];
  for (const { from, to } of backend.forwardHeaders) {
    const known = caller.headers.find(([name]) => name === from)?.[1];
    const value = known ?? (route.ownHeaders.has(from) ? null : request.headers.get(from));
    if (value !== null) forwarded.push([to, value]);
  }
  return forwarded;
}
