import type { Cost, Counter } from "../../model/ai.ts";
import { compileCount } from "../../policy/cel.ts";
import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import type { RequestCost } from "../resources/ai-gateway/request-costs.ts";
import type { Context } from "./context.ts";

const counters: { readonly [type in Exclude<RequestCost["type"], "CEL">]: Counter } = {
  InputToken: "input",
  CachedInputToken: "cachedInput",
  CacheCreationInputToken: "cacheCreationInput",
  OutputToken: "output",
  ReasoningToken: "reasoning",
  TotalToken: "total",
};

/** Costs in the order written; of two for one metadata key the later counts. */
export function compileCosts(
  context: Context,
  resource: Resource,
  path: Path,
  costs: readonly RequestCost[],
): Cost[] {
  const last = new Map(costs.map(({ metadataKey }, index) => [metadataKey, index]));
  const compiled: Cost[] = [];
  for (const [index, { metadataKey, type, cel }] of costs.entries()) {
    const at = context.origins.at(resource, [...path, index]);
    if (type === "CEL") checkCount(context, resource, [...path, index, "cel"], cel);
    if (last.get(metadataKey) !== index) continue;
    const amount = type === "CEL" ? { source: cel ?? "", result: "count" as const } : counters[type];
    compiled.push({ at, metadataKey, amount });
  }
  return compiled;
}

function checkCount({ report }: Context, resource: Resource, path: Path, source = ""): void {
  if (source.trim() === "") {
    report.error(originOf(resource, path), "missing-cel", "missing CEL expression");
    return;
  }
  try {
    compileCount(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.error(originOf(resource, path), "invalid-cel", `invalid CEL expression: ${reason}`);
  }
}

/** Costs of all routes, from the GatewayConfig that the Gateway's annotation names. */
export function compileGlobalCosts(context: Context, gateway: Resource<"Gateway">): Cost[] {
  const annotation = "aigateway.envoyproxy.io/gateway-config";
  const name = gateway.value.metadata.annotations[annotation];
  if (name === undefined) return [];
  const found = context.inventory.find("GatewayConfig", gateway.id.namespace, name);
  if (found.type === "missing") {
    const message = `names GatewayConfig "${gateway.id.namespace}/${name}", which is not in the configuration; defaults apply`;
    context.report.warning(
      originOf(gateway, ["metadata", "annotations", annotation]),
      "missing-reference",
      message,
    );
  }
  if (found.type !== "found") return [];
  const { globalLLMRequestCosts } = found.resource.value.spec;
  return compileCosts(context, found.resource, ["spec", "globalLLMRequestCosts"], globalLLMRequestCosts);
}
