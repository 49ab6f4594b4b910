import type {
  ActiveHealth,
  Balance,
  Breaker,
  ConnectionPolicy,
  DnsPolicy,
  HashKey,
  Outlier,
  UpstreamPolicy,
} from "../../../model/traffic.ts";
import { parseDurationMs, parseQuantityBytes } from "../../units.ts";
import type { TrafficPolicy, TrafficSpec } from "./traffic-policy.ts";

type Given<K extends keyof TrafficSpec> = NonNullable<TrafficSpec[K]>;

/** What a policy says about a rule's backends; `undefined` where it says nothing of that. */
export function compileUpstream(policy: TrafficPolicy | undefined): UpstreamPolicy | undefined {
  if (policy === undefined) return undefined;
  const { loadBalancer, circuitBreaker, healthCheck, dns } = policy.spec;
  const connections = compileConnections(policy.spec);
  const parts = defined({
    balance: loadBalancer && compileBalance(loadBalancer),
    breaker: circuitBreaker && compileBreaker(circuitBreaker),
    panicPercent: healthCheck?.panicThreshold,
    activeHealth: healthCheck?.active && compileActive(healthCheck.active),
    outlier: healthCheck?.passive && compileOutlier(healthCheck.passive),
    dns: dns && compileDns(dns),
    connections: Object.keys(connections).length === 0 ? undefined : connections,
  });
  return Object.keys(parts).length === 0 ? undefined : { at: policy.at([]), ...parts };
}

/** Without the members that have no value. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function ms(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDurationMs(text);
}

const defaultTableSize = 65_537;

function compileBalance({ type, consistentHash, slowStart }: Given<"loadBalancer">): Balance {
  if (type === "Random") return { type: "random" };
  if (consistentHash !== undefined) {
    return {
      type: "hash",
      by: compileHash(consistentHash),
      tableSize: consistentHash.tableSize ?? defaultTableSize,
    };
  }
  return {
    type: type === "RoundRobin" ? "round-robin" : "least-request",
    ...defined({ slowStartMs: ms(slowStart?.window) }),
  };
}

function compileHash(hash: NonNullable<Given<"loadBalancer">["consistentHash"]>): HashKey[] {
  const { type, header, headers = [], cookie, queryParams = [] } = hash;
  if (type === "SourceIP") return [{ type: "ip" }];
  if (type === "QueryParams") return queryParams.map(({ name }) => ({ type: "query", name }));
  if (type === "Cookie" && cookie !== undefined) {
    const { name, ttl, attributes = {} } = cookie;
    return [{ type: "cookie", name, attributes: Object.entries(attributes), ...defined({ ttlMs: ms(ttl) }) }];
  }
  const named = header === undefined ? headers : [header];
  return named.map(({ name }) => ({ type: "header", name: name.toLowerCase() }));
}

const defaultLimit = 1024;
const defaultBudgetPercent = 20;
const defaultLeastRetries = 3;

/** With one limit written the others are Envoy's usual ones, as the reference has it. */
function compileBreaker(breaker: Given<"circuitBreaker">): Breaker {
  const { retryBudget } = breaker;
  const { numerator = defaultBudgetPercent, denominator = 100 } = retryBudget?.percent ?? {};
  return {
    connections: breaker.maxConnections ?? defaultLimit,
    pending: breaker.maxPendingRequests ?? defaultLimit,
    requests: breaker.maxParallelRequests ?? defaultLimit,
    retries: breaker.maxParallelRetries ?? defaultLimit,
    ...defined({
      retryBudget: retryBudget && {
        percent: (numerator / denominator) * 100,
        least: retryBudget.minRetryConcurrency ?? defaultLeastRetries,
      },
      connectionsPerEndpoint: breaker.perEndpoint?.maxConnections,
    }),
  };
}

function compileActive(active: NonNullable<Given<"healthCheck">["active"]>): ActiveHealth {
  return {
    timeoutMs: ms(active.timeout) ?? 1000,
    intervalMs: ms(active.interval) ?? 3000,
    initialJitterMs: ms(active.initialJitter) ?? 0,
    unhealthy: active.unhealthyThreshold ?? 3,
    healthy: active.healthyThreshold ?? 1,
    check: compileCheck(active),
  };
}

function compileCheck({
  type,
  http,
  tcp,
  grpc,
}: NonNullable<Given<"healthCheck">["active"]>): ActiveHealth["check"] {
  if (type === "GRPC") return { type: "grpc", ...defined({ service: grpc?.service }) };
  if (type === "TCP" || http === undefined) {
    return { type: "tcp", ...defined({ send: payload(tcp?.send), receive: payload(tcp?.receive) }) };
  }
  return {
    type: "http",
    path: http.path,
    method: http.method ?? "GET",
    statuses: http.expectedStatuses ?? [200],
    ...defined({ host: http.hostname, text: payload(http.expectedResponse) }),
  };
}

type Payload = { readonly text?: string | undefined; readonly binary?: string | undefined };

/** Bytes as text of one character each. */
function payload(given: Payload | undefined): string | undefined {
  return given?.text ?? (given?.binary === undefined ? undefined : atob(given.binary));
}

function compileOutlier(passive: NonNullable<Given<"healthCheck">["passive"]>): Outlier {
  return {
    intervalMs: ms(passive.interval) ?? 3000,
    ejectionMs: ms(passive.baseEjectionTime) ?? 30_000,
    consecutive5xx: passive.consecutive5XxErrors ?? 5,
    consecutiveLocal: passive.consecutiveLocalOriginFailures ?? 5,
    splitsLocal: passive.splitExternalLocalOriginErrors ?? false,
    maxPercent: passive.maxEjectionPercent ?? 10,
    alwaysOne: passive.alwaysEjectOneEndpoint ?? false,
    ...defined({
      consecutiveGateway: passive.consecutiveGatewayErrors,
      failurePercent: passive.failurePercentageThreshold,
    }),
  };
}

function compileDns({ dnsRefreshRate, respectDnsTtl, lookupFamily }: Given<"dns">): DnsPolicy {
  return defined({ refreshMs: ms(dnsRefreshRate), respectsTtl: respectDnsTtl, family: lookupFamily });
}

function compileConnections(spec: TrafficSpec): ConnectionPolicy {
  const { timeout, circuitBreaker, connection, tcpKeepalive, http2 } = spec;
  const bytes = (size: string | number | undefined) =>
    size === undefined ? undefined : parseQuantityBytes(size);
  return defined({
    idleMs: ms(timeout?.http?.connectionIdleTimeout),
    maxMs: ms(timeout?.http?.maxConnectionDuration),
    maxRequests: circuitBreaker?.maxRequestsPerConnection,
    bufferBytes: bytes(connection?.bufferLimit),
    keepalive: tcpKeepalive && {
      ...defined({
        probes: tcpKeepalive.probes,
        idleMs: ms(tcpKeepalive.idleTime),
        intervalMs: ms(tcpKeepalive.interval),
      }),
    },
    http2: http2 && {
      ...defined({
        streamWindowBytes: bytes(http2.initialStreamWindowSize),
        connectionWindowBytes: bytes(http2.initialConnectionWindowSize),
        maxStreams: http2.maxConcurrentStreams,
      }),
    },
  });
}
