import type { AiBackend } from "../../model/ai.ts";
import type { Backend } from "../../model/backend.ts";
import type { RouteMatch, Rule } from "../../model/route.ts";
import type { RateLimit } from "../../model/traffic.ts";
import type { Resource } from "../resource.ts";
import type { Context } from "./context.ts";
import { compileHttpRule } from "./http-rules.ts";
import { modelHeader } from "./models.ts";
import type { Attached } from "./policies.ts";
import { printOf } from "./print.ts";
import { compileReference, type Upstreams } from "./references.ts";
import { compileValueMatch } from "./regex.ts";
import { type Route, ruleKey } from "./routes.ts";
import { compileLimits } from "./traffic/limits.ts";
import { compileResponses } from "./traffic/responses.ts";
import { compileRetry, compileTimeouts } from "./traffic/retry.ts";
import { effectivePolicy, type TrafficPolicy } from "./traffic/traffic-policy.ts";
import { compileUpstream } from "./traffic/upstream.ts";

type AiRoute = Resource<"AIGatewayRoute">;
type WrittenRule = AiRoute["value"]["spec"]["rules"][number];
type WrittenMatch = WrittenRule["matches"][number];

/** Matches without the host they are for. */
export type MatchDraft = Omit<RouteMatch, "name">;

export interface CompiledRule {
  readonly rule: Rule;
  readonly matches: readonly MatchDraft[];
  readonly aiBackends: readonly AiBackend[];
  readonly backends: readonly Backend[];
  readonly limits: readonly RateLimit[];
}

/** Without a Gateway there are no policies, but all else of a route can be judged. */
export function compileRules(
  context: Context,
  upstreams: Upstreams,
  policies: Attached<"BackendTrafficPolicy"> | undefined,
  route: Route,
  costKeys: ReadonlySet<string>,
): CompiledRule[] {
  const policyOf = (name: string | undefined) =>
    effectivePolicy(context, [
      policies?.forRule(route, name),
      policies?.forRoute(route),
      policies?.forGateway(),
    ]);
  return route.kind === "HTTPRoute"
    ? route.value.spec.rules.map((written, index) =>
        compileHttpRule(context, upstreams, policyOf(written.name), route, written, index, costKeys),
      )
    : route.value.spec.rules.map((written, index) =>
        compileRule(context, upstreams, policyOf(written.name), route, written, index, costKeys),
      );
}

function compileRule(
  context: Context,
  upstreams: Upstreams,
  policy: TrafficPolicy | undefined,
  route: AiRoute,
  written: WrittenRule,
  index: number,
  costKeys: ReadonlySet<string>,
): CompiledRule {
  const path = ["spec", "rules", index];
  const key = ruleKey(route, index);
  const refs = written.backendRefs.flatMap(
    (ref, position) =>
      compileReference(context, upstreams, { route, rule: index, index: position, written: ref }) ?? [],
  );
  const retry = compileRetry(policy);
  const upstream = compileUpstream(policy);
  const timeouts = compileTimeouts(written, policy);
  const place = `${route.id.namespace}/${route.id.name}/${written.name ?? index}`;
  const limits = compileLimits(context, policy, { rule: place, costKeys });
  const traffic = {
    ...compileResponses(context, policy),
    ...(limits.length === 0 ? {} : { limits: limits.map((limit) => limit.key) }),
  };
  const action = {
    type: "forward" as const,
    isAi: true,
    refs: refs.map(({ ref }) => ref),
    timeouts,
    ...(retry === undefined ? {} : { retry }),
    ...(upstream === undefined ? {} : { upstream }),
    host: { type: "backend" as const },
  };
  const { group, kind, namespace, name } = route.id;
  const identity = {
    route: { group, kind, namespace, name },
    ...(written.name === undefined ? {} : { name: written.name }),
  };
  const rule: Rule = {
    key,
    print: printOf({ ...identity, ...action, ...traffic, refs: refs.map(({ print }) => print) }),
    at: context.origins.at(route, path),
    ...(written.timeouts === undefined
      ? {}
      : { why: { timeouts: context.origins.at(route, [...path, "timeouts"]) } }),
    ...identity,
    index,
    action,
    ...traffic,
  };
  return {
    rule,
    matches: compileMatches(context, route, written.matches, index, key),
    aiBackends: refs.flatMap(({ ai }) => ai ?? []),
    backends: refs.flatMap(({ backend }) => backend ?? []),
    limits,
  };
}

/** A rule without matches takes every request. */
function compileMatches(
  context: Context,
  route: AiRoute,
  matches: readonly WrittenMatch[],
  rule: number,
  key: string,
): MatchDraft[] {
  const path = ["spec", "rules", rule];
  const anyPath = { type: "prefix", value: "/" } as const;
  if (matches.length === 0) {
    return [{ at: context.origins.at(route, path), rule: key, path: anyPath, headers: [], model: [] }];
  }
  return matches.map(({ headers }, index) => {
    const read = headers.map((header, position) => ({
      name: header.name.toLowerCase(),
      value: compileValueMatch(context, route, [...path, "matches", index, "headers", position], header),
    }));
    return {
      at: context.origins.at(route, [...path, "matches", index]),
      rule: key,
      path: anyPath,
      headers: read.filter(({ name }) => name !== modelHeader),
      model: read.filter(({ name }) => name === modelHeader).map(({ value }) => value),
    };
  });
}
