import type { PathMatch } from "../../model/route.ts";
import type { Path } from "../diagnostics.ts";
import type { Resource } from "../resource.ts";
import type { HttpMatch } from "../resources/gateway-api/http-route.ts";
import type { Context } from "./context.ts";
import type { HttpChanges } from "./http-changes.ts";
import { checkRegex, compileValueMatch } from "./regex.ts";
import { ruleKey } from "./routes.ts";
import type { MatchDraft } from "./rules.ts";

type Route = Resource<"HTTPRoute">;

/** A rule's matches; where a filter of it asks for cookies, each with those. */
export function compileHttpMatches(
  context: Context,
  route: Route,
  rule: number,
  matches: readonly HttpMatch[],
  { cookies }: Pick<HttpChanges, "cookies">,
): MatchDraft[] {
  return matches.map((match, index) => {
    const path = ["spec", "rules", rule, "matches", index];
    const named = (member: "headers" | "queryParams") =>
      match[member].map((one, position) => ({
        name: member === "headers" ? one.name.toLowerCase() : one.name,
        value: compileValueMatch(context, route, [...path, member, position], one),
      }));
    const query = named("queryParams");
    return {
      at: context.origins.at(route, path),
      rule: ruleKey(route, rule),
      path: compilePath(context, route, [...path, "path"], match.path),
      ...(match.method === undefined ? {} : { method: match.method }),
      headers: named("headers"),
      model: [],
      ...(query.length === 0 ? {} : { query }),
      ...(cookies.length === 0 ? {} : { cookies }),
    };
  });
}

function compilePath(
  context: Context,
  route: Route,
  path: Path,
  { type, value }: HttpMatch["path"],
): PathMatch {
  if (type === "Exact") return { type: "exact", value };
  if (type === "PathPrefix") return { type: "prefix", value: value.replace(/\/+$/, "") || "/" };
  checkRegex(context, route, [...path, "value"], value);
  return { type: "regex", pattern: value };
}
