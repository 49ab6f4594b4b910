import type { ClaimMatch } from "../../model/access.ts";
import type { Claims } from "./admission.ts";

/** A claim by its name or its dotted path; a name that has dots itself, as URLs do, is found as it is. */
export function readClaim(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const step of path.split(".")) {
    if (!isClaims(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

function isClaims(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function fitsClaim(claims: Claims, { claim, isList, values }: ClaimMatch): boolean {
  const value = readClaim(claims, claim);
  if (typeof value === "string") return values.includes(value);
  return (
    isList && Array.isArray(value) && value.some((item) => typeof item === "string" && values.includes(item))
  );
}

/** What `scope` and `scp` grant, each a list or a text with blanks between. */
export function readScopes(claims: Claims): ReadonlySet<string> {
  const scopes = new Set<string>();
  for (const value of [claims["scope"], claims["scp"]]) {
    const words = typeof value === "string" ? value.split(" ") : Array.isArray(value) ? value : [];
    for (const word of words) if (typeof word === "string" && word !== "") scopes.add(word);
  }
  return scopes;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header value must not have.
const unsendable = /[\u0000-\u001f\u007f]|[^\u0000-\u00ff]/;

/** A claim as the value of a header: text, numbers and truth values as they are, all else as base64 of its JSON. */
export function writeClaim(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return unsendable.test(value) ? undefined : value;
  if (typeof value !== "object") return String(value);
  return Buffer.from(JSON.stringify(value)).toString("base64");
}
