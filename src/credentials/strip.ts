/**
 * Headers by which clients show who they are, to this gateway or to a provider: none of them travels on beside a
 * configured credential. A `*` at the end stands for any ending.
 */
export const credentialHeaders: readonly string[] = [
  "authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "cookie",
  "proxy-authorization",
  "x-amz-*",
];

/** Whether a header is among those of `Signer.strip`. `name` is lower-case. */
export function isStripped(strip: readonly string[], name: string): boolean {
  return strip.some((entry) => (entry.endsWith("*") ? name.startsWith(entry.slice(0, -1)) : name === entry));
}
