import type { TextMatch } from "../../model/values.ts";
import { compileTextMatch } from "../../policy/text-match.ts";
import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import type { Context } from "./context.ts";

type MatchType = "Exact" | "RegularExpression";

/** What a header, a parameter or a cookie must be. Complains about patterns that are none. */
export function compileValueMatch(
  context: Context,
  resource: Resource,
  path: Path,
  { type, value }: { readonly type: MatchType; readonly value: string },
): TextMatch {
  if (type === "Exact") return { type: "exact", value };
  checkRegex(context, resource, [...path, "value"], value);
  return { type: "regex", pattern: value };
}

/** Throws nothing; a pattern that RE2 does not know is an error of the configuration. */
export function checkRegex({ report }: Context, resource: Resource, path: Path, pattern: string): void {
  try {
    compileTextMatch({ type: "regex", pattern });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.error(originOf(resource, path), "invalid-regex", `invalid regular expression: ${reason}`);
  }
}
