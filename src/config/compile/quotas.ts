import type { Cost } from "../../model/ai.ts";
import type { Quota, RateLimit } from "../../model/traffic.ts";
import { compileCount } from "../../policy/cel.ts";
import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import { sortByName } from "./conflicts.ts";
import type { Context } from "./context.ts";
import { printOf } from "./print.ts";
import { compileSelector, costNamespace } from "./traffic/limits.ts";

type Policy = Resource<"QuotaPolicy">;
type Written = NonNullable<Policy["value"]["spec"]["perModelQuotas"]>[number];
type Amount = NonNullable<Written["quota"]["defaultBucket"]>;

/** What the cost of a quota is written under. */
const quotaCostKey = "quota_cost";

const durationMs = { "1s": 1000, "1m": 60_000, "1h": 3_600_000, "1d": 86_400_000 } as const;

/** A backend's quota for a model, and what its requests cost. */
export interface CompiledQuota {
  readonly quota: Quota;
  readonly cost: Cost;
}

/** All quotas; of two for one backend and model the first by name counts. */
export function compileQuotas(context: Context): CompiledQuota[] {
  const byTarget = new Map<string, { readonly compiled: CompiledQuota; readonly policy: Policy }>();
  for (const policy of sortByName(context.inventory.all("QuotaPolicy"))) {
    const { targetRefs = [], perModelQuotas = [] } = policy.value.spec;
    for (const [position, { name }] of targetRefs.entries()) {
      const backend = `${policy.id.namespace}/${name}`;
      if (!isThere(context, policy, ["spec", "targetRefs", position, "name"], name)) continue;
      for (const [index, written] of perModelQuotas.entries()) {
        const target = `${backend} ${written.modelName}`;
        const rival = byTarget.get(target);
        const path = ["spec", "perModelQuotas", index];
        if (rival === undefined)
          byTarget.set(target, { policy, compiled: compileQuota(context, policy, path, backend, written) });
        else sayRival(context, policy, path, rival.policy, target);
      }
    }
  }
  return [...byTarget.values()].map(({ compiled }) => compiled);
}

function isThere({ inventory, report }: Context, policy: Policy, path: Path, name: string): boolean {
  const found = inventory.find("AIServiceBackend", policy.id.namespace, name);
  if (found.type === "missing") {
    const message = `references AIServiceBackend "${policy.id.namespace}/${name}", which is not in the configuration`;
    report.error(originOf(policy, path), "missing-target", message);
  }
  return found.type === "found";
}

function sayRival({ report }: Context, policy: Policy, path: Path, rival: Policy, target: string): void {
  const message = `has no effect: QuotaPolicy ${rival.id.namespace}/${rival.id.name} has a quota for ${target} already`;
  report.warning(originOf(policy, path), "policy-conflict", message, {
    related: [["the one in effect", originOf(rival)]],
  });
}

function compileQuota(
  context: Context,
  policy: Policy,
  path: Path,
  backend: string,
  { modelName: model, quota }: Written,
): CompiledQuota {
  const { costExpression, defaultBucket, bucketRules = [] } = quota;
  const at = context.origins.at(policy, path);
  const place = { origin: (field: Path) => originOf(policy, field) };
  const rules = bucketRules.map((rule, index) => {
    const at = [...path, "quota", "bucketRules", index];
    const selectors = (rule.clientSelectors ?? []).map((selector, position) =>
      compileSelector(context, place, [...at, "clientSelectors", position], selector),
    );
    const name = `${backend} ${model}/rule/${index}`;
    return compileBucket(context, policy, at, name, rule.quota, selectors, rule.shadowMode ?? false);
  });
  const bucketAt = [...path, "quota", "defaultBucket"];
  const common =
    defaultBucket === undefined
      ? []
      : [compileBucket(context, policy, bucketAt, `${backend} ${model}/default`, defaultBucket, [], false)];
  const buckets = [...common, ...rules];
  const key = `${backend} ${model}`;
  if (costExpression !== undefined)
    checkCost(context, policy, [...path, "quota", "costExpression"], costExpression);
  return {
    quota: { key, print: printOf({ backend, model, buckets }), at, backend, model, buckets },
    cost: {
      at,
      metadataKey: quotaCostKey,
      amount: costExpression === undefined ? "total" : { source: costExpression, result: "count" },
      backend,
      model,
    },
  };
}

function compileBucket(
  { origins }: Context,
  policy: Policy,
  path: Path,
  name: string,
  { limit, duration }: Amount,
  selectors: RateLimit["selectors"],
  isShadow: boolean,
): RateLimit {
  const key = `quota/${name}`;
  const content = {
    algorithm: "window" as const,
    amount: limit,
    unitMs: durationMs[duration],
    isShadow,
    selectors,
    requestCost: 0,
    answerCost: { namespace: costNamespace, key: quotaCostKey },
  };
  return { key, print: printOf({ of: key, ...content }), at: origins.at(policy, path), ...content };
}

function checkCost({ report }: Context, policy: Policy, path: Path, source: string): void {
  try {
    compileCount(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.error(originOf(policy, path), "invalid-cel", `invalid CEL expression: ${reason}`);
  }
}
