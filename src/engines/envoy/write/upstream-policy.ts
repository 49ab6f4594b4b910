import type { Forward } from "../../../model/route.ts";
import type {
  ActiveHealth,
  Balance,
  Breaker,
  ConnectionPolicy,
  DnsPolicy,
  HashKey,
  Outlier,
} from "../../../model/traffic.ts";
import { maxRetryAfterMs } from "../../../policy/retry.ts";
import { duration, type JsonObject } from "./proto.ts";

/** What Envoy would otherwise refuse above 1024; streams are long, and one machine has one gateway. */
const noLimits = {
  max_connections: 65_535,
  max_pending_requests: 65_535,
  max_requests: 65_535,
  max_retries: 65_535,
};

const defaultBufferBytes = 32 * 1024;

/** Fields of a cluster: how requests are spread, what is too much, and who gets none. */
export function writeUpstreamPolicy({ upstream }: Forward): JsonObject {
  const { balance, breaker, panicPercent, activeHealth, outlier, connections } = upstream ?? {};
  const { bufferBytes = defaultBufferBytes, keepalive } = connections ?? {};
  return {
    ...writeBalance(balance),
    common_lb_config: {
      locality_weighted_lb_config: {},
      ...(panicPercent === undefined ? {} : { healthy_panic_threshold: { value: panicPercent } }),
    },
    per_connection_buffer_limit_bytes: bufferBytes,
    circuit_breakers: writeBreaker(breaker),
    ...(outlier === undefined ? {} : { outlier_detection: writeOutlier(outlier) }),
    ...(activeHealth === undefined ? {} : { health_checks: [writeActiveHealth(activeHealth)] }),
    ...(keepalive === undefined
      ? {}
      : { upstream_connection_options: { tcp_keepalive: writeKeepalive(keepalive) } }),
  };
}

function writeBalance(balance: Balance | undefined): JsonObject {
  switch (balance?.type) {
    case "random":
      return { lb_policy: "RANDOM" };
    case "hash":
      return { lb_policy: "MAGLEV", maglev_lb_config: { table_size: balance.tableSize } };
    case "round-robin":
      return { lb_policy: "ROUND_ROBIN", ...writeSlowStart("round_robin_lb_config", balance.slowStartMs) };
    case "least-request":
    case undefined:
      return {
        lb_policy: "LEAST_REQUEST",
        ...writeSlowStart("least_request_lb_config", balance?.slowStartMs),
      };
  }
}

function writeSlowStart(field: string, slowStartMs: number | undefined): JsonObject {
  if (slowStartMs === undefined) return {};
  return { [field]: { slow_start_config: { slow_start_window: duration(slowStartMs) } } };
}

function writeBreaker(breaker: Breaker | undefined): JsonObject {
  if (breaker === undefined) return { thresholds: [noLimits] };
  const { connections, pending, requests, retries, retryBudget, connectionsPerEndpoint } = breaker;
  const threshold = {
    max_connections: connections,
    max_pending_requests: pending,
    max_requests: requests,
    max_retries: retries,
    ...(retryBudget === undefined
      ? {}
      : {
          retry_budget: {
            budget_percent: { value: retryBudget.percent },
            min_retry_concurrency: retryBudget.least,
          },
        }),
  };
  if (connectionsPerEndpoint === undefined) return { thresholds: [threshold] };
  return {
    thresholds: [threshold],
    per_host_thresholds: [{ max_connections: connectionsPerEndpoint }],
  };
}

/** What counts as a failure is configured; how hosts compare with one another only where that is asked for. */
function writeOutlier(outlier: Outlier): JsonObject {
  const { consecutiveGateway, failurePercent } = outlier;
  return {
    interval: duration(outlier.intervalMs),
    base_ejection_time: duration(outlier.ejectionMs),
    max_ejection_percent: outlier.maxPercent,
    always_eject_one_host: outlier.alwaysOne,
    consecutive_5xx: outlier.consecutive5xx,
    enforcing_consecutive_5xx: outlier.consecutive5xx > 0 ? 100 : 0,
    split_external_local_origin_errors: outlier.splitsLocal,
    consecutive_local_origin_failure: outlier.consecutiveLocal,
    enforcing_success_rate: 0,
    enforcing_local_origin_success_rate: 0,
    ...(consecutiveGateway === undefined || consecutiveGateway === 0
      ? {}
      : {
          consecutive_gateway_failure: consecutiveGateway,
          enforcing_consecutive_gateway_failure: 100,
        }),
    ...(failurePercent === undefined
      ? {}
      : { failure_percentage_threshold: failurePercent, enforcing_failure_percentage: 100 }),
  };
}

