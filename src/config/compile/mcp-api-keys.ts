import type { McpApiKeys } from "../../model/mcp.ts";
import type { SecretRef } from "../../model/values.ts";
import { originOf, type Resource } from "../resource.ts";
import { refer } from "../secrets.ts";
import type { Context } from "./context.ts";

type Route = Resource<"MCPRoute">;
type Written = NonNullable<NonNullable<Route["value"]["spec"]["securityPolicy"]>["apiKeyAuth"]>;
type Client = McpApiKeys["clients"][number];

const fieldPath = ["spec", "securityPolicy", "apiKeyAuth"];

/** The clients that have a key. No two may have the same one. */
export function compileApiKeys(context: Context, route: Route, written: Written): McpApiKeys {
  const clients = written.credentialRefs.flatMap((_, index) => clientsOf(context, route, written, index));
  saySameKeys(context, clients);
  const from = written.extractFrom.flatMap(({ headers = [], params = [], cookies = [] }) => [
    ...headers.map((name) => ({ type: "header" as const, name: name.toLowerCase() })),
    ...params.map((name) => ({ type: "query" as const, name })),
    ...cookies.map((name) => ({ type: "cookie" as const, name })),
  ]);
  const clientIdHeader = written.forwardClientIDHeader?.toLowerCase();
  return {
    at: context.origins.at(route, fieldPath),
    clients,
    from,
    ...(clientIdHeader === undefined ? {} : { clientIdHeader }),
    isRemoved: written.sanitize,
  };
}

function clientsOf(context: Context, route: Route, written: Written, index: number): Client[] {
  const { inventory, report, entries, origins, secrets } = context;
  const ref = written.credentialRefs[index];
  const path = [...fieldPath, "credentialRefs", index];
  const own = route.id.namespace;
  if (ref === undefined) return [];
  if (ref.kind !== "Secret" || ref.group !== "" || (ref.namespace ?? own) !== own) {
    report.error(originOf(route, path), "wrong-reference", `must reference a Secret in namespace ${own}`);
    return [];
  }
  const found = inventory.find("Secret", own, ref.name);
  if (found.type === "missing") {
    const message = `references Secret "${own}/${ref.name}", which is not in the configuration`;
    report.error(originOf(route, [...path, "name"]), "missing-reference", message);
  }
  if (found.type !== "found") return [];
  const held = [...(entries.get(found.resource) ?? [])];
  if (held.length === 0)
    report.error(originOf(route, path), "no-clients", `Secret ${own}/${ref.name} is empty`);
  return held.flatMap(([id, entry]) => {
    const at = origins.at(found.resource, entry.path);
    if (entry.value.trim() !== "") return [{ id, secret: refer(entry, found.resource, at, secrets, true) }];
    report.error(
      originOf(found.resource, entry.path),
      "empty-secret",
      "is empty: it would be the key of everybody",
    );
    return [];
  });
}

function saySameKeys({ report, secrets, origins }: Context, clients: readonly Client[]): void {
  const seen = new Map<string, SecretRef>();
  for (const { secret } of clients) {
    const value = secrets.value(secret) ?? "";
    const rival = seen.get(value);
    const [own, other] = [secret, rival].map((ref) => ref && origins.list[ref.at]);
    if (rival === undefined) seen.set(value, secret);
    else if (own !== undefined && other !== undefined)
      report.error(own, "same-key", "is the key of another client, too", { related: [["that one", other]] });
  }
}
