import type { CelVariable } from "../../policy/cel.ts";
import type { Caller, Operation } from "./access.ts";

type Fields = ReadonlyMap<string, CelVariable>;

const fields = (members: { readonly [name: string]: CelVariable }): Fields =>
  new Map(Object.entries(members));

/** The variable `request` of conditions. */
export function describeRequest(
  { method, backend, kind, name, params }: Operation,
  { claims, scopes }: Caller,
  request: Request,
): CelVariable {
  const { host, pathname } = new URL(request.url);
  const headers = new Map<string, string>();
  const all = new Map<string, CelVariable>();
  request.headers.forEach((value, key) => {
    headers.set(key, value);
    all.set(key, [value]);
  });
  return fields({
    method: request.method,
    host: request.headers.get("host") ?? host,
    path: pathname,
    headers,
    headers_all: all,
    auth: fields({ jwt: fields({ claims: toCel(claims), scopes: [...scopes] }) }),
    mcp: fields({ method, backend, tool: kind === "tool" ? name : "", params: toCel(params ?? null) }),
  });
}

/** JSON as CEL has it: whole numbers are ints. */
function toCel(value: unknown): CelVariable {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== "object" || value === null) return null;
  return new Map(Object.entries(value).map(([key, member]) => [key, toCel(member)]));
}
