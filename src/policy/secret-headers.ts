const names = new Set([
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "x-amz-security-token",
  "cookie",
  "set-cookie",
]);

/** Whether a header carries a credential, and so must never reach a log, a label or a span. `name` is lower-case. */
export function isSecretHeader(name: string): boolean {
  return (
    names.has(name) ||
    // Credentials that come with a request, by the names that credential overrides use.
    name.startsWith("x-aigw-") ||
    /-(?:access-key-id|secret-access-key|session-token)$/.test(name)
  );
}
