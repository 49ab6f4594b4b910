import type { Key, Keyed, Part } from "./origin.ts";
import type { SecretRef, TextMatch } from "./values.ts";

/**
 * Who may come in: what one SecurityPolicy says, for all the rules that it protects.
 * Every member that is there must let a request pass, in the order `extAuth`, `apiKeys`, `basic`, `jwt`, `authorization`.
 */
export interface Access extends Keyed {
  readonly extAuth?: ExtAuth;
  readonly apiKeys?: ApiKeys;
  readonly basic?: BasicUsers;
  readonly jwt?: JwtPolicy;
  readonly authorization?: Authorization;
  readonly cors?: Cors;
}

/** Where in a request something is found. Header names are lower-case; `prefix` is what stands before a header's value. */
export type Place =
  | { readonly type: "header"; readonly name: string; readonly prefix?: string }
  | { readonly type: "query" | "cookie"; readonly name: string };

export interface ApiKeys extends Part {
  /** The name that a client has, and its key. */
  readonly clients: readonly { readonly id: string; readonly secret: SecretRef }[];
  /** The first place with a value counts. */
  readonly from: readonly Place[];
  /** Header that tells the backend the client's name. */
  readonly clientIdHeader?: string;
  /** The key is taken out of the request. */
  readonly isSanitized: boolean;
}

export interface BasicUsers extends Part {
  /** Text of an htpasswd file with `{SHA}` digests. */
  readonly users: SecretRef;
  readonly userHeader?: string;
}

/** One provider that accepts the token is enough. */
export interface JwtPolicy extends Part {
  readonly providers: readonly JwtProvider[];
  /** Requests without a token pass; those with a wrong one do not. */
  readonly isOptional: boolean;
  /** Requests with a wrong token pass as well, without its claims. */
  readonly isFailOpen: boolean;
}

export interface JwtProvider extends Part {
  readonly name: string;
  /** Absent: not checked. */
  readonly issuer?: string;
  /** A token that names no issuer passes, and a slash at the end of the name means nothing. */
  readonly isIssuerOptional?: boolean;
  /** Empty: not checked. */
  readonly audiences: readonly string[];
  readonly keys: JwtKeys;
  readonly from: readonly Place[];
  /** Headers that get the value of a claim, which is a dotted path. */
  readonly claimHeaders: readonly { readonly claim: string; readonly header: string }[];
}

/** `discover`: found through the issuer's metadata. `cacheMs`: how long a set counts as fresh. */
export type JwtKeys =
  | { readonly type: "inline"; readonly jwks: string }
  | { readonly type: "remote"; readonly uri: string; readonly cacheMs: number; readonly backend?: Key }
  | { readonly type: "discover"; readonly issuer: string; readonly cacheMs: number };

/** A service that is asked about each request, over HTTP. */
export interface ExtAuth extends Part {
  readonly backend: Key;
  /** Put before the request's path; where `isWholePath`, instead of it. */
  readonly path: string;
  readonly isWholePath: boolean;
  readonly timeoutMs: number;
  readonly isFailOpen: boolean;
  /** Answer where the service cannot be asked. */
  readonly failStatus: number;
  /** Headers of the client, lower-case, that the service gets beside the usual ones. */
  readonly requestHeaders: readonly string[];
  /** Headers of its answer that go on to the backend. */
  readonly answerHeaders: readonly string[];
}

/** The first rule that fits decides. */
export interface Authorization extends Part {
  readonly isAllowedByDefault: boolean;
  readonly rules: readonly AuthorizationRule[];
}

/** All members that are not empty must fit; of each one entry is enough, but for headers, claims and scopes: those all. */
export interface AuthorizationRule extends Part {
  readonly isAllow: boolean;
  readonly methods: readonly string[];
  readonly cidrs: readonly string[];
  readonly headers: readonly { readonly name: string; readonly values: readonly string[] }[];
  readonly jwt?: {
    readonly provider: string;
    readonly scopes: readonly string[];
    readonly claims: readonly ClaimMatch[];
  };
}

/** `isList`: the claim is a list, of which one element is enough. */
export interface ClaimMatch {
  readonly claim: string;
  readonly isList: boolean;
  readonly values: readonly string[];
}

export interface Cors extends Part {
  readonly origins: readonly TextMatch[];
  readonly methods: readonly string[];
  readonly requestHeaders: readonly string[];
  readonly exposedHeaders: readonly string[];
  readonly maxAgeSeconds?: number;
  readonly hasCredentials: boolean;
}

/** Who protects the AI endpoints of a host while the model, and with it the rule, is unknown. */
export interface AiEntry {
  /** Of all AI rules; where `isLate`, of the first that has one: for what is answered without a rule. */
  readonly access: Key;
  /** The rules differ: each one's own is asked when the rule is known, which is after the body was read. */
  readonly isLate: boolean;
}
