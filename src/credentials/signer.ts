import type { Credential, CredentialWay } from "../model/credential.ts";
import type { HeaderView } from "../model/headers.ts";

/** What is about to be sent: the final path and body, and the client's headers after edits. */
export interface Unsigned {
  readonly method: string;
  readonly path: string;
  /** As the client sent them, before anything was stripped. */
  readonly headers: HeaderView;
  readonly body: Uint8Array;
  /** Name of the upstream where it is known; what SigV4 signs as Host. */
  readonly upstreamHost: string | undefined;
}

export interface Signature {
  readonly set: readonly (readonly [string, string])[];
  /** Where the way changes the path (Google's project and region). */
  readonly path?: string;
  /** The configured credential behind it, for `refused`; absent where the request brought its own. */
  readonly credential?: object;
}

/** Head of an answer by which an upstream may say that it does not accept a signature. */
export interface Refusal {
  readonly status: number;
  readonly headers: HeaderView;
}

/** Puts a credential on a request. Throws `ExchangeFailure`: `missing_credential` or `credential_unavailable`. */
export interface Signer {
  /** Headers of the client that must not travel on beside this credential, lower-case; for `isStripped`. */
  readonly strip: readonly string[];
  sign(request: Unsigned): Signature | Promise<Signature>;
  /**
   * Whether an answer refuses what `sign` gave, and signing anew may do better: with a credential fetched anew, or by a
   * clock put right. Absent where nothing could be better.
   */
  refused?(signature: Signature, answer: Refusal): boolean;
}

/** A credential of one type. */
export type Of<T extends CredentialWay["type"]> = Credential & {
  readonly way: Extract<CredentialWay, { readonly type: T }>;
};
