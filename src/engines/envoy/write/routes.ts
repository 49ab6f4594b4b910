import { createHash } from "node:crypto";
import { createEndpointTable } from "../../../endpoints/index.ts";
import { failureStatus } from "../../../model/failure.ts";
import type { GatewayModel } from "../../../model/gateway.ts";
import type { Listener, VirtualHost } from "../../../model/listener.ts";
import type { BackendRef, Forward, RouteMatch, Rule } from "../../../model/route.ts";
import { configuredKeys, configuredNamespace, modelHeader, retryHeader } from "../names.ts";
import {
  hasEntryCors,
  writeEntryFilters,
  writePlainFilters,
  writeRouteAccess,
  writeRuleFilters,
} from "./access.ts";
import { clusterName, hasOneEndpoint, isSplit, liveRefs, mayRenew, refClusterName } from "./clusters.ts";
import { writeCompression } from "./compression.ts";
import { type MatchFacts, writeMatchFacts, writeTextMatch } from "./matches.ts";
import { writeMcpRoutes } from "./mcp-routes.ts";
import { writeAnswerLimit, writeHostRewrite, writePlain, writeRefCluster } from "./plain-routes.ts";
import { duration, extension, type JsonObject, type Resource, typed } from "./proto.ts";
import { heedRetryAfter, writeHashPolicy } from "./upstream-policy.ts";

export function routesName(listener: Listener): string {
  return listener.key;
}

/**
 * Beginning of the statistics of all listeners. Listeners share their routes, and the statistics of those, with ones
 * that drain, so it must not change with a port.
 */
export const statisticsPrefix = "gateway";

/** In bytes, of the requests of a listener. */
export function largestBody({ chains }: Listener): number {
  return Math.max(...chains.map(({ client }) => client.maxBufferedBytes));
}

export function routesFile(listener: Listener): string {
  return `rds-${createHash("sha256").update(routesName(listener)).digest("hex").slice(0, 16)}.json`;
}

/** Routes have a file for each listener, and statistics that begin so. */
export interface WrittenRoutes {
  readonly file: string;
  readonly statistics: string;
  readonly resource: Resource;
}

/** Everything that a listener's requests are matched by. */
export function writeRoutes(listener: Listener, model: GatewayModel): WrittenRoutes {
  const name = routesName(listener);
  const taken = new Set<string>();
  const hosts = listener.chains.flatMap(({ hosts }) => hosts);
  const value = typed("envoy.config.route.v3.RouteConfiguration", {
    name,
    ignore_port_in_host_matching: true,
    ...writeAnswerLimit(model),
    virtual_hosts: hosts.flatMap((host) => writeHost(host, listener, model, taken)),
  });
  return {
    file: routesFile(listener),
    statistics: `http.${statisticsPrefix}.rds.${name.replaceAll(":", "_")}.`,
    resource: { name, value },
  };
}

/** Of two hosts with one name the first has it. */
function writeHost(
  host: VirtualHost,
  listener: Listener,
  model: GatewayModel,
  taken: Set<string>,
): JsonObject[] {
  const domains = host.domains.filter((domain) => !taken.has(domain));
  if (domains.length === 0) return [];
  for (const domain of domains) taken.add(domain);
  const rules = host.matches.flatMap((match) => {
    const rule = model.rules[match.rule];
    return rule === undefined ? [] : [{ match, rule }];
  });
  const first = rules.findIndex(({ rule }) => isAi(rule));
  const entry = first === -1 ? rules.length : first;
  const write = ({ match, rule }: MatchedRule) => writeMatch(match, rule, host, listener, model);
  const [before, behind] = [rules.slice(0, entry), rules.slice(entry)];
  const routes = [
    ...writeMcpRoutes(host, listener, model),
    ...before.map(write),
    ...(host.isAi ? writeEntry(host, listener, model, behind) : []),
    ...behind.map(write),
    // What no rule of plain HTTP wanted either is answered as on hosts that have none.
    ...(host.isAi && hasPlain(behind) ? aiEntry(host, listener, model, { prefix: "/" }) : []),
  ];
  return [{ name: domains.join(","), domains, routes }];
}

