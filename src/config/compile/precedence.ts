import type { PathMatch, RouteMatch } from "../../model/route.ts";
import type { NamedMatch } from "../../model/values.ts";

const pathRank = { exact: 0, regex: 1, prefix: 2 } as const;

/**
 * Which of two matches of one host is tried first: negative for `a`. Equal ones keep the order of their routes.
 *
 * Order: kind of path, longer path, more headers, more exact headers, then the same for cookies and for parameters.
 * Method and model count as headers.
 */
export function comparePrecedence(a: RouteMatch, b: RouteMatch): number {
  return (
    pathRank[a.path.type] - pathRank[b.path.type] ||
    pathLength(b.path) - pathLength(a.path) ||
    headerCount(b) - headerCount(a) ||
    exactHeaders(b) - exactHeaders(a) ||
    countOf(b.cookies) - countOf(a.cookies) ||
    exactCount(b.cookies) - exactCount(a.cookies) ||
    countOf(b.query) - countOf(a.query) ||
    exactCount(b.query) - exactCount(a.query)
  );
}

/** A prefix of `/` takes everything and counts as nothing. */
function pathLength(path: PathMatch): number {
  const text = path.type === "regex" ? path.pattern : path.value;
  return path.type === "prefix" && text === "/" ? 0 : text.length;
}

function headerCount({ method, headers, model }: RouteMatch): number {
  return headers.length + model.length + (method === undefined ? 0 : 1);
}

function exactHeaders({ method, headers, model }: RouteMatch): number {
  const models = model.filter(({ type }) => type === "exact").length;
  return exactCount(headers) + models + (method === undefined ? 0 : 1);
}

function countOf(matches: readonly NamedMatch[] = []): number {
  return matches.length;
}

function exactCount(matches: readonly NamedMatch[] = []): number {
  return matches.filter(({ value }) => value.type === "exact").length;
}
