import type { ApiKeys, BasicUsers } from "../../../model/access.ts";
import type { SecretRef } from "../../../model/values.ts";
import { readHtpasswd } from "../../../policy/access/basic-users.ts";
import { originOf } from "../../resource.ts";
import { refer } from "../../secrets.ts";
import type { Context } from "../context.ts";
import { findEntries, type Policy } from "./references.ts";

type Spec = Policy["value"]["spec"];
type Client = ApiKeys["clients"][number];

/** Every key of the Secrets is a client, its value the client's API key. No two may have the same one. */
export function compileApiKeys(
  context: Context,
  policy: Policy,
  { credentialRefs, extractFrom, forwardClientIDHeader, sanitize }: NonNullable<Spec["apiKeyAuth"]>,
): ApiKeys {
  const path = ["spec", "apiKeyAuth"];
  const clients = credentialRefs.flatMap((ref, index) => {
    const at = [...path, "credentialRefs", index];
    const found = findEntries(context, policy, at, ref, ["Secret"]);
    if (found === undefined) return [];
    if (found.entries.size === 0) {
      context.report.error(
        originOf(policy, at),
        "no-clients",
        `Secret ${ref.name} is empty: nobody could come in`,
      );
    }
    return readClients(context, found);
  });
  saySameKeys(context, clients);
  const from = extractFrom.flatMap(({ headers = [], params = [], cookies = [] }) => [
    ...headers.map((name) => ({ type: "header" as const, name: name.toLowerCase() })),
    ...params.map((name) => ({ type: "query" as const, name })),
    ...cookies.map((name) => ({ type: "cookie" as const, name })),
  ]);
  return {
    at: context.origins.at(policy, path),
    clients,
    from,
    ...(forwardClientIDHeader === undefined ? {} : { clientIdHeader: forwardClientIDHeader.toLowerCase() }),
    isSanitized: sanitize,
  };
}

type Found = NonNullable<ReturnType<typeof findEntries>>;

function readClients({ report, origins, secrets }: Context, { holder, entries }: Found): Client[] {
  return [...entries].flatMap(([id, entry]) => {
    if (entry.value.trim() !== "") {
      return [{ id, secret: refer(entry, holder, origins.at(holder, entry.path), secrets, true) }];
    }
    const cause = entry.unset === undefined ? "" : `: $${entry.unset} is not set`;
    report.error(
      originOf(holder, entry.path),
      "empty-secret",
      `is empty${cause}, so client ${id} could not come in`,
    );
    return [];
  });
}

function saySameKeys({ report, secrets, origins }: Context, clients: readonly Client[]): void {
  const seen = new Map<string, SecretRef>();
  for (const { secret } of clients) {
    const value = secrets.value(secret) ?? "";
    const rival = seen.get(value);
    if (rival === undefined) {
      seen.set(value, secret);
      continue;
    }
    const [own, other] = [origins.list[secret.at], origins.list[rival.at]];
    if (own === undefined || other === undefined || rival.id === secret.id) continue;
    report.error(own, "same-key", "is the key of another client, too", { related: [["that one", other]] });
  }
}

/** Users and digests are in the Secret's `.htpasswd`. */
export function compileBasicUsers(
  context: Context,
  policy: Policy,
  { users, forwardUsernameHeader }: NonNullable<Spec["basicAuth"]>,
): BasicUsers | undefined {
  const path = ["spec", "basicAuth"];
  const found = findEntries(context, policy, [...path, "users"], users, ["Secret"]);
  if (found === undefined) return undefined;
  const { holder, entries } = found;
  const entry = entries.get(".htpasswd");
  if (entry === undefined) {
    const message = `secret ${holder.id.namespace}/${holder.id.name} does not contain '.htpasswd' key`;
    context.report.error(originOf(policy, [...path, "users"]), "missing-key", message);
    return undefined;
  }
  try {
    if (readHtpasswd(entry.value).size === 0) throw new Error("names no user");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.report.error(originOf(holder, entry.path), "bad-htpasswd", reason);
    return undefined;
  }
  const at = context.origins.at(holder, entry.path);
  return {
    at: context.origins.at(policy, path),
    users: refer(entry, holder, at, context.secrets, false),
    ...(forwardUsernameHeader === undefined ? {} : { userHeader: forwardUsernameHeader.toLowerCase() }),
  };
}
