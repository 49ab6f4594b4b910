import { z } from "zod";
import { notYet } from "../support.ts";
import { policyTargets, targetRules } from "./policy-targets.ts";
import {
  CircuitBreaker,
  Connection,
  Dns,
  HealthCheck,
  Http2,
  LoadBalancer,
  TcpKeepalive,
  Timeout,
} from "./traffic/cluster.ts";
import { RateLimit } from "./traffic/rate-limit.ts";
import { Compression, FaultInjection, RequestBuffer, ResponseOverride } from "./traffic/responses.ts";
import { Retry } from "./traffic/retry.ts";

/**
 * What happens to requests between the gateway and its backends. Nothing here has a default: policies of a Gateway and
 * of its routes are merged as they were written, and what nobody wrote is filled in when they are compiled.
 */
export const BackendTrafficPolicy = {
  spec: targetRules(
    z.strictObject({
      ...policyTargets,
      mergeType: z.enum(["StrategicMerge", "JSONMerge", "Replace"]).optional().meta({
        description: "Adds to the policy of the Gateway or the route above instead of replacing it",
      }),
      retry: Retry.optional(),
      timeout: Timeout.optional(),
      circuitBreaker: CircuitBreaker.optional(),
      healthCheck: HealthCheck.optional(),
      loadBalancer: LoadBalancer.optional(),
      rateLimit: RateLimit.optional(),
      faultInjection: FaultInjection.optional(),
      responseOverride: z.array(ResponseOverride).optional(),
      compression: z.array(Compression).optional(),
      compressor: z.array(Compression).optional(),
      requestBuffer: RequestBuffer.optional(),
      connection: Connection.optional(),
      dns: Dns.optional(),
      http2: Http2.optional(),
      proxyProtocol: notYet(),
      tcpKeepalive: TcpKeepalive.optional(),
      admissionControl: notYet(),
      bandwidthLimit: notYet(),
      httpUpgrade: notYet(),
      routingType: notYet(),
      telemetry: notYet(),
      useClientProtocol: notYet(),
    }),
  ),
};
