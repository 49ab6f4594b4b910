import type { Members } from "../oauth/token-endpoint.ts";

/** `undefined` also where it is empty. */
export function optionalText(members: Members, name: string): string | undefined {
  const value = members[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A member that is an object; empty where it is missing. */
export function objectMember(members: Members, name: string): Members {
  const value = members[name];
  return typeof value === "object" && value !== null ? (value as Members) : {};
}
