import type { PathMatch, RouteMatch } from "../../../model/route.ts";
import type { NamedMatch, TextMatch } from "../../../model/values.ts";
import type { JsonObject } from "./proto.ts";

function writePathMatch(path: PathMatch): JsonObject {
  if (path.type === "exact") return { path: path.value };
  if (path.type === "regex") return { safe_regex: { regex: path.pattern } };
  const prefix = path.value.replace(/\/+$/, "");
  return prefix === "" ? { prefix: "/" } : { path_separated_prefix: prefix };
}

export interface MatchFacts extends JsonObject {
  readonly headers: readonly JsonObject[];
}

/** All of a match but the model. */
export function writeMatchFacts({ path, method, headers, query = [], cookies = [] }: RouteMatch): MatchFacts {
  const ofMethod = method === undefined ? [] : [{ name: ":method", string_match: { exact: method } }];
  return {
    ...writePathMatch(path),
    headers: [...ofMethod, ...headers.map(writeHeaderMatch)],
    ...(query.length === 0 ? {} : { query_parameters: query.map(writeNamedMatch) }),
    ...(cookies.length === 0 ? {} : { cookies: cookies.map(writeNamedMatch) }),
  };
}

function writeNamedMatch({ name, value }: NamedMatch): JsonObject {
  return { name, string_match: writeTextMatch(value) };
}

function writeHeaderMatch({ name, value, isInverted = false }: NamedMatch): JsonObject {
  return {
    name,
    string_match: writeTextMatch(value),
    ...(isInverted ? { invert_match: true } : {}),
  };
}

/** Envoy refuses beginnings, ends and parts without a character; every value has those. */
export function writeTextMatch(match: TextMatch): JsonObject {
  if (match.type === "regex") return { safe_regex: { regex: match.pattern } };
  if (match.value === "" && match.type !== "exact") return { safe_regex: { regex: "(?s).*" } };
  return { [match.type]: match.value };
}
