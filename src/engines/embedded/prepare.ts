import { createEndpointTable, type EndpointTable } from "../../endpoints/index.ts";
import { type ExchangeHooks, type ExchangeTwin, prepareExchange } from "../../exchange/prepare.ts";
import type { GatewayModel } from "../../model/gateway.ts";
import type { FilterChain, Listener, VirtualHost } from "../../model/listener.ts";
import type { Key } from "../../model/origin.ts";
import type { BackendRef, RouteMatch, Rule } from "../../model/route.ts";
import type { Secrets } from "../../model/values.ts";
import type { Gatekeeper } from "../../policy/access/gatekeeper.ts";
import type { KeySets } from "../../policy/access/key-set.ts";
import { prepareLogPath } from "../../policy/access/secret-parameters.ts";
import { HostTable } from "../../policy/host.ts";
import { MatchTable } from "../../policy/match.ts";
import { Cluster } from "../../policy/upstream/cluster.ts";
import { Host } from "../../policy/upstream/host.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { RecordListener } from "../../telemetry/request-record.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import { createAccessServices, type Gatekeepers, prepareGatekeepers } from "../access-services.ts";
import { isLoopback } from "../loopback.ts";
import type { McpAggregator, McpEndpoints } from "../mcp.ts";
import type { RuleTraffic, TrafficGuard } from "../traffic/guard.ts";
import { McpMounts } from "./mcp-mounts.ts";
import { type PreparedPlain, preparePlain } from "./prepare-plain.ts";
import { type Endpoints, prepareUpstreams, type UpstreamEndpoint } from "./upstream.ts";

/** The prepared twin of a model for this engine: same shape, with pointers for keys and tables for lists. */
export interface EmbeddedTwin {
  readonly model: GatewayModel;
  readonly exchange: ExchangeTwin;
  readonly endpoints: EndpointTable;
  /** By the port that the model names, which for 0 is not the one that is bound. */
  readonly listeners: ReadonlyMap<number, PreparedListener>;
  /** By the prints of their rules. */
  readonly clusters: ReadonlyMap<string, RuleCluster>;
  readonly record: RecordListener | undefined;
  /** Answers the MCP routes of the model; absent where this process has nothing that does. */
  readonly mcp: McpEndpoints | undefined;
  readonly gatekeepers: Gatekeepers;
  /** What logs may show of a path and its query. */
  logPath(path: string): string;
  /** Clients are told more. */
  readonly isDebug: boolean;
}

export interface PreparedListener {
  readonly port: number;
  readonly maxBodyBytes: number;
  /** It can only be reached from this machine. */
  readonly isLocal: boolean;
  /** Of `x-forwarded-for`. */
  readonly trustedHops: number;
  readonly hosts: HostTable<PreparedHost>;
}

export interface PreparedHost {
  readonly isAi: boolean;
  /** Absent: AI endpoints are open to everybody. */
  readonly entry: PreparedEntry | undefined;
  readonly matches: MatchTable<PreparedRoute>;
  readonly mcp: McpMounts | undefined;
}

/** Who is asked while the rule is unknown; `isLate`: each rule has its own. */
export interface PreparedEntry {
  readonly gatekeeper: Gatekeeper;
  readonly isLate: boolean;
}

/** A rule as one of its matches found it; the match has the name that logs show. */
export interface PreparedRoute {
  readonly name: string;
  readonly rule: PreparedRule;
  readonly gatekeeper: Gatekeeper | undefined;
}

export interface PreparedRule {
  readonly rule: Rule;
  /** None where the rule answers by itself. */
  readonly refs: readonly PreparedRef[];
  /** Knows which backends are well. Kept from one load to the next while the rule stays what it is. */
  readonly cluster: RuleCluster;
  /** What is asked of a rule of plain HTTP; absent for AI. */
  readonly plain: PreparedPlain | undefined;
  /** What else it does to requests and answers; absent where that is nothing. */
  readonly traffic: RuleTraffic | undefined;
}

export interface PreparedRef extends BackendRef {
  /** The value of the header that is injected. */
  readonly secret: string | undefined;
}

export type RuleCluster = Cluster<UpstreamEndpoint>;
/** What twins of all models share. */
export interface TwinParts {
  readonly telemetry: Telemetry;
  readonly hooks: ExchangeHooks;
  readonly runtime: Runtime;
  readonly keySets: KeySets;
  readonly aggregator: McpAggregator | undefined;
  readonly isDebug: boolean;
  readonly guard: TrafficGuard;
}

