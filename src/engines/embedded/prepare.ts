import { createEndpointTable, type EndpointTable } from "../../endpoints/index.ts";
import { type ExchangeHooks, type ExchangeTwin, prepareExchange } from "../../exchange/prepare.ts";
import type { Backend } from "../../model/backend.ts";
import type { GatewayModel } from "../../model/gateway.ts";
import type { FilterChain, Listener } from "../../model/listener.ts";
import type { BackendRef, RouteMatch, Rule } from "../../model/route.ts";
import type { Secrets } from "../../model/values.ts";
import { HostTable } from "../../policy/host.ts";
import { MatchTable } from "../../policy/match.ts";
import { Cluster } from "../../policy/upstream/cluster.ts";
import { Host } from "../../policy/upstream/host.ts";
import type { RecordListener } from "../../telemetry/request-record.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { McpAggregator, McpEndpoints } from "../mcp.ts";
import { McpMounts } from "./mcp-mounts.ts";
import { type PreparedPlain, preparePlain } from "./prepare-plain.ts";
import { prepareEndpoints, type UpstreamEndpoint } from "./upstream.ts";

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
  /** Clients are told more. */
  readonly isDebug: boolean;
}

export interface PreparedListener {
  readonly port: number;
  readonly maxBodyBytes: number;
  /** It can only be reached from this machine. */
  readonly isLocal: boolean;
  readonly hosts: HostTable<PreparedHost>;
}

export interface PreparedHost {
  readonly isAi: boolean;
  readonly matches: MatchTable<PreparedRoute>;
  readonly mcp: McpMounts | undefined;
}

/** A rule as one of its matches found it; the match has the name that logs show. */
export interface PreparedRoute {
  readonly name: string;
  readonly rule: PreparedRule;
}

export interface PreparedRule {
  readonly rule: Rule;
  /** None where the rule answers by itself. */
  readonly refs: readonly PreparedRef[];
  /** Knows which backends are well. Kept from one load to the next while the rule stays what it is. */
  readonly cluster: RuleCluster;
  /** What is asked of a rule of plain HTTP; absent for AI. */
  readonly plain: PreparedPlain | undefined;
}

export interface PreparedRef extends BackendRef {
  /** The value of the header that is injected. */
  readonly secret: string | undefined;
}

export type RuleCluster = Cluster<UpstreamEndpoint>;

export function prepareEmbedded(
  model: GatewayModel,
  secrets: Secrets,
  telemetry: Telemetry,
  hooks: ExchangeHooks,
  isDebug: boolean,
  aggregator: McpAggregator | undefined,
  before?: EmbeddedTwin,
): EmbeddedTwin {
  const upstreams = prepareUpstreams(model.backends, secrets);
  const clusters = new Map([...(before?.clusters ?? [])]);
  const rules = new Map(
    Object.values(model.rules).map((rule) => [rule.key, prepareRule(rule, upstreams, clusters, secrets)]),
  );
  const mcp = aggregator?.prepare(model, secrets, (key) => upstreams.get(key) ?? []);
  return {
    model,
    exchange: prepareExchange(model, secrets, hooks),
    clusters: new Map([...rules.values()].map(({ rule, cluster }) => [rule.print, cluster])),
    endpoints: createEndpointTable(),
    listeners: new Map(
      model.listeners.map((listener) => [listener.port, prepareListener(listener, rules, mcp)]),
    ),
    record: telemetry.recordListener(model.accessLogs),
    mcp,
    isDebug,
  };
}

type Endpoints = ReadonlyMap<string, readonly UpstreamEndpoint[]>;

function prepareUpstreams(backends: { readonly [key: string]: Backend }, secrets: Secrets): Endpoints {
  return new Map(Object.values(backends).map((backend) => [backend.key, prepareEndpoints(backend, secrets)]));
}

function prepareRule(
  rule: Rule,
  upstreams: Endpoints,
  clusters: ReadonlyMap<string, RuleCluster>,
  secrets: Secrets,
): PreparedRule {
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
  mcp: McpEndpoints | undefined,
): PreparedListener {
  const chains: readonly FilterChain[] = listener.chains;
  return {
    port: listener.port,
    isLocal: isLoopback(listener.address),
    maxBodyBytes: Math.max(...chains.map((chain) => chain.client.maxBufferedBytes)),
    hosts: new HostTable(
      chains.flatMap((chain) =>
        chain.hosts.map((host) => ({
          domains: host.domains,
          value: {
            isAi: host.isAi,
            matches: new MatchTable(prepareMatches(host.matches, rules)),
            mcp: mcp && host.mcp && new McpMounts(host.mcp, mcp),
          },
        })),
      ),
    ),
  };
}

function prepareMatches(matches: readonly RouteMatch[], rules: ReadonlyMap<string, PreparedRule>) {
  return matches.flatMap((match) => {
    const rule = rules.get(match.rule);
    if (rule === undefined) return [];
    return [{ match, value: { name: match.name, rule }, isAi: rule.plain === undefined }];
  });
}

function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127(?:\.\d{1,3}){3}$/.test(address);
}
