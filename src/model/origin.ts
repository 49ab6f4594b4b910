/** Index into `GatewayModel.origins`; 0 is the built-in default. */
export type At = number;
/** Key of a `Table`. */
export type Key = string;
export type Table<T> = { readonly [key: Key]: T };

export interface ResourceId {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Where a value was written. `line` and `column` count from 1 in the text as the operator wrote it. */
export interface Origin {
  readonly resource: ResourceId;
  /** Path of the field in the resource, e.g. `spec.rules[0].backendRefs[1]`. */
  readonly path: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Position of the document in its file, from 1. */
  readonly document: number;
  /** Environment variable that the text came from, if it did. */
  readonly variable?: string;
}

/** What a part of the model remembers of its source. `why`: fields whose value came from elsewhere. */
export interface Part {
  readonly at: At;
  readonly why?: { readonly [field: string]: At };
}

/**
 * A part that owns state at run time (health, tokens, connections).
 * `print` is a hash of its content and identity without positions: the same print after a reload keeps its state.
 */
export interface Keyed extends Part {
  readonly key: Key;
  readonly print: string;
}

/** `AIServiceBackend default/openai`; cluster-wide kinds have no namespace. */
export function resourceName(id: ResourceId): string {
  return id.namespace === "" ? `${id.kind} ${id.name}` : `${id.kind} ${id.namespace}/${id.name}`;
}