interface MatchedRule {
  readonly match: RouteMatch;
  readonly rule: Rule;
}

function isAi({ action }: Rule): boolean {
  return action.type === "forward" && action.isAi;
}

function hasPlain(rules: readonly MatchedRule[]): boolean {
  return rules.some(({ rule }) => !isAi(rule));
}

/** Rules of plain HTTP behind the entry can have all but the paths of AI endpoints. */
function writeEntry(
  host: VirtualHost,
  listener: Listener,
  model: GatewayModel,
  behind: readonly MatchedRule[],
): JsonObject[] {
  const paths = hasPlain(behind) ? endpointPaths : [{ prefix: "/" }];
  return paths.flatMap((path) => aiEntry(host, listener, model, path));
}

const endpointPaths: readonly JsonObject[] = createEndpointTable().paths.map(
  (path): JsonObject => (path.endsWith("/models") ? { path_separated_prefix: path } : { path }),
);

/**
 * Takes requests before their model is known, so that the processor is asked. It answers what is no AI request; for
 * the others it sets the model, and the routes behind this one are matched. It has no name: nothing was chosen. Before
 * it, a body whose length is told and is too large is refused before any of it is read.
 */
function aiEntry(host: VirtualHost, listener: Listener, model: GatewayModel, path: JsonObject): JsonObject[] {
  const range_match = { start: largestBody(listener) + 1, end: Number.MAX_SAFE_INTEGER };
  return [
    {
      match: { ...path, headers: [{ name: "content-length", range_match }] },
      direct_response: { status: failureStatus.request_too_large },
    },
    {
      match: { ...path, headers: [noModel] },
      typed_per_filter_config: writeEntryFilters(host, model),
      // The filter for other origins passes over routes that answer directly; this one leads nowhere, too.
      ...(hasEntryCors(host, model)
        ? { route: { cluster: brokenCluster } }
        : { direct_response: { status: 500 } }),
    },
  ];
}

function writeMatch(
  match: RouteMatch,
  rule: Rule,
  host: VirtualHost,
  listener: Listener,
  model: GatewayModel,
): JsonObject {
  const { action } = rule;
  const facts = writeMatchFacts(match);
  if (action.type !== "forward" || !action.isAi)
    return {
      name: match.name,
      match: isAskedAlone(match, host) ? withoutModel(facts) : facts,
      ...writePlainFilters(match, rule, model),
      ...writePlain(rule, listener, (forward) => writeForward(rule, forward, model)),
    };
  const routeName = `${rule.route.namespace}/${rule.route.name}`;
  return {
    name: match.name,
    match: { ...facts, headers: [...facts.headers, ...writeModelMatches(match)] },
    route: writeForward(rule, action, model),
    metadata: {
      filter_metadata: {
        [configuredNamespace]: { [configuredKeys.route]: routeName, ...writeRouteAccess(match) },
      },
    },
    typed_per_filter_config: { ...writeRuleFilters(match, model), ...writeCompression(rule) },
  };
}

const noModel: JsonObject = { name: modelHeader, present_match: true, invert_match: true };

/**
 * Where a model is known the processor has been asked already, about the AI rules: a rule of plain HTTP that asks
 * something else is only for requests that come to it directly.
 */
function isAskedAlone({ access }: RouteMatch, { isAi, entry }: VirtualHost): boolean {
  return isAi && access !== undefined && access !== entry?.access;
}

function withoutModel(facts: MatchFacts): MatchFacts {
  return { ...facts, headers: [...facts.headers, noModel] };
}

/** An AI rule is looked at only when there is a model, be it the empty one. */
function writeModelMatches({ model }: RouteMatch): JsonObject[] {
  if (model.length === 0) return [{ name: modelHeader, present_match: true }];
  return model.map((text) => ({ name: modelHeader, string_match: writeTextMatch(text) }));
}

const hourMs = 60 * 60_000;