function writeActiveHealth(health: ActiveHealth): JsonObject {
  return {
    timeout: duration(health.timeoutMs),
    interval: duration(health.intervalMs),
    // Envoy would otherwise look after backends that nobody asks for once a minute.
    no_traffic_interval: duration(health.intervalMs),
    initial_jitter: duration(health.initialJitterMs),
    unhealthy_threshold: health.unhealthy,
    healthy_threshold: health.healthy,
    ...writeCheck(health.check),
  };
}

function writeCheck(check: ActiveHealth["check"]): JsonObject {
  switch (check.type) {
    case "http":
      return {
        http_health_check: {
          path: check.path,
          method: check.method,
          expected_statuses: check.statuses.map((status) => ({ start: status, end: status + 1 })),
          ...(check.host === undefined ? {} : { host: check.host }),
          ...(check.text === undefined ? {} : { receive: [payload(check.text)] }),
        },
      };
    case "tcp":
      return {
        tcp_health_check: {
          ...(check.send === undefined ? {} : { send: payload(check.send) }),
          ...(check.receive === undefined ? {} : { receive: [payload(check.receive)] }),
        },
      };
    case "grpc":
      return { grpc_health_check: check.service === undefined ? {} : { service_name: check.service } };
  }
}

/** Envoy takes text as hexadecimal digits. */
function payload(text: string): JsonObject {
  return { text: Buffer.from(text, "latin1").toString("hex") };
}

function writeKeepalive({ probes, idleMs, intervalMs }: NonNullable<ConnectionPolicy["keepalive"]>) {
  const seconds = (ms: number) => Math.max(1, Math.round(ms / 1000));
  return {
    ...(probes === undefined ? {} : { keepalive_probes: probes }),
    ...(idleMs === undefined ? {} : { keepalive_time: seconds(idleMs) }),
    ...(intervalMs === undefined ? {} : { keepalive_interval: seconds(intervalMs) }),
  };
}

const families = {
  IPv4: "V4_ONLY",
  IPv6: "V6_ONLY",
  IPv4Preferred: "V4_PREFERRED",
  IPv6Preferred: "AUTO",
  IPv4AndIPv6: "ALL",
} as const;

/** How names are looked up. */
export function writeDns({
  refreshMs = 30_000,
  respectsTtl = true,
  family = "IPv4Preferred",
}: DnsPolicy = {}) {
  return {
    dns_lookup_family: families[family],
    dns_refresh_rate: duration(refreshMs),
    respect_dns_ttl: respectsTtl,
  };
}

/** Fields of a cluster's HTTP options that all versions of HTTP share. */
export function writeConnections({ upstream }: Forward): JsonObject {
  const { idleMs, maxMs, maxRequests } = upstream?.connections ?? {};
  const common = {
    ...(idleMs === undefined ? {} : { idle_timeout: duration(idleMs) }),
    ...(maxMs === undefined ? {} : { max_connection_duration: duration(maxMs) }),
    ...(maxRequests === undefined ? {} : { max_requests_per_connection: maxRequests }),
  };
  return Object.keys(common).length === 0 ? {} : { common_http_protocol_options: common };
}

/** A route's part of the choice by hash. */
export function writeHashPolicy({ upstream }: Forward): JsonObject {
  const balance = upstream?.balance;
  return balance?.type === "hash" ? { hash_policy: balance.by.map(writeHashKey) } : {};
}

function writeHashKey(key: HashKey): JsonObject {
  switch (key.type) {
    case "ip":
      return { connection_properties: { source_ip: true } };
    case "header":
      return { header: { header_name: key.name } };
    case "query":
      return { query_parameter: { name: key.name } };
    case "cookie":
      return {
        cookie: {
          name: key.name,
          ...(key.ttlMs === undefined ? {} : { ttl: duration(key.ttlMs) }),
          attributes: key.attributes.map(([name, value]) => ({ name, value })),
        },
      };
  }
}

/** Who has no other backend to go to waits as long as its only one asks; see `retryAfterMs`. */
export const heedRetryAfter: JsonObject = {
  rate_limited_retry_back_off: {
    reset_headers: [{ name: "retry-after", format: "SECONDS" }],
    max_interval: duration(maxRetryAfterMs),
  },
};

/** HTTP/2 settings of connections to backends. */
export function writeHttp2({ upstream }: Forward): JsonObject {
  const { streamWindowBytes, connectionWindowBytes, maxStreams } = upstream?.connections?.http2 ?? {};
  return {
    initial_stream_window_size: streamWindowBytes ?? 2 ** 16,
    initial_connection_window_size: connectionWindowBytes ?? 2 ** 20,
    ...(maxStreams === undefined ? {} : { max_concurrent_streams: maxStreams }),
  };
}
