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

/** `/` + prefix + `/` + rest, without doubled slashes. */
export function prefixedPath(prefix: string | undefined, rest: string): string {
  return `/${prefix ?? "v1"}/${rest}`.replace(/\/{2,}/g, "/");
}
