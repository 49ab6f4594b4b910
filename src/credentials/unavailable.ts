import { ExchangeFailure } from "../model/failure.ts";
import type { SecretRef, Secrets } from "../model/values.ts";
import { reasonOf } from "./fresh.ts";

/** `reason` is for the log: clients are not told where secrets are kept. */
export function unavailable(reason: string): ExchangeFailure {
  const message = "the credential for the upstream is not available";
  return new ExchangeFailure("credential_unavailable", message, { cause: new Error(reason) });
}

/** For a promise of a credential: its failure as a request is told. */
export function asUnavailable(error: unknown): never {
  throw error instanceof ExchangeFailure ? error : unavailable(reasonOf(error));
}

/** A secret's value, trimmed. Throws `credential_unavailable` where there is none. */
export function secretValue(secrets: Secrets, secret: SecretRef): string {
  return checked(secrets.value(secret)?.trim(), secret);
}

/** The value as it is now; what is returned keeps that text alone alive, not the store of a load that may be gone. */
export function holdSecret(secrets: Secrets, secret: SecretRef): () => string {
  const value = secrets.value(secret)?.trim();
  return () => checked(value, secret);
}

function checked(value: string | undefined, secret: SecretRef): string {
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
