import { z } from "zod";
import { noEffect, notYet, refused, unsupported } from "../support.ts";

const kubernetesOnly = () => noEffect("has no effect in standalone mode");

const logLevels = ["trace", "debug", "info", "warn", "error", "critical", "off"] as const;

/** A collector; how it is spoken to is said by the OTEL_EXPORTER_OTLP_* variables, if they name the same address. */
const OpenTelemetry = z
  .strictObject({
    host: z.string().min(1).optional(),
    port: z.int().min(0).max(65535).default(4317),
    backendRefs: unsupported(
      "error",
      "backendRefs of an OpenTelemetry sink are not supported; name the collector by host and port",
    ),
    headers: unsupported(
      "warning",
      "headers of an OpenTelemetry sink are not sent; set OTEL_EXPORTER_OTLP_LOGS_HEADERS instead",
    ),
    resources: z.record(z.string(), z.string()).default({}),
    resourceAttributes: z.record(z.string(), z.string()).default({}),
  })
  .refine(({ host, backendRefs }) => host !== undefined || backendRefs !== undefined, {
    error: "host or backendRefs needs to be set",
  });

const Sink = z
  .strictObject({
    type: z.enum(["File", "OpenTelemetry", "ALS"]),
    file: z.strictObject({ path: z.string().min(1) }).optional(),
    openTelemetry: OpenTelemetry.optional(),
    als: notYet(),
  })
  .refine(({ type, openTelemetry }) => type !== "OpenTelemetry" || openTelemetry !== undefined, {
    error: "If AccessLogSink type is OpenTelemetry, openTelemetry field needs to be set",
  })
  .refine(({ type, file }) => type !== "File" || file !== undefined, {
    error: "If AccessLogSink type is File, file field needs to be set",
  });

const Setting = z.strictObject({
  type: z.enum(["Listener", "Route", "Upstream"]).optional(),
  matches: z.array(z.string()).max(10).default([]),
  format: z
    .strictObject({
      type: z.enum(["Text", "JSON"]).optional(),
      text: z.string().optional(),
      json: z.record(z.string(), z.string()).optional(),
    })
    .refine(({ type, text }) => type !== "Text" || text !== undefined, {
      error: "If AccessLogFormat type is Text, text field needs to be set",
    })
    .refine(({ type, json }) => type !== "JSON" || json !== undefined, {
      error: "If AccessLogFormat type is JSON, json field needs to be set",
    })
    .optional(),
  sinks: z.array(Sink).min(1).max(50),
});

const Telemetry = z.strictObject({
  accessLog: z
    .strictObject({ disable: z.boolean().default(false), settings: z.array(Setting).max(50).default([]) })
    .optional(),
  metrics: notYet(),
  tracing: notYet(),
  requestID: notYet(),
});

export const EnvoyProxy = {
  spec: z
    .strictObject({
      logging: z.strictObject({ level: z.record(z.string(), z.enum(logLevels)).default({}) }).optional(),
      telemetry: Telemetry.optional(),
      provider: z
        .strictObject({
          type: z.enum(["Kubernetes", "Host", "Custom"]).default("Kubernetes"),
          host: z.strictObject({ envoyVersion: z.string().min(1).optional() }).optional(),
          kubernetes: noEffect("provider.kubernetes settings have no effect in standalone mode"),
        })
        .optional(),
      bootstrap: z
        .strictObject({
          type: z.enum(["Merge", "Replace", "JSONPatch"]).default("Replace"),
          value: z.string().optional().meta({ description: "Of a Merge, admin.address is honoured" }),
          jsonPatches: z.unknown().optional(),
        })
        .optional(),
      backendTLS: refused(),
      concurrency: notYet(),
      extraArgs: notYet(),
      filterOrder: notYet(),
      ipFamily: notYet(),
      mergeBackends: kubernetesOnly(),
      mergeGateways: kubernetesOnly(),
      preserveRouteOrder: notYet(),
      routingType: kubernetesOnly(),
      shutdown: kubernetesOnly(),
    })
    .prefault({}),
};
