import type { Place } from "../../model/access.ts";
import type { AccessRequest, HeaderChange } from "./admission.ts";

/** The value at a place of a request; `undefined` where there is none or it is empty. */
export function readPlace(place: Place, { headers, target }: AccessRequest): string | undefined {
  switch (place.type) {
    case "header":
      return withoutPrefix(headers.get(place.name), place.prefix);
    case "query":
      return readQuery(target, place.name);
    case "cookie":
      return readCookie(headers.get("cookie"), place.name);
  }
}

/** The prefix is a scheme's name mostly, whose case means nothing. A value without it is none. */
function withoutPrefix(value: string | null, prefix = ""): string | undefined {
  if (value === null || value.slice(0, prefix.length).toLowerCase() !== prefix.toLowerCase())
    return undefined;
  return value.slice(prefix.length).trim() || undefined;
}

function readQuery(target: string, name: string): string | undefined {
  const start = target.indexOf("?");
  return start < 0
    ? undefined
    : (new URLSearchParams(target.slice(start)).get(name) ?? undefined) || undefined;
}

function readCookie(cookies: string | null, name: string): string | undefined {
  for (const cookie of cookies?.split(";") ?? []) {
    const end = cookie.indexOf("=");
    if (end > 0 && cookie.slice(0, end).trim() === name) return unquote(cookie.slice(end + 1).trim());
  }
  return undefined;
}

function unquote(value: string): string | undefined {
  return value.replace(/^"(.*)"$/, "$1") || undefined;
}

/** The request without what stands at a place. */
export function clearPlace(
  place: Place,
  { headers, target }: AccessRequest,
): { readonly changes: readonly HeaderChange[]; readonly target?: string } {
  switch (place.type) {
    case "header":
      return { changes: [[place.name, undefined]] };
    case "query":
      return { changes: [], target: withoutParameter(target, place.name) };
    case "cookie": {
      const rest = (headers.get("cookie") ?? "")
        .split(";")
        .filter((cookie) => cookie.slice(0, cookie.indexOf("=")).trim() !== place.name)
        .join(";")
        .trim();
      return { changes: [["cookie", rest === "" ? undefined : rest]] };
    }
  }
}

/** The other parameters stay as they were written. */
function withoutParameter(target: string, name: string): string {
  const start = target.indexOf("?");
  if (start < 0) return target;
  const kept = target
    .slice(start + 1)
    .split("&")
    .filter((parameter) => !new URLSearchParams(parameter).has(name));
  return kept.length === 0 ? target.slice(0, start) : `${target.slice(0, start)}?${kept.join("&")}`;
}
