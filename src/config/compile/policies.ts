import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import { groups } from "../resources/common.ts";
import { notYetSupport } from "../resources/support.ts";
import { sayConflict, sortByName } from "./conflicts.ts";
import type { Context } from "./context.ts";
import { findRoute } from "./routes.ts";

type PolicyKind = "BackendTrafficPolicy" | "ClientTrafficPolicy" | "SecurityPolicy";

interface Target {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string | undefined;
}

/** Policies of one kind by what they are about; the most specific one replaces all others. */
export interface Attached<K extends PolicyKind> {
  forGateway(): Resource<K> | undefined;
  forListener(name: string): Resource<K> | undefined;
  forRoute(route: Pick<Resource, "id">): Resource<K> | undefined;
  forRule(route: Pick<Resource, "id">, rule: string | undefined): Resource<K> | undefined;
}

/** Attaches policies by namespace and name: the first on a target wins. Complains about targets that are not there. */
export function attachPolicies<K extends PolicyKind>(
  context: Context,
  kind: K,
  gateway: Resource<"Gateway">,
): Attached<K> {
  const byTarget = new Map<string, Resource<K>>();
  const policies: readonly Resource<K>[] = sortByName(context.inventory.all(kind));
  for (const policy of policies) {
    for (const { target, path } of targetsOf(policy)) {
      if (!isThere(context, policy, target, path, gateway)) continue;
      const key = keyOf(target.kind, policy.id.namespace, target.name, target.sectionName);
      const rival = byTarget.get(key);
      const name = `${target.kind} ${policy.id.namespace}/${target.name}`;
      if (rival === undefined) byTarget.set(key, policy);
      else if (rival !== policy) sayConflict(context, policy, rival, path, name);
    }
  }
  const { namespace, name } = gateway.id;
  return {
    forGateway: () => byTarget.get(keyOf("Gateway", namespace, name, undefined)),
    forListener: (listener) => byTarget.get(keyOf("Gateway", namespace, name, listener)),
    forRoute: ({ id }) => byTarget.get(keyOf("HTTPRoute", id.namespace, id.name, undefined)),
    forRule: ({ id }, rule) =>
      rule === undefined ? undefined : byTarget.get(keyOf("HTTPRoute", id.namespace, id.name, rule)),
  };
}

function keyOf(kind: string, namespace: string, name: string, section: string | undefined): string {
  return `${kind} ${namespace}/${name}${section === undefined ? "" : `#${section}`}`;
}

function targetsOf(policy: Resource<PolicyKind>): { target: Target; path: Path }[] {
  const { targetRef, targetRefs = [] } = policy.value.spec;
  const single = targetRef === undefined ? [] : [{ target: targetRef, path: ["spec", "targetRef"] }];
  return [...single, ...targetRefs.map((target, index) => ({ target, path: ["spec", "targetRefs", index] }))];
}

function isThere(
  context: Context,
  policy: Resource<PolicyKind>,
  target: Target,
  path: Path,
  gateway: Resource<"Gateway">,
): boolean {
  const isOfGateway = target.group === groups.gateway && target.kind === "Gateway";
  const isOfRoute =
    target.group === groups.gateway && target.kind === "HTTPRoute" && policy.kind !== "ClientTrafficPolicy";
  if (isOfGateway) return isGatewayThere(context, policy, target, path, gateway);
  if (isOfRoute) return isRouteThere(context, policy, target, path);
  const allowed = policy.kind === "ClientTrafficPolicy" ? "Gateway" : "Gateway or HTTPRoute";
  const message = `must target a ${allowed} of ${groups.gateway}, not ${target.kind} of ${JSON.stringify(target.group)}`;
  const mend =
    target.kind === "AIGatewayRoute"
      ? `write kind: HTTPRoute, group: ${groups.gateway} and the same name`
      : undefined;
  context.report.error(originOf(policy, path), "wrong-target", message, { mend });
  return false;
}

function isGatewayThere(
  { report }: Context,
  policy: Resource<PolicyKind>,
  { name, sectionName }: Target,
  path: Path,
  gateway: Resource<"Gateway">,
): boolean {
  if (gateway.id.name !== name || gateway.id.namespace !== policy.id.namespace) {
    const message = `references Gateway "${policy.id.namespace}/${name}", which is not in the configuration`;
    report.error(originOf(policy, [...path, "name"]), "missing-target", message);
    return false;
  }
  if (sectionName === undefined) return true;
  const origin = originOf(policy, [...path, "sectionName"]);
  if (!gateway.value.spec.listeners.some((listener) => listener.name === sectionName)) {
    report.error(origin, "missing-target", `Gateway ${name} has no listener ${JSON.stringify(sectionName)}`);
    return false;
  }
  if (policy.kind !== "BackendTrafficPolicy") return true;
  report.warning(origin, "unsupported-field", `a listener as target ${notYetSupport.message}`);
  return false;
}

/** A policy for an AIGatewayRoute says HTTPRoute and the AIGatewayRoute's name. */
function isRouteThere(
  { inventory, report }: Context,
  policy: Resource<PolicyKind>,
  { name, sectionName }: Target,
  path: Path,
): boolean {
  const { namespace } = policy.id;
  const found = findRoute(inventory, namespace, name);
  if (found.type === "found") {
    const rules: readonly { readonly name?: string | undefined }[] = found.resource.value.spec.rules;
    if (sectionName === undefined || rules.some((rule) => rule.name === sectionName)) return true;
    const message = `${found.resource.kind} ${name} has no rule named ${JSON.stringify(sectionName)}`;
    report.error(originOf(policy, [...path, "sectionName"]), "missing-target", message);
    return false;
  }
  const ofMcp = /^ai-eg-mcp-main-(.+)$/.exec(name)?.[1];
  const isOfMcp = ofMcp !== undefined && inventory.find("MCPRoute", namespace, ofMcp).type === "found";
  if (isOfMcp && policy.kind === "SecurityPolicy") return true;
  if (found.type === "missing" && !isOfMcp) {
    const message = `references HTTPRoute "${namespace}/${name}", but there is no HTTPRoute or AIGatewayRoute of that name`;
    report.error(originOf(policy, [...path, "name"]), "missing-target", message);
  }
  return false;
}
