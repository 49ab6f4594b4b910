import { ExchangeFailure } from "../model/failure.ts";
import type { SecretRef, Secrets } from "../model/values.ts";

/** `reason` is for the log: clients are not told where secrets are kept. */
export function unavailable(reason: string): ExchangeFailure {
  const message = "the credential for the upstream is not available";
  return new ExchangeFailure("credential_unavailable", message, { cause: new Error(reason) });
}

/** A secret's value, trimmed. Throws `credential_unavailable` where there is none. */
export function secretValue(secrets: Secrets, secret: SecretRef): string {
  const value = secrets.value(secret)?.trim();
  if (value === undefined) throw unavailable(`${sourceOf(secret)} cannot be read`);
  if (value === "") throw unavailable(`${sourceOf(secret)} is empty`);
  return value;
}

/** How a person finds the secret. */
export function sourceOf({ from, name }: SecretRef): string {
  switch (from) {
    case "environment":
      return `environment variable ${name}`;
    case "file":
      return `file ${name}`;
    case "literal":
      return name;
  }
}
