import type { At, Key } from "./origin.ts";

/** `regex` is RE2 and matches the whole value. */
export type TextMatch =
  | { readonly type: "exact" | "prefix" | "suffix" | "contains"; readonly value: string }
  | { readonly type: "regex"; readonly pattern: string };

/** `name` is lower-case. */
export interface NamedMatch {
  readonly name: string;
  readonly value: TextMatch;
  readonly isInverted?: boolean;
}

/** Names are lower-case. Applied in the order remove, set, add. */
export interface HeaderEdits {
  readonly remove: readonly string[];
  readonly set: readonly (readonly [string, string])[];
  readonly add: readonly (readonly [string, string])[];
}

/** Said by the gateway itself; `body` is literal, not a format. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export const noHeaderEdits: HeaderEdits = { remove: [], set: [], add: [] };

/** `json` is JSON text, checked at load. `path` has one member a level; a number in it is an array index, `-1` appends. */
export type BodyEdit =
  | { readonly op: "remove"; readonly path: readonly string[] }
  | { readonly op: "set"; readonly path: readonly string[]; readonly json: string };

export interface Cel {
  readonly source: string;
  readonly result: "bool" | "count";
}

/** A format string with its operators apart: `"[%START_TIME%]"` is `["[", {operator: "START_TIME", …}, "]"]`. */
export type Template = readonly (
  | string
  | { readonly operator: string; readonly arguments: readonly string[]; readonly maxLength?: number }
)[];

/**
 * Where a secret comes from. The bytes are in the `Secrets` store under `id`, never in the model.
 * `fingerprint`: HMAC under a key of this process, so that a changed secret is a changed model.
 */
export interface SecretRef {
  readonly id: Key;
  readonly from: "literal" | "environment" | "file";
  /** The variable's name, the file's path, or `Secret ns/name key`. */
  readonly name: string;
  readonly fingerprint: string;
  readonly at: At;
}

/** The bytes of secrets, beside the model. Implementations do not print. */
export interface Secrets {
  /** The current value, or `undefined` when its source cannot be read now. */
  value(ref: SecretRef): string | undefined;
}

/** A value of dynamic metadata, such as a cost that an AIGatewayRoute counts. */
export interface MetadataKey {
  readonly namespace: string;
  readonly key: string;
}
