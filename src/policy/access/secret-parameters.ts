import type { Access } from "../../model/access.ts";
import type { Table } from "../../model/origin.ts";

/**
 * RE2 and JavaScript: a parameter of a path's query that carries a credential, with its name as the first group.
 * `undefined` where no policy looks into queries.
 */
export function secretParameters(access: Table<Access>): string | undefined {
  const places = Object.values(access).flatMap(({ apiKeys, jwt }) => [
    ...(apiKeys?.from ?? []),
    ...(jwt?.providers.flatMap(({ from }) => from) ?? []),
  ]);
  const names = new Set(places.flatMap(({ type, name }) => (type === "query" ? [name] : [])));
  if (names.size === 0) return undefined;
  const literals = [...names].map((name) =>
    name.replace(/[^\w]/g, (sign) => `\\x{${sign.charCodeAt(0).toString(16)}}`),
  );
  return `([?&](?:${literals.join("|")})=)[^&]*`;
}

/** Makes what logs may show of a path and its query. */
export function prepareLogPath(access: Table<Access>): (path: string) => string {
  const pattern = secretParameters(access);
  if (pattern === undefined) return (path) => path;
  const parameters = new RegExp(pattern.replaceAll("\\x{", "\\u{"), "gu");
  return (path) => (path.includes("?") ? path.replace(parameters, "$1[REDACTED]") : path);
}
