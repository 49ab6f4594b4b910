import type { Schema } from "../../model/ai.ts";

/** What may stand in one segment of a path as it is; the rest is percent-encoded as UTF-8, as AWS signs it. */
const literal = /[^A-Za-z0-9\-_.~$&+=:@]/gu;

/** A model's name as one segment of a path, so that no name can lead elsewhere: `a/b` is `a%2Fb`. */
export function pathSegment(name: string): string {
  return name.replace(literal, (character) =>
    Array.from(
      new TextEncoder().encode(character),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join(""),
  );
}

/** Joins parts of a path with single slashes, whatever slashes they come with: one in front, none at the end. */
export function joinPath(...parts: readonly string[]): string {
  return `/${parts
    .flatMap((part) => part.split("/"))
    .filter((segment) => segment !== "")
    .join("/")}`;
}

/** A path below a schema's prefix, which takes the place of `v1`; joined once for each schema. */
export function belowPrefix(path: string): (target: { readonly schema: Schema }) => string {
  const joined = new WeakMap<Schema, string>();
  return ({ schema }) => {
    let whole = joined.get(schema);
    if (whole === undefined) {
      whole = joinPath(schema.prefix ?? "v1", path);
      joined.set(schema, whole);
    }
    return whole;
  };
}