function writeForward(rule: Rule, action: Forward, model: GatewayModel): JsonObject {
  const { timeouts } = action;
  const { requestMs, streamIdleMs = requestMs === 0 ? 0 : Math.max(hourMs, requestMs) } = timeouts;
  return {
    ...writeTarget(rule, model),
    timeout: duration(requestMs),
    idle_timeout: duration(streamIdleMs),
    ...writeHostRewrite(action.host),
    ...writeHashPolicy(action),
    ...writeRetry(rule, action, model),
  };
}

/** A cluster of no such name: what has the share of a broken reference. */
const brokenCluster = "broken-backend";

/** The rule's own cluster, or one for each reference; those that are broken keep their share of the best priority. */
function writeTarget(rule: Rule, model: GatewayModel): JsonObject {
  const refs = liveRefs(rule);
  const best = refs.filter(({ priority }) => priority === refs[0]?.priority);
  const broken = sumWeights(best.filter((ref) => isBroken(ref, model)));
  const sound = best.filter((ref) => !isBroken(ref, model));
  const isApart = isSplit(rule);
  const name = clusterName(rule);
  if (broken === 0 && sound.length > 0 && !isApart) return { cluster: name };
  const refusal = { cluster_not_found_response_code: "INTERNAL_SERVER_ERROR" };
  if (sound.length === 0) return { cluster: brokenCluster, ...refusal };
  const clusters = [
    ...(isApart
      ? sound.map((ref) => writeRefCluster(refClusterName(rule, ref), ref))
      : [{ name, weight: sumWeights(sound) }]),
    ...(broken === 0 ? [] : [{ name: brokenCluster, weight: broken }]),
  ];
  return { weighted_clusters: { clusters }, ...refusal };
}

function isBroken({ backend, broken }: BackendRef, model: GatewayModel): boolean {
  return broken !== undefined || backend === undefined || model.backends[backend] === undefined;
}

function sumWeights(refs: readonly BackendRef[]): number {
  return refs.reduce((sum, { weight }) => sum + weight, 0);
}

/** Limits of single tries are part of the policy for retries even where there are none. */
function writeRetry(rule: Rule, { retry, timeouts }: Forward, model: GatewayModel): JsonObject {
  const { perTryMs, perTryIdleMs } = timeouts;
  const hasRenewals = mayRenew(rule, model);
  const renewal = { retriable_headers: [{ name: retryHeader, present_match: true }] };
  const limits = {
    ...(hasRenewals && renewal),
    ...(perTryMs === undefined ? {} : { per_try_timeout: duration(perTryMs) }),
    ...(perTryIdleMs === undefined ? {} : { per_try_idle_timeout: duration(perTryIdleMs) }),
  };
  if (retry === undefined && hasRenewals) {
    return { retry_policy: { ...limits, retry_on: "retriable-headers", num_retries: 1 } };
  }
  if (retry === undefined) return Object.keys(limits).length === 0 ? {} : { retry_policy: limits };
  const { triggers, statuses, retries, baseBackOffMs, maxBackOffMs, attemptsPerPriority } = retry;
  return {
    retry_policy: {
      ...limits,
      retry_on: [...triggers, ...(hasRenewals ? ["retriable-headers"] : [])].join(","),
      ...(statuses.length === 0 ? {} : { retriable_status_codes: statuses }),
      num_retries: hasRenewals ? Math.max(retries, 1) : retries,
      retry_back_off: { base_interval: duration(baseBackOffMs), max_interval: duration(maxBackOffMs) },
      ...(hasOneEndpoint(rule, model) ? heedRetryAfter : {}),
      retry_host_predicate: [
        extension(
          "envoy.retry_host_predicates.previous_hosts",
          "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        ),
      ],
      host_selection_retry_max_attempts: 5,
      ...(attemptsPerPriority === undefined
        ? {}
        : {
            retry_priority: extension(
              "envoy.retry_priorities.previous_priorities",
              "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
              { update_frequency: attemptsPerPriority },
            ),
          }),
    },
  };
}
