/** Host names as listeners and routes write them: `*`, `*.example.com` or a name. */

/** The narrower of two hosts if one covers the other. `*.a.b` covers any depth below `a.b` but not `a.b` itself. */
export function intersectHosts(a: string, b: string): string | undefined {
  if (a === b || covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}

function covers(wide: string, narrow: string): boolean {
  if (wide === "*") return true;
  return wide.startsWith("*.") && narrow.endsWith(wide.slice(1)) && narrow !== wide;
}
