import type { GatewayModel } from "../../model/gateway.ts";
import { resourceName } from "../../model/origin.ts";
import type { UpstreamPolicy } from "../../model/traffic.ts";

/**
 * What policies say about connections to backends, which are the runtime's here and Envoy's there: one sentence for each
 * policy, for whoever wonders.
 */
export function describeUnheeded(model: GatewayModel): readonly string[] {
  const fields = new Map<string, Set<string>>();
  for (const rule of Object.values(model.rules)) {
    const { action } = rule;
    const upstream = action.type === "forward" ? action.upstream : undefined;
    const origin = upstream === undefined ? undefined : model.origins[upstream.at];
    if (origin === undefined) continue;
    const name = resourceName(origin.resource);
    const known = fields.get(name) ?? new Set();
    fields.set(name, known);
    for (const field of unheededOf(upstream)) known.add(field);
  }
  return [...fields].flatMap(([policy, names]) =>
    names.size === 0
      ? []
      : [`${policy}: ${[...names].join(", ")} has no effect with --engine embedded; --engine envoy heeds it`],
  );
}

function unheededOf(upstream: UpstreamPolicy | undefined): string[] {
  const { connections = {}, dns, balance, activeHealth, breaker } = upstream ?? {};
  const names: { readonly [field: string]: boolean } = {
    "timeout.http.connectionIdleTimeout": connections.idleMs !== undefined,
    "timeout.http.maxConnectionDuration": connections.maxMs !== undefined,
    "circuitBreaker.maxRequestsPerConnection": connections.maxRequests !== undefined,
    "circuitBreaker.perEndpoint": breaker?.connectionsPerEndpoint !== undefined,
    connection: connections.bufferBytes !== undefined,
    tcpKeepalive: connections.keepalive !== undefined,
    http2: connections.http2 !== undefined,
    dns: dns !== undefined && Object.keys(dns).length > 0,
    "loadBalancer.slowStart":
      (balance?.type === "least-request" || balance?.type === "round-robin") &&
      balance.slowStartMs !== undefined,
    "healthCheck.active.grpc": activeHealth?.check.type === "grpc",
  };
  return Object.entries(names).flatMap(([field, isSet]) => (isSet ? [field] : []));
}
