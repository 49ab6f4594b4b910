import { createHash, timingSafeEqual } from "node:crypto";
import type { BasicUsers } from "../../model/access.ts";
import type { Secrets } from "../../model/values.ts";
import { type AccessRequest, type Admission, challenge, unauthenticated } from "./admission.ts";

const entry = /^([^:]+):\{SHA\}([A-Za-z0-9+/]{27}=)$/;

/**
 * Users and SHA-1 digests of an htpasswd file, as `htpasswd -s` writes it; empty lines and comments are passed over.
 * Throws for any other line, with its number and without its content.
 */
export function readHtpasswd(text: string): ReadonlyMap<string, Uint8Array> {
  const users = new Map<string, Uint8Array>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const [, user, sha] = entry.exec(line) ?? [];
    if (user === undefined || sha === undefined) {
      throw new Error(`line ${index + 1} is not USER:{SHA}DIGEST, which \`htpasswd -s\` writes`);
    }
    if (users.has(user)) throw new Error(`line ${index + 1} names a user again`);
    users.set(user, Buffer.from(sha, "base64"));
  }
  return users;
}

/** Makes the check of user names and passwords. */
export function prepareBasicUsers(
  policy: BasicUsers,
  secrets: Secrets,
): (request: AccessRequest) => Admission {
  const users = readHtpasswd(secrets.value(policy.users) ?? "");
  const wanted = `${challenge("Basic")}, charset="UTF-8"`;
  // A user that is not there takes as long as a wrong password.
  const none = new Uint8Array(20);
  return ({ headers }) => {
    const [, encoded] = /^basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(headers.get("authorization") ?? "") ?? [];
    if (encoded === undefined)
      return unauthenticated("a user name and a password are required", "no user", wanted);
    const pair = Buffer.from(encoded, "base64").toString("utf8");
    const end = pair.indexOf(":");
    const user = pair.slice(0, Math.max(end, 0));
    const known = users.get(user);
    const digest = createHash("sha1")
      .update(pair.slice(end + 1))
      .digest();
    const isRight = timingSafeEqual(digest, known ?? none) && known !== undefined;
    if (!isRight)
      return unauthenticated("user name or password are not valid", "wrong user or password", wanted);
    const { userHeader } = policy;
    const changes = userHeader === undefined ? [] : [[userHeader, user] as const];
    return { type: "admitted", identity: { claims: new Map(), name: user }, changes };
  };
}
