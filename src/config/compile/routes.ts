import type { Inventory, Lookup } from "../inventory.ts";
import { originOf, type Resource } from "../resource.ts";
import { groups } from "../resources/common.ts";
import { sortByName } from "./conflicts.ts";
import type { Context } from "./context.ts";

/** What attaches to a Gateway and may have policies; all are called HTTPRoute there. */
export type Route = Resource<"AIGatewayRoute"> | Resource<"HTTPRoute">;

/** Every route, of whatever kind, in the order in which equal matches win. Complains about two of one name. */
export function allRoutes({ inventory, report }: Context): readonly Route[] {
  const ai = inventory.all("AIGatewayRoute");
  for (const { id, site } of ai) {
    // An AIGatewayRoute becomes an HTTPRoute of its name in a cluster.
    const rival = inventory.siteOf({ ...id, group: groups.gateway, kind: "HTTPRoute" });
    if (rival === undefined) continue;
    const message = `HTTPRoute ${id.namespace}/${id.name} has the name that this route needs`;
    report.error(originOf({ site }), "route-conflict", message, {
      related: [["the HTTPRoute", originOf({ site: rival })]],
      mend: "rename one of them",
    });
  }
  return sortByName<Route>([...ai, ...inventory.all("HTTPRoute")]);
}

/** The route that a policy means by this name. */
export function findRoute(
  inventory: Inventory,
  namespace: string,
  name: string,
): Lookup<"AIGatewayRoute"> | Lookup<"HTTPRoute"> {
  const ai = inventory.find("AIGatewayRoute", namespace, name);
  if (ai.type === "found") return ai;
  const plain = inventory.find("HTTPRoute", namespace, name);
  return plain.type === "missing" ? ai : plain;
}

/** `httproute/NS/NAME/rule/I`: what a rule is called in logs and metrics. */
export function ruleKey({ id }: Route, index: number): string {
  return `httproute/${id.namespace}/${id.name}/rule/${index}`;
}
