import type { TextMatch } from "../model/values.ts";
import { compileRegex } from "./regex.ts";

/**
 * Makes a test of the whole value. Regular expressions are RE2: linear time, `.` is not a line break.
 *
 * Throws with RE2's message for a pattern that is none. The RE2 library is loaded by the first pattern that needs it:
 * what routes mostly say (`.*`, `claude.*`, `gpt-4o|gpt-4o-mini`) is compared as text.
 */
export function compileTextMatch(match: TextMatch): (value: string) => boolean {
  switch (match.type) {
    case "exact":
      return (value) => value === match.value;
    case "prefix":
      return (value) => value.startsWith(match.value);
    case "suffix":
      return (value) => value.endsWith(match.value);
    case "contains":
      return (value) => value.includes(match.value);
    case "regex":
      return compileGlob(match.pattern) ?? compileRegex(match.pattern).testWhole;
  }
}

/**
 * Patterns made of nothing but literal text, `.*` and `|`, which need no engine: literals between `.*` are looked for
 * from left to right, so the time is that of `indexOf`. `undefined` for every other pattern.
 */
function compileGlob(pattern: string): ((value: string) => boolean) | undefined {
  const alternatives: ((value: string) => boolean)[] = [];
  for (const alternative of pattern.split("|")) {
    const literals = readLiterals(alternative);
    if (literals === undefined) return undefined;
    alternatives.push(globTest(literals));
  }
  const [only] = alternatives;
  if (alternatives.length === 1) return only;
  return (value) => alternatives.some((fits) => fits(value));
}

/** The literals around each `.*`; `["claude", ""]` for `claude.*`. Anchors at the ends mean nothing to a whole match. */
function readLiterals(alternative: string): string[] | undefined {
  const body = alternative.replace(/^\^/, "").replace(/\$$/, "");
  const literals = body.split(".*");
  // An escaped dot before a star ends a literal in a backslash, which is then not literal text.
  if (literals.some((literal) => !/^(?:[\w\-/:@ ,;=&%#!~<>'"`]|\\[.\-/+])*$/.test(literal))) return undefined;
  return literals.map((literal) => literal.replace(/\\(.)/g, "$1"));
}

function globTest(literals: readonly string[]): (value: string) => boolean {
  const first = literals[0] ?? "";
  const last = literals.at(-1) ?? "";
  if (literals.length === 1) return (value) => value === first;
  const middle = literals.slice(1, -1).filter((literal) => literal !== "");
  return (value) => {
    if (!value.startsWith(first) || !value.endsWith(last) || value.includes("\n")) return false;
    let from = first.length;
    for (const literal of middle) {
      const at = value.indexOf(literal, from);
      if (at < 0) return false;
      from = at + literal.length;
    }
    return from + last.length <= value.length;
  };
}