export function prepareEmbedded(
  model: GatewayModel,
  secrets: Secrets,
  { telemetry, hooks, runtime, keySets, guard, aggregator, isDebug }: TwinParts,
  before?: EmbeddedTwin,
): EmbeddedTwin {
  const upstreams = prepareUpstreams(model.backends, secrets);
  const clusters = before?.clusters ?? new Map<string, RuleCluster>();
  const traffic = guard.prepare(model);
  const rules = new Map(
    Object.values(model.rules).map((rule) => [
      rule.key,
      { ...prepareRule(rule, upstreams, clusters, secrets), traffic: traffic.get(rule.key) },
    ]),
  );
  const mcp = aggregator?.prepare(model, secrets, (key) => upstreams.get(key) ?? []);
  const services = createAccessServices(runtime, keySets, upstreams);
  const gatekeepers = prepareGatekeepers(model.access, secrets, services);
  return {
    model,
    exchange: prepareExchange(model, secrets, hooks),
    clusters: new Map([...rules.values()].map(({ rule, cluster }) => [rule.print, cluster])),
    endpoints: createEndpointTable(),
    listeners: new Map(
      model.listeners.map((listener) => [listener.port, prepareListener(listener, rules, gatekeepers, mcp)]),
    ),
    gatekeepers,
    logPath: prepareLogPath(model.access),
    record: telemetry.recordListener(model.accessLogs),
    mcp,
    isDebug,
  };
}

function prepareRule(
  rule: Rule,
  upstreams: Endpoints,
  clusters: ReadonlyMap<string, RuleCluster>,
  secrets: Secrets,
): Omit<PreparedRule, "traffic"> {
  const { action } = rule;
  const forward = action.type === "forward" ? action : undefined;
  const refs = (forward?.refs ?? []).map((ref) => ({
    ...ref,
    secret: ref.injected === undefined ? undefined : secrets.value(ref.injected.value),
  }));
  const plain = forward?.isAi === true ? undefined : preparePlain(rule, upstreams);
  const known = clusters.get(rule.print);
  if (known !== undefined) return { rule, refs, plain, cluster: known };
  const groups = refs.map((ref, position) => ({
    ref: { ...ref, position },
    hosts: (upstreams.get(ref.backend ?? "") ?? []).map((endpoint) => new Host(endpoint, endpoint.name)),
  }));
  return { rule, refs, plain, cluster: new Cluster(groups, forward?.upstream, performance.now()) };
}

/** Plain HTTP listeners of one port share one chain; TLS chains by server name come with HTTPS listeners. */
function prepareListener(
  listener: Listener,
  rules: ReadonlyMap<string, PreparedRule>,
  gatekeepers: Gatekeepers,
  mcp: McpEndpoints | undefined,
): PreparedListener {
  const chains: readonly FilterChain[] = listener.chains;
  return {
    port: listener.port,
    isLocal: isLoopback(listener.address),
    trustedHops: chains[0]?.client.trustedHops ?? 0,
    maxBodyBytes: Math.max(...chains.map((chain) => chain.client.maxBufferedBytes)),
    hosts: new HostTable(
      chains.flatMap((chain) =>
        chain.hosts.map((host) => ({
          domains: host.domains,
          value: prepareHost(host, rules, gatekeepers, mcp),
        })),
      ),
    ),
  };
}

function prepareHost(
  { isAi, entry, matches, mcp: mounts }: VirtualHost,
  rules: ReadonlyMap<string, PreparedRule>,
  gatekeepers: Gatekeepers,
  mcp: McpEndpoints | undefined,
): PreparedHost {
  return {
    isAi,
    entry: entry && { gatekeeper: gatekeeperOf(entry.access, gatekeepers), isLate: entry.isLate },
    matches: new MatchTable(prepareMatches(matches, rules, gatekeepers)),
    mcp: mcp && mounts && new McpMounts(mounts, mcp),
  };
}

/** What was to be protected must not be open. */
export function gatekeeperOf(key: Key, gatekeepers: Gatekeepers): Gatekeeper {
  const gatekeeper = gatekeepers.get(key);
  if (gatekeeper === undefined) throw new Error(`the model has no access ${key}`);
  return gatekeeper;
}

function prepareMatches(
  matches: readonly RouteMatch[],
  rules: ReadonlyMap<string, PreparedRule>,
  gatekeepers: Gatekeepers,
) {
  return matches.flatMap((match) => {
    const rule = rules.get(match.rule);
    if (rule === undefined) return [];
    const gatekeeper = match.access === undefined ? undefined : gatekeeperOf(match.access, gatekeepers);
    return [{ match, value: { name: match.name, rule, gatekeeper }, isAi: rule.plain === undefined }];
  });
}
