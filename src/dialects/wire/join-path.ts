/** Joins parts of a path with single slashes, whatever slashes they come with: one in front, none at the end. */
export function joinPath(...parts: readonly string[]): string {
  return `/${parts
    .flatMap((part) => part.split("/"))
    .filter((segment) => segment !== "")
    .join("/")}`;
}
