import type { NamePattern, NameSelector } from "../../model/mcp.ts";
import { compileRegex } from "../../policy/regex.ts";

/** Whether a bare name is shown. Throws for a pattern that is not RE2, which compiling a model has ruled out. */
export function compileSelector(selector: NameSelector | undefined): (name: string) => boolean {
  if (selector === undefined) return () => true;
  const include = selector.include === undefined ? () => true : anyOf(selector.include);
  const exclude = anyOf(selector.exclude);
  return (name) => !exclude(name) && include(name);
}

function anyOf(patterns: readonly NamePattern[]): (name: string) => boolean {
  const exact = new Set(patterns.flatMap((pattern) => (pattern.type === "exact" ? [pattern.value] : [])));
  const searches = patterns.flatMap((pattern) =>
    pattern.type === "search" ? [compileRegex(pattern.pattern)] : [],
  );
  return (name) => exact.has(name) || searches.some((regex) => regex.find(name));
}
