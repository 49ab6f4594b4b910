import { RpcError, rpcCodes } from "./rpc/errors.ts";

const allowedMethods = "GET, POST, DELETE, OPTIONS";
const requestHeaders =
  "Authorization, Content-Type, Mcp-Session-Id, Mcp-Protocol-Version, Mcp-Method, Mcp-Name, Last-Event-ID";
const responseHeaders = "Mcp-Session-Id, WWW-Authenticate";

/**
 * Refuses pages that a browser has brought to this machine under a name that is not its own (DNS rebinding), and pages
 * of origins that nobody has allowed. Throws `RpcError`.
 *
 * A page of this machine may call a gateway of this machine; other origins are listed. Clients that are no browsers
 * send no `Origin`. `isLocal`: the listener cannot be reached from elsewhere, so a foreign `Host` is a trick.
 */
export function checkOrigin(headers: Headers, allowedOrigins: readonly string[], isLocal: boolean): void {
  const host = headers.get("host") ?? "";
  if (isLocal && !isLocalHost(hostOf(host))) throw refuse(`Host ${JSON.stringify(host)} is not this machine`);
  const origin = headers.get("origin");
  if (origin === null || allowedOrigins.includes("*") || allowedOrigins.includes(origin)) return;
  const isOwn = URL.canParse(origin) && isLocalHost(new URL(origin).hostname) && isLocalHost(hostOf(host));
  if (!isOwn) throw refuse(`Origin ${JSON.stringify(origin)} is not allowed`);
}

function refuse(message: string): RpcError {
  return new RpcError(rpcCodes.refused, message, { status: 403 });
}

/** Without the port; brackets of an IPv6 address stay. */
function hostOf(host: string): string {
  const end = host.startsWith("[") ? host.indexOf("]") + 1 : host.indexOf(":");
  return (end > 0 ? host.slice(0, end) : host).toLowerCase();
}

function isLocalHost(host: string): boolean {
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "[::1]" ||
    /^127(?:\.\d{1,3}){3}$/.test(host)
  );
}

/** Answers a browser's question whether it may call. `checkOrigin` has let its origin in. */
export function preflight(request: Request): Response {
  if (request.headers.get("origin") === null) return notAllowed();
  return new Response(null, {
    status: 204,
    headers: {
      ...corsHeaders(request),
      "access-control-allow-methods": allowedMethods,
      "access-control-allow-headers": requestHeaders,
      "access-control-max-age": "600",
    },
  });
}

/** For answers to a page that may read them. */
export function corsHeaders(request: Request): Record<string, string> {
  const origin = request.headers.get("origin");
  if (origin === null) return {};
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": responseHeaders,
    vary: "Origin",
  };
}

export function notAllowed(): Response {
  return new Response("method not allowed\n", { status: 405, headers: { allow: allowedMethods } });
}

/** Whether an `Accept` header takes this media type; an absent one takes all. */
export function accepts(accept: string | null, type: string): boolean {
  if (accept === null) return true;
  const [group] = type.split("/");
  return accept.split(",").some((part) => {
    const [range = ""] = part.split(";");
    const wanted = range.trim().toLowerCase();
    return wanted === type || wanted === "*/*" || wanted === `${group}/*`;
  });
}

export function isJson(contentType: string | null): boolean {
  return contentType?.split(";")[0]?.trim().toLowerCase() === "application/json";
}
