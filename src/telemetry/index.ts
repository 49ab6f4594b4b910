import type { SettledListener } from "../exchange/settled.ts";
import { type HeaderAttribute, readHeaderAttributes } from "../policy/header-attributes.ts";
import { compileAccessLogs, type LogSinks } from "./access-log/access-log.ts";
import { OtlpLogs } from "./access-log/otlp-logs.ts";
import { RecordBatch } from "./access-log/record-batch.ts";
import { Sinks } from "./access-log/sinks.ts";
import { exchangeLog } from "./exchange-log.ts";
import type { Logger } from "./logger.ts";
import { type Exposition, writeExposition } from "./metrics/exposition.ts";
import { GenAiMetrics } from "./metrics/gen-ai-metrics.ts";
import type { MetricFamily } from "./metrics/histogram.ts";
import { headerLabels } from "./metrics/labels.ts";
import { McpMetrics } from "./metrics/mcp-metrics.ts";
import type { MetricsExport } from "./metrics/metrics-export.ts";
import { readResource } from "./metrics/resource.ts";
import { readExporters } from "./otel/activation.ts";
import type { SendRequest } from "./otel/http-transport.ts";
import { readWord } from "./otel/variables.ts";
import type { Telemetry } from "./telemetry.ts";
import { TelemetryFailure } from "./telemetry-failure.ts";
import type { Tracing } from "./tracing/index.ts";
import { type Semconv, semconvs } from "./tracing/semconv.ts";

export type { Logger } from "./logger.ts";
export type { Telemetry } from "./telemetry.ts";
export { type Exposition, TelemetryFailure };

export interface TelemetryOptions {
  readonly environment: { readonly [name: string]: string | undefined };
  /** Where access logs for `/dev/stdout` go. Its directory must exist. */
  readonly stdoutLogPath: string;
  /** Whether they go to the process's stdout too. */
  readonly echoStdout: boolean;
  readonly log: Logger;
  /** Sends to collectors the way that requests go out. */
  readonly sendRequest: SendRequest;
  /** The program's own version. */
  readonly version: string;
}

export interface GatewayTelemetry extends Telemetry {
  /** What `/metrics` answers, in the format that `accept` asks for. */
  metricsText(accept?: string | null): Promise<Exposition>;
  /** Writes what is buffered and lets go of all files. Lines that come later are lost. */
  close(): Promise<void>;
}

/** Starts metrics and access logs. Throws `TelemetryFailure` for variables that cannot be followed. */
export async function createTelemetry(options: TelemetryOptions): Promise<GatewayTelemetry> {
  const { environment, log, version } = options;
  const attributes = headerAttributes(environment);
  const labels = headerLabels(attributes.metrics);
  const metrics = new GenAiMetrics({ headerLabels: labels, log });
  const resource = readResource(environment, version, log);
  const sinks = new Sinks(options);
  const batch = new RecordBatch();
  const collectors = new OtlpLogs(options);
  const logSinks: LogSinks = {
    file: sinks.get,
    collector: (address) => collectors.sinkOf(address),
    resource,
  };
  const semconv = readWord(environment, "AI_GATEWAY_TRACING_SEMCONV", semconvs) ?? "openinference";
  const tracing = await startTracing(options, { semconv, resource, mapped: attributes.spans, sinks });
  const mcp = new McpMetrics({ headerLabels: labels, log, trace: tracing?.traceMcp });
  const families = () => [...metrics.families, ...mcp.families];
  const pushed = await startPush(options, { resource, families, sinks });
  return {
    settled: log.isOn("debug") ? both(metrics.record, exchangeLog(log)) : metrics.record,
    observe: tracing?.observe,
    mcp,
    recordListener: (logs) =>
      logs.length === 0 ? undefined : batch.inFrontOf(compileAccessLogs(logs, attributes.logs, logSinks)),
    envoyLogs: { resource, forward: collectors.forward },
    metricsText: async (accept) => writeExposition(families(), resource, accept),
    async flush() {
      batch.flush();
      await Promise.all([tracing?.flush(), pushed?.flush(), collectors.flush()]);
      await sinks.flush();
    },
    async close() {
      batch.flush();
      await Promise.all([tracing?.close(closeMs), pushed?.close(closeMs), collectors.close(closeMs)]);
      await sinks.close();
    },
  };
}

function both(one: SettledListener, other: SettledListener): SettledListener {
  return (settled) => {
    one(settled);
    other(settled);
  };
}

/** What is left for collectors at the end, after everything was flushed once. */
const closeMs = 2000;

interface TracingParts {
  readonly semconv: Semconv;
  readonly resource: ReadonlyMap<string, string>;
  readonly mapped: readonly HeaderAttribute[];
  readonly sinks: Sinks;
}

/** Nothing of OpenTelemetry is loaded unless spans go somewhere. */
async function startTracing(
  { environment, log, sendRequest }: TelemetryOptions,
  { semconv, resource, mapped, sinks }: TracingParts,
): Promise<Tracing | undefined> {
  const exporters = readExporters(environment, "traces");
  if (exporters.length === 0) return undefined;
  const { createTracing } = await import("./tracing/index.ts");
  const stdout = sinks.console();
  return createTracing({ environment, exporters, semconv, resource, mapped, log, sendRequest, stdout });
}

function headerAttributes(environment: TelemetryOptions["environment"]) {
  try {
    return readHeaderAttributes(environment);
  } catch (error) {
    throw new TelemetryFailure(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

interface PushParts {
  readonly resource: ReadonlyMap<string, string>;
  readonly families: () => readonly MetricFamily[];
  readonly sinks: Sinks;
}

/** The same numbers that are scraped, for those who want them sent. */
async function startPush(
  { environment, log, sendRequest }: TelemetryOptions,
  { resource, families, sinks }: PushParts,
): Promise<MetricsExport | undefined> {
  const exporters = readExporters(environment, "metrics");
  if (exporters.length === 0) return undefined;
  const { startMetricsExport } = await import("./metrics/metrics-export.ts");
  const stdout = sinks.console();
  return startMetricsExport({ environment, exporters, resource, families, log, sendRequest, stdout });
}
