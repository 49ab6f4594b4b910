import type { Backend } from "../../model/backend.ts";
import type { FixedAnswer, Forward, Mirror, Redirect, Rule } from "../../model/route.ts";
import { originOf, type Resource } from "../resource.ts";
import type { HttpRule } from "../resources/gateway-api/http-route.ts";
import type { Context } from "./context.ts";
import type { HttpChanges } from "./http-changes.ts";
import { compileHttpFilters } from "./http-filters.ts";
import { compileHttpMatches } from "./http-matches.ts";
import { compileHttpReference, findTarget } from "./http-references.ts";
import { printOf } from "./print.ts";
import type { CompiledRef, Upstreams } from "./references.ts";
import { ruleKey } from "./routes.ts";
import type { CompiledRule } from "./rules.ts";
import { compileLimits } from "./traffic/limits.ts";
import { compileResponses } from "./traffic/responses.ts";
import { compileHttpTimeouts, compileRetry, mergeRouteRetry } from "./traffic/retry.ts";
import type { TrafficPolicy } from "./traffic/traffic-policy.ts";
import { compileUpstream } from "./traffic/upstream.ts";

type Route = Resource<"HTTPRoute">;

/** A rule of an HTTPRoute: plain HTTP, whatever it is about. */
export function compileHttpRule(
  context: Context,
  upstreams: Upstreams,
  policy: TrafficPolicy | undefined,
  route: Route,
  written: HttpRule,
  index: number,
  costKeys: ReadonlySet<string>,
): CompiledRule {
  const path = ["spec", "rules", index];
  const prefix = written.matches[0]?.path.value ?? "/";
  const changes = compileHttpFilters(context, route, [...path, "filters"], written.filters, prefix);
  const refs = written.backendRefs.flatMap(
    (ref, position) =>
      compileHttpReference(
        context,
        upstreams,
        route,
        { rule: index, index: position, prefix },
        ref,
        changes,
      ) ?? [],
  );
  const mirrors = compileMirrors(context, upstreams, route, index, written, changes);
  const action = actionOf(context, policy, route, written, index, changes, refs, mirrors);
  const { group, kind, namespace, name } = route.id;
  const identity = {
    route: { group, kind, namespace, name },
    ...(written.name === undefined ? {} : { name: written.name }),
  };
  const headers = {
    ...(hasEdits(changes.requestHeaders) ? { requestHeaders: changes.requestHeaders } : {}),
    ...(hasEdits(changes.responseHeaders) ? { responseHeaders: changes.responseHeaders } : {}),
  };
  const place = `${namespace}/${name}/${written.name ?? index}`;
  const limits = compileLimits(context, policy, { rule: place, costKeys });
  const traffic = {
    ...compileResponses(context, policy),
    ...(limits.length === 0 ? {} : { limits: limits.map((limit) => limit.key) }),
  };
  const content = action.type === "forward" ? { ...action, refs: refs.map(({ print }) => print) } : action;
  const rule: Rule = {
    key: ruleKey(route, index),
    print: printOf({ ...identity, ...headers, ...traffic, ...content }),
    at: context.origins.at(route, path),
    ...identity,
    index,
    action,
    ...headers,
    ...traffic,
  };
  const used = [...refs.flatMap(({ backend }) => backend ?? []), ...mirrors.map(({ backend }) => backend)];
  return {
    rule,
    matches: compileHttpMatches(context, route, index, written.matches, changes),
    aiBackends: [],
    backends: used,
    limits,
  };
}

function hasEdits({ set, add, remove }: HttpChanges["requestHeaders"]): boolean {
  return set.length + add.length + remove.length > 0;
}

interface MirrorDraft {
  readonly mirror: Mirror;
  readonly backend: Backend;
}

function actionOf(
  context: Context,
  policy: TrafficPolicy | undefined,
  route: Route,
  written: HttpRule,
  index: number,
  { redirect, answer, path, host = { type: "keep" } }: HttpChanges,
  refs: readonly CompiledRef[],
  mirrors: readonly MirrorDraft[],
): Forward | Redirect | FixedAnswer {
  if (redirect !== undefined) return redirect;
  if (answer !== undefined) {
    if (written.backendRefs.length > 0) {
      const origin = originOf(route, ["spec", "rules", index, "backendRefs"]);
      context.report.warning(
        origin,
        "unreachable",
        "is never reached: a filter answers every request of this rule",
      );
    }
    return { type: "answer", answer };
  }
  const retry = mergeRouteRetry(context, route, index, written.retry, compileRetry(policy));
  const upstream = compileUpstream(policy);
  return {
    type: "forward",
    isAi: false,
    refs: refs.map(({ ref }) => ref),
    timeouts: compileHttpTimeouts(written, policy),
    ...(retry === undefined ? {} : { retry }),
    ...(upstream === undefined ? {} : { upstream }),
    ...(path === undefined ? {} : { path }),
    host,
    ...(mirrors.length === 0 ? {} : { mirrors: mirrors.map(({ mirror }) => mirror) }),
  };
}

/** A mirror that leads nowhere is left out, with a warning. */
function compileMirrors(
  context: Context,
  upstreams: Upstreams,
  route: Route,
  rule: number,
  { filters }: HttpRule,
  { mirrors }: HttpChanges,
): MirrorDraft[] {
  return mirrors.flatMap((position) => {
    const mirror = filters[position]?.requestMirror;
    if (mirror === undefined) return [];
    const path = ["spec", "rules", rule, "filters", position, "requestMirror"];
    const target = findTarget(context, upstreams, route, [...path, "backendRef"], mirror.backendRef);
    if (target === undefined || "broken" in target) return [];
    const { percent, fraction } = mirror;
    const share =
      fraction === undefined ? (percent ?? 100) : (fraction.numerator / fraction.denominator) * 100;
    const at = context.origins.at(route, path);
    return [{ mirror: { at, backend: target.backend.key, percent: share }, backend: target.backend }];
  });
}
