import { originOf, type Resource } from "../resource.ts";
import { groups } from "../resources/common.ts";
import type { Context } from "./context.ts";

type ListenerValue = Resource<"Gateway">["value"]["spec"]["listeners"][number];

/** One listener of the Gateway that can be served. */
export interface ListenerDraft {
  readonly gateway: Resource<"Gateway">;
  readonly index: number;
  readonly name: string;
  readonly port: number;
  /** `*` where the Gateway gives none. */
  readonly hostname: string;
  readonly isSecure: boolean;
  /** Whether routes of this kind and namespace may attach. */
  allows(kind: string, namespace: string): boolean;
}

/** The listeners of a Gateway, in its order. Complains about protocols that are not served and listeners that clash. */
export function draftListeners(context: Context, gateway: Resource<"Gateway">): ListenerDraft[] {
  const { listeners } = gateway.value.spec;
  if (listeners.length === 0) {
    const message = `gateway ${gateway.id.name} has no listeners configured`;
    context.report.error(originOf(gateway, ["spec", "listeners"]), "no-listeners", message);
  }
  const drafts: ListenerDraft[] = [];
  for (const [index, listener] of listeners.entries()) {
    if (!isServed(context, gateway, listener, index)) continue;
    const draft = draftListener(context, gateway, listener, index);
    const rival = drafts.find(({ port, hostname }) => port === draft.port && hostname === draft.hostname);
    if (rival === undefined) drafts.push(draft);
    else sayClash(context, draft, rival);
    const other = drafts.find(({ port, isSecure }) => port === draft.port && isSecure !== draft.isSecure);
    if (other !== undefined) sayMixed(context, draft, other);
  }
  return drafts;
}

function isServed(
  context: Context,
  gateway: Resource<"Gateway">,
  { protocol, tls }: ListenerValue,
  index: number,
): boolean {
  const path = ["spec", "listeners", index];
  if (protocol === "HTTP" || (protocol === "HTTPS" && tls?.mode !== "Passthrough")) return true;
  const message =
    protocol === "HTTPS" || protocol === "TLS"
      ? `protocol ${protocol} with mode ${tls?.mode ?? "Passthrough"} is not supported: requests cannot be read`
      : `protocol ${protocol} is not supported in standalone mode`;
  const origin = originOf(gateway, [...path, "protocol"]);
  context.report.error(origin, "unsupported-protocol", message, { mend: "write protocol: HTTP or HTTPS" });
  return false;
}

function draftListener(
  context: Context,
  gateway: Resource<"Gateway">,
  { name, port, hostname, protocol, allowedRoutes: { namespaces, kinds } }: ListenerValue,
  index: number,
): ListenerDraft {
  if (namespaces.from === "Selector") {
    const path = ["spec", "listeners", index, "allowedRoutes", "namespaces", "from"];
    const message =
      "Selector cannot be evaluated in standalone mode, where namespaces have no labels: no route attaches";
    context.report.warning(originOf(gateway, path), "namespace-selector", message, {
      mend: "write from: Same or All",
    });
  }
  const home = gateway.id.namespace;
  return {
    gateway,
    index,
    name,
    port,
    hostname: hostname ?? "*",
    isSecure: protocol === "HTTPS",
    allows(kind, namespace) {
      const isKind =
        kinds?.some((allowed) => allowed.group === groups.gateway && allowed.kind === kind) ?? true;
      return isKind && (namespaces.from === "All" || (namespaces.from === "Same" && namespace === home));
    },
  };
}

function sayClash({ report }: Context, draft: ListenerDraft, rival: ListenerDraft): void {
  const host = draft.hostname === "*" ? "without a hostname" : `for ${draft.hostname}`;
  const message = `listeners ${JSON.stringify(rival.name)} and ${JSON.stringify(draft.name)} both take port ${draft.port} ${host}`;
  report.error(originOf(draft.gateway, ["spec", "listeners", draft.index]), "listener-conflict", message, {
    related: [["the other one", originOf(draft.gateway, ["spec", "listeners", rival.index])]],
    mend: "give them different ports or hostnames",
  });
}

function sayMixed({ report }: Context, draft: ListenerDraft, other: ListenerDraft): void {
  const message = `listeners ${JSON.stringify(other.name)} and ${JSON.stringify(draft.name)} share port ${draft.port}, one with TLS and one without`;
  report.error(originOf(draft.gateway, ["spec", "listeners", draft.index]), "listener-conflict", message, {
    related: [["the other one", originOf(draft.gateway, ["spec", "listeners", other.index])]],
    mend: "give them different ports",
  });
}
