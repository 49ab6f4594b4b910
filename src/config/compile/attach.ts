import { originOf, type Resource } from "../resource.ts";
import { groups } from "../resources/common.ts";
import type { Context } from "./context.ts";
import { intersectHosts } from "./hosts.ts";
import type { ListenerDraft } from "./listeners.ts";
import type { Route as PolicyRoute } from "./routes.ts";

/** What says by itself which Gateways and hosts it is for. */
type Route = PolicyRoute | Resource<"MCPRoute">;

/** A route of the Gateway and the hosts that it has at each listener. */
export interface Attachment<R extends Route> {
  readonly route: R;
  readonly places: readonly { readonly listener: ListenerDraft; readonly hosts: readonly string[] }[];
}

/** Routes that name the Gateway as a parent, in their order. Complains about parents that are not there. */
export function attachRoutes<R extends Route>(
  context: Context,
  gateway: Resource<"Gateway">,
  listeners: readonly ListenerDraft[],
  routes: readonly R[],
): Attachment<R>[] {
  return routes.flatMap((route) => {
    const wanted = parentListeners(context, gateway, listeners, route);
    return wanted === undefined ? [] : [{ route, places: placesOf(context, listeners, wanted, route) }];
  });
}

/** The listeners that a route asks for; `undefined` if it does not name the Gateway. */
function parentListeners(
  { inventory, report }: Context,
  gateway: Resource<"Gateway">,
  listeners: readonly ListenerDraft[],
  route: Route,
): Set<ListenerDraft> | undefined {
  const { parentRefs } = route.value.spec;
  const name = `${route.kind} ${route.id.namespace}/${route.id.name}`;
  if (parentRefs.length === 0) {
    const message = `${name} has no parentRefs and will receive no traffic`;
    report.warning(originOf(route, ["spec", "parentRefs"]), "no-parent", message);
  }
  let wanted: Set<ListenerDraft> | undefined;
  for (const [index, ref] of parentRefs.entries()) {
    const path = ["spec", "parentRefs", index];
    const namespace = ref.namespace ?? route.id.namespace;
    if (ref.group !== groups.gateway || ref.name !== gateway.id.name || namespace !== gateway.id.namespace) {
      if (inventory.find("Gateway", namespace, ref.name).type !== "missing") continue;
      const message = `${name} references Gateway "${namespace}/${ref.name}", which is not in the configuration`;
      report.error(originOf(route, [...path, "name"]), "missing-parent", message, {
        related: [["the Gateway that is", originOf(gateway)]],
      });
      continue;
    }
    const { sectionName: section, port } = ref;
    const chosen = listeners.filter(
      (listener) =>
        (section === undefined || listener.name === section) &&
        (port === undefined || listener.port === port),
    );
    if (chosen.length === 0 && listeners.length > 0) {
      const what = section === undefined ? `port ${port}` : `name ${JSON.stringify(section)}`;
      const origin = originOf(route, [...path, section === undefined ? "port" : "sectionName"]);
      report.error(origin, "missing-listener", `Gateway ${ref.name} has no listener of ${what}`);
    }
    wanted = new Set([...(wanted ?? []), ...chosen]);
  }
  return wanted;
}

function placesOf(
  { report }: Context,
  listeners: readonly ListenerDraft[],
  wanted: ReadonlySet<ListenerDraft>,
  route: Route,
): Attachment<Route>["places"] {
  const { hostnames } = route.value.spec;
  const allowing = [...wanted].filter((listener) => listener.allows("HTTPRoute", route.id.namespace));
  const places = allowing.map((listener) => ({ listener, hosts: hostsAt(listener, listeners, hostnames) }));
  const served = places.filter(({ hosts }) => hosts.length > 0);
  if (served.length > 0 || wanted.size === 0) return served;
  if (allowing.length === 0) {
    const message = "no listener allows this route: it will receive no traffic";
    const from = [...wanted].map(
      ({ gateway, index }) =>
        ["this listener", originOf(gateway, ["spec", "listeners", index, "allowedRoutes"])] as const,
    );
    report.warning(originOf(route, ["spec", "parentRefs"]), "route-not-allowed", message, {
      related: from,
      mend: "set allowedRoutes.namespaces.from: All, or put both into one namespace",
    });
  } else {
    const message = "has no host in common with its listeners: the route will receive no traffic";
    report.warning(originOf(route, ["spec", "hostnames"]), "no-common-host", message);
  }
  return served;
}

/** A route's hosts at a listener; a name that another listener of the port has for itself is left to that one. */
function hostsAt(
  listener: ListenerDraft,
  listeners: readonly ListenerDraft[],
  hostnames: readonly string[],
): string[] {
  const own = hostnames.length === 0 ? [listener.hostname] : hostnames;
  const common = own.flatMap((host) => intersectHosts(listener.hostname, host) ?? []);
  const isForeign = (host: string) =>
    listeners.some((other) => other !== listener && other.port === listener.port && other.hostname === host);
  return [...new Set(common)].filter((host) => !isForeign(host));
}
