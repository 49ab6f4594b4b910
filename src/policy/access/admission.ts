import type { HeaderView } from "../../model/headers.ts";

/** What is asked about one request. */
export interface AccessRequest {
  readonly method: string;
  /** Path and query as the client sent them. */
  readonly target: string;
  readonly headers: HeaderView;
  /** IP address of the client; `undefined` where it cannot be known. */
  clientAddress(): string | undefined;
}

export type Claims = { readonly [name: string]: unknown };

/** Who a client has shown to be. */
export interface Identity {
  /** Claims of tokens that were verified, by the name of the provider. */
  readonly claims: ReadonlyMap<string, Claims>;
  /** The client's name by its API key, or its user name. */
  readonly name?: string;
}

export const nobody: Identity = { claims: new Map() };

/** A header to set, or to take away where the value is absent; names are lower-case. */
export type HeaderChange = readonly [name: string, value: string | undefined];

/** `target`: the request's path and query from here on, where a credential was taken out of the query. */
export interface Admitted {
  readonly type: "admitted";
  readonly identity: Identity;
  readonly changes: readonly HeaderChange[];
  readonly target?: string;
}

/** `reason` is for the log; `message` is for the client, and names no secret and no configuration. */
export interface Refused {
  readonly type: "refused";
  readonly code: "unauthenticated" | "forbidden" | "access_unavailable";
  readonly status: number;
  readonly message: string;
  readonly reason: string;
  readonly headers: readonly (readonly [string, string])[];
  /** What the authorization service says instead of `message`; its headers are in `headers`. */
  readonly body?: string;
}

export type Admission = Admitted | Refused;

/** The realm of challenges. */
const realm = 'realm="aigw"';

export function unauthenticated(message: string, reason: string, challenge: string): Refused {
  const headers = [["www-authenticate", challenge]] as const;
  return { type: "refused", code: "unauthenticated", status: 401, message, reason, headers };
}

export function forbidden(message: string, reason: string): Refused {
  return { type: "refused", code: "forbidden", status: 403, message, reason, headers: [] };
}

/** `Bearer realm="aigw", error="invalid_token"`. */
export function challenge(scheme: string, error?: string): string {
  return error === undefined ? `${scheme} ${realm}` : `${scheme} ${realm}, error="${error}"`;
}
