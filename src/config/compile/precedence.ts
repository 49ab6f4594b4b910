import type { PathMatch, RouteMatch } from "../../model/route.ts";

const pathRank = { exact: 0, regex: 1, prefix: 2 } as const;

/**
 * Which of two matches of one host is tried first: negative for `a`. Equal ones keep the order of their routes.
 *
 * Order: kind of path, longer path, more headers, more exact headers. The model counts as a header.
 */
export function comparePrecedence(a: RouteMatch, b: RouteMatch): number {
  return (
    pathRank[a.path.type] - pathRank[b.path.type] ||
    pathLength(b.path) - pathLength(a.path) ||
    headerCount(b) - headerCount(a) ||
    exactCount(b) - exactCount(a)
  );
}

/** A prefix of `/` takes everything and counts as nothing. */
function pathLength(path: PathMatch): number {
  const text = path.type === "regex" ? path.pattern : path.value;
  return path.type === "prefix" && text === "/" ? 0 : text.length;
}

function headerCount({ headers, model }: RouteMatch): number {
  return headers.length + model.length;
}

function exactCount({ headers, model }: RouteMatch): number {
  return [...headers.map(({ value }) => value), ...model].filter(({ type }) => type === "exact").length;
}
