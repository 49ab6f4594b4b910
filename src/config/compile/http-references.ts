import type { Backend } from "../../model/backend.ts";
import type { BackendRef } from "../../model/route.ts";
import type { Path } from "../diagnostics.ts";
import { isGranted } from "../grants.ts";
import { originOf, type Resource } from "../resource.ts";
import { groups } from "../resources/common.ts";
import type { HttpBackendReference } from "../resources/gateway-api/http-backend-reference.ts";
import type { HttpBackendRef } from "../resources/gateway-api/http-route.ts";
import type { Context } from "./context.ts";
import type { HttpChanges } from "./http-changes.ts";
import { compileHttpFilters } from "./http-filters.ts";
import { printOf } from "./print.ts";
import { type CompiledRef, content, sayDenied, type Upstreams } from "./references.ts";
import { ruleKey } from "./routes.ts";

type Route = Resource<"HTTPRoute">;

/** What a reference leads to: a Backend, or the reason why its share of the requests is answered with an error. */
export type HttpTarget =
  | { readonly resource: Resource<"Backend">; readonly backend: Backend }
  | { readonly broken: string };

/** Of two levels the reference's own filters come last. */
export function compileHttpReference(
  context: Context,
  upstreams: Upstreams,
  route: Route,
  site: { readonly rule: number; readonly index: number; readonly prefix: string },
  written: HttpBackendRef,
  ofRule: HttpChanges,
): CompiledRef | undefined {
  const path = ["spec", "rules", site.rule, "backendRefs", site.index];
  const own = compileHttpFilters(context, route, [...path, "filters"], written.filters, site.prefix);
  sayMisplaced(context, route, path, own);
  const target = findTarget(context, upstreams, route, path, written);
  if (target === undefined) return undefined;
  const injected = own.injected ?? ofRule.injected;
  const base = {
    at: context.origins.at(route, path),
    name: `${ruleKey(route, site.rule)}/backend/${site.index}`,
    weight: written.weight,
    // Requests go to Backends that are marked so only when no other is left.
    priority: "resource" in target && target.resource.value.spec.fallback ? 1 : 0,
    requestHeaders: own.requestHeaders,
    responseHeaders: own.responseHeaders,
    ...(own.host === undefined ? {} : { host: own.host }),
    ...(injected === undefined ? {} : { injected }),
  };
  if ("broken" in target) {
    const ref: BackendRef = { ...base, broken: { status: 500, reason: target.broken } };
    return { ref, print: printOf(content(ref)) };
  }
  const { backend } = target;
  const ref: BackendRef = { ...base, backend: backend.key };
  return { ref, backend, print: printOf({ ...content(ref), backend: backend.print }) };
}

/** What can be said of a whole rule only. */
function sayMisplaced({ report }: Context, route: Route, path: Path, changes: HttpChanges): void {
  const { redirect, answer, path: rewrite, host, mirrors, cookies } = changes;
  const isMisplaced =
    redirect !== undefined ||
    answer !== undefined ||
    rewrite !== undefined ||
    (host !== undefined && host.type !== "literal") ||
    mirrors.length > 0 ||
    cookies.length > 0;
  if (!isMisplaced) return;
  const message =
    "redirects, path rewrites, mirrors, direct responses, cookies and host names that are found at run time are for whole rules";
  report.error(originOf(route, [...path, "filters"]), "filter-misplaced", message, {
    mend: "move the filter to the rule",
  });
}

/** `undefined` after an error. A missing Backend or Service breaks the reference and no more. */
export function findTarget(
  context: Context,
  { backends }: Upstreams,
  route: Route,
  path: Path,
  { group, kind, name, namespace = route.id.namespace }: HttpBackendReference,
): HttpTarget | undefined {
  const { inventory, report } = context;
  const origin = originOf(route, [...path, "name"]);
  if (group === "" && kind === "Service") {
    const message = `references Service ${JSON.stringify(name)}, which does not exist outside Kubernetes; use a gateway.envoyproxy.io Backend with an fqdn, ip or unix endpoint`;
    report.warning(origin, "service-reference", message);
    return { broken: `Service ${namespace}/${name} exists only on Kubernetes` };
  }
  if (group !== groups.envoy || kind !== "Backend") {
    const message = `must reference a Backend of ${groups.envoy}, not ${kind} of ${JSON.stringify(group)}`;
    report.error(originOf(route, [...path, "kind"]), "wrong-reference", message);
    return undefined;
  }
  const found = inventory.find("Backend", namespace, name);
  if (found.type === "missing") {
    const message = `references Backend "${namespace}/${name}", which is not in the configuration: its share of the requests answers 500`;
    report.warning(origin, "missing-backend", message);
    return { broken: `Backend ${namespace}/${name} is not in the configuration` };
  }
  if (found.type === "silent") return undefined;
  const { resource } = found;
  const from = { group: groups.gateway, kind: "HTTPRoute", namespace: route.id.namespace };
  if (!isGranted(inventory, from, resource.id, true)) {
    sayDenied(context, route, "HTTPRoute", resource, path);
    return undefined;
  }
  const backend = backends.get(resource);
  return backend === undefined
    ? { broken: `Backend ${namespace}/${name} cannot be used` }
    : { resource, backend };
}
