import type { Key, Keyed, Part } from "./origin.ts";
import type { Cel, NamedMatch, SecretRef, TextMatch } from "./values.ts";

/** Where an MCP route is entered on a virtual host. These come before all other matches of the host. */
export interface McpMount extends Part {
  /** What logs call it, `httproute/ns/ai-eg-mcp-main-NAME/rule/0/match/0/HOST`. */
  readonly name: string;
  /** Key of `GatewayModel.mcpRoutes`. */
  readonly route: Key;
  /** Key of `GatewayModel.access`: who may come in, before the route's own `security` is asked. Absent: everybody. */
  readonly access?: Key;
  /** All of these must fit; the path is that of the route, and matches exactly. */
  readonly headers: readonly NamedMatch[];
}

/** One MCP endpoint: a path, and the servers that are one behind it. `key` is `namespace/name` of the MCPRoute. */
export interface McpRoute extends Keyed {
  readonly path: string;
  /** In the order in which merged lists have them; names are unique. */
  readonly backends: readonly McpBackend[];
  readonly prefixMode: McpPrefixMode;
  /** `open`: servers that fail are left out and reported; `closed`: one that fails makes the whole fail. */
  readonly failureMode: "open" | "closed";
  /** Which backends a session gets, asked once for each; absent: all. Rules have only `cel`. */
  readonly backendSelector?: McpPolicy;
  readonly security: McpSecurity;
  /** Origins that browsers may call from, beside this machine's own. `*` is any. */
  readonly allowedOrigins: readonly string[];
  readonly limits: McpLimits;
}

/**
 * How tools and prompts are named towards clients, and resources with them.
 *
 * - `always`: `backend__name`, `backend+uri`.
 * - `conditional`: the same, but with one backend everything passes under its own name.
 * - `never`: bare names; of two that are the same the earlier backend's wins.
 */
export type McpPrefixMode = "always" | "conditional" | "never";

export interface McpBackend extends Part {
  /** As operators call it: in logs, metrics and policies. */
  readonly name: string;
  /** What clients see before names, if it is not the backend's own. */
  readonly alias?: string;
  readonly transport: McpHttpTransport | McpStdioTransport;
  /** `auto`: the server is asked which era it speaks. */
  readonly protocol: "auto" | "legacy" | "modern";
  readonly tools?: NameSelector;
  readonly prompts?: NameSelector;
  readonly resources?: NameSelector;
  /** Headers of the client's request that go along, lower-case, under their own or another name. */
  readonly forwardHeaders: readonly { readonly from: string; readonly to: string }[];
}

/** Streamable HTTP. What is in `headers` and `credential` overwrites forwarded headers. */
export interface McpHttpTransport {
  readonly type: "http";
  /** Key of `GatewayModel.backends`. */
  readonly backend: Key;
  /** Replaces the client's path; begins with a slash and has no query. */
  readonly path: string;
  /** Instead of `path`, where keys are in it. */
  readonly secretPath?: SecretRef;
  /** The query of the server's URL, without the question mark; keys are often in it. */
  readonly query?: SecretRef;
  /** Names are lower-case. */
  readonly headers: readonly (readonly [string, SecretRef])[];
  readonly credential?: McpCredential;
}

/** A key, as the value of a header (after `scheme` and a space if there is one) or of a parameter of the query. */
export type McpCredential =
  | {
      readonly type: "header";
      /** Lower-case. */
      readonly name: string;
      readonly scheme: "" | "Bearer";
      readonly secret: SecretRef;
    }
  | { readonly type: "query"; readonly name: string; readonly secret: SecretRef };

/** A child process that speaks over its standard input and output. Substituted values may be secrets. */
export interface McpStdioTransport {
  readonly type: "stdio";
  readonly command: string;
  readonly arguments: readonly (string | SecretRef)[];
  /** Over the inherited environment, or over the few variables that every program needs. */
  readonly environment: readonly (readonly [string, string | SecretRef])[];
  readonly inheritsEnvironment: boolean;
  readonly workingDirectory?: string;
  /** One child for all sessions, or one for each. */
  readonly mode: "shared" | "per-session";
  /** A server that does not start ends the program. */
  readonly isFailFast: boolean;
}

/** Which of a backend's own (bare) names are shown. What `exclude` has is hidden, whatever `include` says. */
export interface NameSelector extends Part {
  /** Absent: all. Patterns are RE2 and match anywhere in the name. */
  readonly include?: readonly NamePattern[];
  readonly exclude: readonly NamePattern[];
}

