import { z } from "zod";
import { parseDurationMs } from "../../units.ts";
import { Duration, isLonger } from "../common.ts";
import { notYet, unsupported } from "../support.ts";
import { policyTargets, targetRules } from "./policy-targets.ts";

const retryTriggers = [
  "5xx",
  "cancelled",
  "connect-failure",
  "deadline-exceeded",
  "gateway-error",
  "internal",
  "refused-stream",
  "reset",
  "reset-before-request",
  "resource-exhausted",
  "retriable-4xx",
  "retriable-status-codes",
  "unavailable",
] as const;

const positive = (text: string | undefined) => text === undefined || parseDurationMs(text) > 0;

const BackOff = z
  .strictObject({ baseInterval: Duration.optional(), maxInterval: Duration.optional() })
  .refine(({ baseInterval }) => positive(baseInterval), {
    error: "must be longer than 0s",
    path: ["baseInterval"],
  })
  .refine(({ maxInterval }) => positive(maxInterval), {
    error: "must be longer than 0s",
    path: ["maxInterval"],
  })
  .refine(
    ({ baseInterval, maxInterval }) =>
      baseInterval === undefined || maxInterval === undefined || !isLonger(baseInterval, maxInterval),
    { error: "maxInterval cannot be less than baseInterval", path: ["maxInterval"] },
  );

const Retry = z.strictObject({
  numRetries: z.int().min(0).default(2),
  numAttemptsPerPriority: z.int().min(1).optional(),
  retryOn: z
    .strictObject({
      triggers: z.array(z.enum(retryTriggers)).max(16).optional(),
      httpStatusCodes: z.array(z.int().min(100).max(599)).optional(),
    })
    .optional(),
  perRetry: z.strictObject({ timeout: Duration.optional(), backOff: BackOff.optional() }).optional(),
});

export const BackendTrafficPolicy = {
  spec: targetRules(
    z.strictObject({
      ...policyTargets,
      retry: Retry.optional(),
      admissionControl: notYet(),
      bandwidthLimit: notYet(),
      circuitBreaker: notYet(),
      compression: notYet(),
      compressor: notYet(),
      connection: notYet(),
      dns: notYet(),
      faultInjection: notYet(),
      healthCheck: notYet(),
      http2: notYet(),
      httpUpgrade: notYet(),
      loadBalancer: notYet(),
      mergeType: notYet(),
      proxyProtocol: notYet(),
      rateLimit: z
        .strictObject({
          type: z.enum(["Global", "Local"]).optional(),
          local: notYet(),
          global: unsupported(
            "error",
            "rateLimit.global needs a rate limit service, which standalone mode does not run",
          ),
        })
        .optional(),
      requestBuffer: notYet(),
      responseOverride: notYet(),
      routingType: notYet(),
      tcpKeepalive: notYet(),
      telemetry: notYet(),
      timeout: notYet(),
      useClientProtocol: notYet(),
    }),
  ),
};
