import type { Credential } from "../model/credential.ts";

/** Headers (lower-case) in which a request may bring its own credential; three for AWS: id, secret, session token. */
export function overrideHeaders({ way, override }: Pick<Credential, "way" | "override">): readonly string[] {
  if (override === undefined) return [];
  return way.type === "aws" ? awsKeyHeaders(override.header) : [override.header];
}

export function awsKeyHeaders(prefix: string): readonly [id: string, secret: string, sessionToken: string] {
  return [`${prefix}access-key-id`, `${prefix}secret-access-key`, `${prefix}session-token`];
}