export type NamePattern =
  | { readonly type: "exact"; readonly value: string }
  | { readonly type: "search"; readonly pattern: string };

/** What clients must show, and what they may then do. Absent members ask for nothing. */
export interface McpSecurity {
  readonly oauth?: McpOauth;
  readonly apiKeys?: McpApiKeys;
  readonly authorization?: McpPolicy;
}

/** Access tokens of an authorization server; all fields as OAuth 2.1 and RFC 9728 mean them. */
export interface McpOauth extends Part {
  readonly issuer: string;
  /** A token must be for one of these; empty: for `resource`. */
  readonly audiences: readonly string[];
  readonly isAudienceChecked: boolean;
  readonly isExpiryRequired: boolean;
  readonly keys: JwtKeys;
  /** Lower-case headers that are set from claims, for all backends; a claim is a path of member names. */
  readonly claimHeaders: readonly { readonly claim: readonly string[]; readonly header: string }[];
  /** What the protected resource metadata document says. */
  readonly resource: string;
  readonly resourceName?: string;
  readonly scopesSupported: readonly string[];
  readonly signingAlgorithms: readonly string[];
  readonly documentation?: string;
  readonly policyUri?: string;
}

/** `discover`: where the issuer's metadata says. `backend`: a key of `GatewayModel.backends`, for how to get there. */
export type JwtKeys =
  | { readonly type: "inline"; readonly jwks: string }
  | { readonly type: "remote"; readonly uri: string; readonly cacheMs: number; readonly backend?: Key }
  | { readonly type: "discover" };

export interface McpApiKeys extends Part {
  readonly clients: readonly { readonly id: string; readonly secret: SecretRef }[];
  /** Looked at in this order. Names of headers are lower-case. */
  readonly from: readonly { readonly type: "header" | "query" | "cookie"; readonly name: string }[];
  /** Lower-case header that tells backends the client's id. */
  readonly clientIdHeader?: string;
  /** Whether the key is taken off what backends get. */
  readonly isRemoved: boolean;
}

/** Rules in order; the first that matches decides. */
export interface McpPolicy extends Part {
  readonly isAllowedByDefault: boolean;
  /** Whether prompts, resources and whatever else are under the policy too, or tools alone. */
  readonly coversAll: boolean;
  readonly rules: readonly McpRule[];
}

/** Matches when all that is present matches; an empty list asks for nothing. Names are the backend's own. */
export interface McpRule extends Part {
  readonly isAllow: boolean;
  readonly cel?: Cel;
  /** Any one of these. */
  readonly targets: readonly McpTarget[];
  readonly claims: readonly McpClaim[];
  /** All of these. */
  readonly scopes: readonly string[];
}

export interface McpTarget {
  readonly kind: "tool" | "prompt" | "resource";
  readonly backend: string;
  readonly name: TextMatch;
}

/** `string` is equal to a value, `list` is one of them or holds one; `any` compares numbers and booleans as text. */
export interface McpClaim {
  readonly path: readonly string[];
  readonly type: "string" | "list" | "any";
  readonly values: readonly string[];
}

/** Milliseconds and bytes; 0 is "no limit". */
export interface McpLimits {
  readonly maxRequestBytes: number;
  /** Of one answer that is held in memory. */
  readonly maxResponseBytes: number;
  readonly maxEventBytes: number;
  readonly initializeMs: number;
  readonly listMs: number;
  /** Silence of a server during a call, and a call as a whole. */
  readonly callIdleMs: number;
  readonly callMs: number;
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  /** How long a list that a server gave may be used again. */
  readonly listCacheMs: number;
  /** Items in one answer to a list request; the rest is on further pages. */
  readonly pageSize: number;
}

export const defaultMcpLimits: McpLimits = {
  maxRequestBytes: 4 * 1024 * 1024,
  maxResponseBytes: 32 * 1024 * 1024,
  maxEventBytes: 16 * 1024 * 1024,
  initializeMs: 10_000,
  listMs: 30_000,
  callIdleMs: 5 * 60_000,
  callMs: 30 * 60_000,
  sessionMs: 24 * 60 * 60_000,
  heartbeatMs: 15_000,
  listCacheMs: 0,
  pageSize: 0,
};
