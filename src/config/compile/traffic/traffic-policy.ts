import type { At, Origin } from "../../../model/origin.ts";
import type { Path } from "../../diagnostics.ts";
import { originOf, type Resource } from "../../resource.ts";
import type { Context } from "../context.ts";

type Policy = Resource<"BackendTrafficPolicy">;
export type TrafficSpec = Policy["value"]["spec"];

/** The BackendTrafficPolicy in effect for a rule: one, or several merged. Says where each of its fields was written. */
export interface TrafficPolicy {
  readonly spec: TrafficSpec;
  /** The policy that a field comes from. */
  source(path: Path): Policy;
  origin(path: Path): Origin;
  at(path: Path): At;
}

/**
 * `policies`: those for a rule, its route, its listener and its Gateway, the most specific first. The first replaces all
 * others, unless it asks to be merged with the next.
 */
export function effectivePolicy(
  context: Context,
  policies: readonly (Policy | undefined)[],
): TrafficPolicy | undefined {
  const chain: Policy[] = [];
  for (const policy of new Set(policies)) {
    if (policy === undefined) continue;
    chain.push(policy);
    const { mergeType } = policy.value.spec;
    if (mergeType === undefined || mergeType === "Replace") break;
  }
  const [first] = chain;
  if (first === undefined) return undefined;
  const spec = chain
    .map(({ value }) => value.spec)
    .reduceRight((parent, child) => mergeSpecs(parent, child, child.mergeType === "StrategicMerge"));
  const source = (path: Path) => chain.find((policy) => placeIn(policy, spec, path) !== undefined) ?? first;
  const placeOf = (path: Path) => {
    const policy = source(path);
    return [policy, ["spec", ...(placeIn(policy, spec, path) ?? [])]] as const;
  };
  return {
    spec,
    source,
    origin: (path) => originOf(...placeOf(path)),
    at: (path) => context.origins.at(...placeOf(path)),
  };
}

type Fields = { readonly [name: string]: unknown };

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A child's fields win; mappings are merged, and with `isStrategic` lists of named things by their names. */
function mergeSpecs(parent: TrafficSpec, child: TrafficSpec, isStrategic: boolean): TrafficSpec {
  return merge(parent, child, isStrategic) as TrafficSpec;
}

function merge(parent: unknown, child: unknown, isStrategic: boolean): unknown {
  if (child === undefined) return parent;
  if (isFields(parent) && isFields(child)) {
    const names = new Set([...Object.keys(parent), ...Object.keys(child)]);
    return Object.fromEntries(
      [...names].map((name) => [name, merge(parent[name], child[name], isStrategic)]),
    );
  }
  if (!isStrategic || !Array.isArray(parent) || !Array.isArray(child)) return child;
  const own = new Map(child.map((item) => [nameOf(item), item] as const));
  if (own.has(undefined) || parent.some((item) => nameOf(item) === undefined)) return child;
  const kept = parent.filter((item) => !own.has(nameOf(item)));
  return [...kept, ...child];
}

function nameOf(item: unknown): string | undefined {
  return isFields(item) && typeof item["name"] === "string" ? item["name"] : undefined;
}

/** Where a policy has what stands at `path` of the merged spec; items of lists are known by themselves, not by index. */
function placeIn(policy: Policy, merged: TrafficSpec, path: Path): Path | undefined {
  let own: unknown = policy.value.spec;
  let all: unknown = merged;
  const place: (string | number)[] = [];
  for (const step of path) {
    const next: unknown = (all as { [step: string | number]: unknown } | undefined)?.[step];
    if (own === undefined || own === null || next === undefined) return undefined;
    const at = typeof step === "number" ? (own as readonly unknown[]).indexOf(next) : step;
    own = (own as { [step: string | number]: unknown })[at];
    if (own === undefined) return undefined;
    place.push(at);
    all = next;
  }
  return place;
}
