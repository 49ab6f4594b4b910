import type { JsonObject } from "../../dialects/wire/json.ts";

/** Who a client is, as far as its route's security policy has found out. */
export interface Caller {
  /**
   * What sessions are bound to: the same text for the same party on every request and replica, e.g. issuer and subject
   * of its token. `undefined` where the route asks nobody who they are.
   */
  readonly principal: string | undefined;
  /** The verified claims of its token, without scopes; empty without a token. */
  readonly claims: JsonObject;
  readonly scopes: readonly string[];
  /** What backends are told about it, lower-case; clients cannot send these headers themselves. */
  readonly headers: readonly (readonly [string, string])[];
}

/** One thing that a client wants from one backend, in the backend's own names. */
export interface Operation {
  /** JSON-RPC method, e.g. `tools/call`. */
  readonly method: string;
  readonly backend: string;
  /** What `name` is a name of; `undefined` for methods that name nothing. */
  readonly kind: "tool" | "prompt" | "resource" | undefined;
  readonly name: string;
  /** As the client sent them; `undefined` where a list is filtered and there are none. */
  readonly params: JsonObject | undefined;
}

/**
 * - `allow`.
 * - `hide`: denied, and nothing that the client could do would change that: as if it did not exist.
 * - `challenge`: denied until the client comes back with more scopes, which the value of `WWW-Authenticate` says.
 */
export type Decision = "allow" | "hide" | { readonly challenge: string };

/** Guards one route. Made when a model is prepared; everything costly happens then or in the background. */
export interface RouteAccess {
  /** Paths beside the route's own that it answers, without asking who wants them. */
  readonly documentPaths: readonly string[];
  document(path: string, request: Request): Promise<Response>;
  /** Who it is, or the answer (401 with its challenge) to whom that cannot be said. Synchronous where nothing is fetched. */
  authenticate(request: Request): Caller | Response | Promise<Caller | Response>;
  /** Whether a session of the caller may have this backend. */
  selects(backend: string, caller: Caller, request: Request): boolean;
  /** Whether `decide` can be anything but `allow`: lists need not ask for each item then. */
  readonly decides: boolean;
  decide(operation: Operation, caller: Caller, request: Request): Decision;
}

const anybody: Caller = { principal: undefined, claims: {}, scopes: [], headers: [] };

/** For routes without a security policy. */
export const openAccess: RouteAccess = {
  documentPaths: [],
  document: () => Promise.resolve(new Response(null, { status: 404 })),
  authenticate: () => anybody,
  selects: () => true,
  decides: false,
  decide: () => "allow",
};
