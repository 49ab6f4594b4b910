import type { Report } from "../diagnostics.ts";
import type { Inventory } from "../inventory.ts";
import { type KindName, kinds } from "../kinds.ts";
import { originOf, type Resource } from "../resource.ts";

/** What only means something when somebody refers to it. */
const referred = new Set<KindName>([
  "AIServiceBackend",
  "Backend",
  "Secret",
  "ConfigMap",
  "EnvoyProxy",
  "GatewayClass",
  "GatewayConfig",
  "HTTPRouteFilter",
]);

/** Where requests come in: all that these lead to is used. */
const roots: readonly KindName[] = ["Gateway", "AIGatewayRoute", "HTTPRoute", "MCPRoute"];

const gatewayConfig = "aigateway.envoyproxy.io/gateway-config";

/** Resources that nobody refers to, or only others that nobody refers to. */
export function sayUnused(inventory: Inventory, report: Report): void {
  const used = new Set<Resource>(inventory.everything().filter(({ kind }) => roots.includes(kind)));
  const policies = inventory.everything().filter((resource) => targetsOf(resource).length > 0);
  for (let known = -1; known !== used.size; ) {
    known = used.size;
    for (const policy of policies)
      if (targetsOf(policy).some((target) => isAmong(used, policy, target))) used.add(policy);
    for (const resource of used) for (const found of resolve(inventory, resource)) used.add(found);
  }
  for (const resource of inventory.everything()) {
    if (!referred.has(resource.kind) || used.has(resource)) continue;
    const message = "is used by nothing";
    report.info(originOf(resource, ["metadata", "name"]), "unused", message, {
      mend: "remove it, or refer to it",
    });
  }
}

interface Reference {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** A policy's target in a route is called HTTPRoute, whatever kind of route it is. */
function isAmong(used: ReadonlySet<Resource>, policy: Resource, { kind, name }: Reference): boolean {
  const fits = (resource: Resource) =>
    resource.id.name === name &&
    (resource.kind === kind || (kind === "HTTPRoute" && resource.kind === "AIGatewayRoute"));
  return [...used].some((resource) => resource.id.namespace === policy.id.namespace && fits(resource));
}

function resolve(inventory: Inventory, resource: Resource): readonly Resource[] {
  const { namespace } = resource.id;
  return referencesIn(resource).flatMap((reference) => {
    if (!isKind(reference.kind)) return [];
    const found = inventory.find(reference.kind, reference.namespace ?? namespace, reference.name);
    return found.type === "found" ? [found.resource] : [];
  });
}

function isKind(kind: string): kind is KindName {
  return Object.hasOwn(kinds, kind);
}

/** Everything in a resource that has the shape of a reference; targets of policies are none of these. */
function referencesIn(resource: Resource): Reference[] {
  const { kind, value } = resource;
  const found: Reference[] = [];
  const walk = (node: unknown, field: string) => {
    if (Array.isArray(node)) for (const item of node) walk(item, field);
    if (typeof node !== "object" || node === null || Array.isArray(node)) return;
    if (field === "targetRef" || field === "targetRefs" || field === "parentRefs") return;
    const { name, kind: written, namespace } = node as { readonly [member: string]: unknown };
    // References of an AIGatewayRoute need no kind, unless they mean something that exists on Kubernetes only.
    const own =
      written ?? (field === "backendRefs" && kind === "AIGatewayRoute" ? "AIServiceBackend" : undefined);
    if (typeof name === "string" && typeof own === "string")
      found.push({ kind: own, name, ...(typeof namespace === "string" ? { namespace } : {}) });
    for (const [member, item] of Object.entries(node)) walk(item, member);
  };
  walk("spec" in value ? value.spec : undefined, "spec");
  if (isOf(resource, "Gateway")) {
    found.push({ kind: "GatewayClass", name: resource.value.spec.gatewayClassName });
    const config = value.metadata.annotations[gatewayConfig];
    if (config !== undefined) found.push({ kind: "GatewayConfig", name: config });
  }
  return found;
}

function isOf<K extends KindName>(resource: Resource, kind: K): resource is Resource<K> {
  return resource.kind === kind;
}

function targetsOf({ value }: Resource): readonly Reference[] {
  if (!("spec" in value)) return [];
  const { targetRef, targetRefs } = value.spec as { readonly [member: string]: unknown };
  const list: readonly unknown[] = [targetRef, ...(Array.isArray(targetRefs) ? targetRefs : [])];
  return list.filter((target) => typeof target === "object" && target !== null) as Reference[];
}
