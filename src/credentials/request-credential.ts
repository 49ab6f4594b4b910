import type { CredentialOverride } from "../model/credential.ts";
import { ExchangeFailure } from "../model/failure.ts";
import type { HeaderView } from "../model/headers.ts";

/**
 * The token or key that came with the request, trimmed; `undefined` where the configured one is to be used.
 * Throws `missing_credential` where only the request's own will do.
 */
export function requestCredential(
  headers: HeaderView,
  override: CredentialOverride | undefined,
): string | undefined {
  if (override === undefined) return undefined;
  const own = trimmed(headers, override.header);
  if (own !== "") return own;
  if (override.hasFallback) return undefined;
  throw missing("missing upstream credential");
}

/** A header's value; "" where it is missing or blank. */
export function trimmed(headers: HeaderView, name: string): string {
  return headers.get(name)?.trim() ?? "";
}

/** What the client is told: it has to send something else. */
export function missing(message: string): ExchangeFailure {
  return new ExchangeFailure("missing_credential", message);
}
