/** What tests of this room share. */
import type { Credential } from "../model/credential.ts";
import { ExchangeFailure } from "../model/failure.ts";
import type { SecretRef } from "../model/values.ts";
import type { Unsigned } from "./signer.ts";

export const secretRef: SecretRef = {
  id: "s",
  from: "environment",
  name: "PROVIDER_KEY",
  fingerprint: "",
  at: 0,
};

export function credential(way: Credential["way"], override?: Credential["override"]): Credential {
  return { key: "c", print: "", at: 0, way, ...(override === undefined ? {} : { override }) };
}

export function unsigned(
  headers: { readonly [name: string]: string } = {},
  members: Partial<Unsigned> = {},
): Unsigned {
  return {
    method: "POST",
    path: "/v1/chat/completions",
    headers: new Headers(headers),
    body: new Uint8Array(),
    upstreamHost: undefined,
    ...members,
  };
}

/** The failure that `action` ends with. */
export async function failureOf(action: () => unknown): Promise<ExchangeFailure> {
  try {
    await action();
  } catch (cause) {
    if (cause instanceof ExchangeFailure) return cause;
    throw cause;
  }
  throw new Error("it did not fail");
}
