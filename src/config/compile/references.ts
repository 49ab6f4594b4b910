import type { AiBackend } from "../../model/ai.ts";
import type { Backend } from "../../model/backend.ts";
import type { BackendRef } from "../../model/route.ts";
import { noHeaderEdits } from "../../model/values.ts";
import { isGranted } from "../grants.ts";
import { originOf, type Resource } from "../resource.ts";
import { isPool } from "../resources/ai-gateway/ai-gateway-route.ts";
import { groups } from "../resources/common.ts";
import { compileAiBackend, type RefSite } from "./ai-backends.ts";
import type { Context } from "./context.ts";
import type { Credentials } from "./credentials.ts";
import { printOf } from "./print.ts";

type Route = Resource<"AIGatewayRoute">;
type Service = Resource<"AIServiceBackend">;

/** What references can lead to, compiled. */
export interface Upstreams {
  readonly backends: ReadonlyMap<Resource<"Backend">, Backend | undefined>;
  readonly credentials: Credentials;
}

/** One reference of a rule, and what exchanges need of it; neither for one that was complained about. */
export interface CompiledRef {
  readonly ref: BackendRef;
  readonly ai?: AiBackend;
  readonly backend?: Backend;
  /** What the reference is, whatever its position: goes into the rule's print. */
  readonly print: string;
}

/** Whether any route or policy names an InferencePool; each such place has its warning. */
export function sayPools({ inventory, report }: Context): boolean {
  const message =
    "InferencePool is only available on Kubernetes; use an AIServiceBackend with a Backend instead";
  let isUsed = false;
  const say = (resource: Resource, path: readonly (string | number)[]) => {
    isUsed = true;
    report.warning(originOf(resource, path), "inference-pool", message);
  };
  for (const route of inventory.all("AIGatewayRoute")) {
    for (const [rule, { backendRefs }] of route.value.spec.rules.entries()) {
      for (const [index, ref] of backendRefs.entries())
        if (isPool(ref)) say(route, ["spec", "rules", rule, "backendRefs", index]);
    }
  }
  for (const policy of inventory.all("BackendSecurityPolicy")) {
    for (const [index, ref] of policy.value.spec.targetRefs.entries())
      if (isPool(ref)) say(policy, ["spec", "targetRefs", index]);
  }
  return isUsed;
}

export function compileReference(
  context: Context,
  upstreams: Upstreams,
  site: RefSite,
): CompiledRef | undefined {
  const { route, rule, index, written } = site;
  const path = ["spec", "rules", rule, "backendRefs", index];
  const base = {
    at: context.origins.at(route, path),
    name: `httproute/${route.id.namespace}/${route.id.name}/rule/${rule}/backend/${index}`,
    weight: written.weight,
    priority: written.priority,
    requestHeaders: noHeaderEdits,
    responseHeaders: noHeaderEdits,
  };
  if (isPool(written)) return brokenRef(base, `InferencePool ${written.name} exists only on Kubernetes`);
  const service = findService(context, site);
  if (service === undefined) return undefined;
  const target = findBackend(context, route, service);
  if (target === undefined) return undefined;
  const backend = target === "missing" ? undefined : upstreams.backends.get(target);
  if (backend === undefined) {
    const { name } = service.value.spec.backendRef;
    return brokenRef(
      base,
      `AIServiceBackend ${service.id.namespace}/${service.id.name} leads to Backend ${name}, which cannot be used`,
    );
  }
  const ai = compileAiBackend(context, upstreams.credentials, site, service);
  const ref: BackendRef = { ...base, backend: backend.key, ai: ai.key };
  return { ref, ai, backend, print: printOf({ ...content(ref), backend: backend.print, ai: ai.print }) };
}

function brokenRef(base: BackendRef, reason: string): CompiledRef {
  const ref: BackendRef = { ...base, broken: { status: 500, reason } };
  return { ref, print: printOf(content(ref)) };
}

/** Without the name, which holds a position. */
export function content({ name: _, ...rest }: BackendRef) {
  return rest;
}

function findService(
  { inventory, report }: Context,
  { route, rule, index, written }: RefSite,
): Service | undefined {
  const path = ["spec", "rules", rule, "backendRefs", index];
  const namespace = written.namespace ?? route.id.namespace;
  const found = inventory.find("AIServiceBackend", namespace, written.name);
  if (found.type === "missing") {
    const message = `AIGatewayRoute ${route.id.namespace}/${route.id.name}, rule ${rule}, backendRef ${index} references AIServiceBackend "${namespace}/${written.name}", which is not in the configuration`;
    report.error(originOf(route, [...path, "name"]), "missing-reference", message);
  }
  if (found.type !== "found") return undefined;
  const from = { group: groups.ai, kind: "AIGatewayRoute", namespace: route.id.namespace };
  if (isGranted(inventory, from, found.resource.id, false)) return found.resource;
  sayDenied({ report }, route, "AIGatewayRoute", found.resource, path);
  return undefined;
}

export function sayDenied(
  { report }: Pick<Context, "report">,
  route: Resource,
  kind: string,
  target: Resource,
  path: readonly (string | number)[],
): void {
  const to = `${target.kind} ${target.id.namespace}/${target.id.name}`;
  const message = `reference from ${kind} ${route.id.namespace}/${route.id.name} to ${to} is not permitted by any ReferenceGrant`;
  report.error(originOf(route, path), "not-granted", message, {
    mend: `add a ReferenceGrant in namespace ${target.id.namespace} from ${kind} of namespace ${route.id.namespace}`,
  });
}

/** The Backend of an AIServiceBackend. A missing one breaks the reference and no more. */
function findBackend(
  context: Context,
  route: Route,
  service: Service,
): Resource<"Backend"> | "missing" | undefined {
  const { inventory } = context;
  const { name, namespace = service.id.namespace } = service.value.spec.backendRef;
  const found = inventory.find("Backend", namespace, name);
  if (found.type === "missing") return "missing";
  if (found.type === "silent") return undefined;
  const from = { group: groups.gateway, kind: "HTTPRoute", namespace: route.id.namespace };
  if (isGranted(inventory, from, found.resource.id, true)) return found.resource;
  sayDenied(context, route, "HTTPRoute", found.resource, ["spec", "rules"]);
  return undefined;
}
