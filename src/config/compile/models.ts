import type { ListedModel, ModelLists } from "../../model/ai.ts";
import type { Resource } from "../resource.ts";
import type { Context } from "./context.ts";

/** The header that carries a request's model while it is routed. */
export const modelHeader = "x-ai-eg-model";

interface Listed {
  readonly model: ListedModel;
  readonly hosts: readonly string[];
}

/** The models that `/v1/models` names: those that rules match exactly. Routes come sorted. */
export function compileModelLists(
  context: Context,
  routes: readonly Resource<"AIGatewayRoute">[],
): ModelLists {
  const listed = routes.flatMap((route) => modelsOf(context, route));
  const unscoped = listed.filter(({ hosts }) => hosts.length === 0);
  const byHost: { [host: string]: ListedModel[] } = {};
  for (const host of new Set(listed.flatMap(({ hosts }) => hosts))) {
    const own = listed.filter(({ hosts }) => hosts.includes(host));
    byHost[host] = withoutRepeats([...own, ...unscoped]);
  }
  return { all: withoutRepeats(listed), byHost, unscoped: withoutRepeats(unscoped) };
}

function modelsOf({ origins, world }: Context, route: Resource<"AIGatewayRoute">): Listed[] {
  const { rules, hostnames } = route.value.spec;
  return rules.flatMap(({ matches, modelsOwnedBy, modelsCreatedAt }, rule) =>
    matches.flatMap(({ headers }, match) =>
      headers.flatMap(({ name, type, value }, header) => {
        if (name.toLowerCase() !== modelHeader || type !== "Exact") return [];
        const at = origins.at(route, ["spec", "rules", rule, "matches", match, "headers", header, "value"]);
        const createdAtMs = modelsCreatedAt === undefined ? world.nowMs : Date.parse(modelsCreatedAt);
        return [{ model: { at, id: value, ownedBy: modelsOwnedBy, createdAtMs }, hosts: hostnames }];
      }),
    ),
  );
}

/** The first of each id. */
function withoutRepeats(listed: readonly Listed[]): ListedModel[] {
  const seen = new Set<string>();
  return listed.flatMap(({ model }) => {
    if (seen.has(model.id)) return [];
    seen.add(model.id);
    return [model];
  });
}
