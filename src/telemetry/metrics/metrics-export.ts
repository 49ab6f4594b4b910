import { clearTimeout, setTimeout } from "node:timers";
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ResourceMetrics } from "@opentelemetry/sdk-metrics";
import type { LineSink } from "../access-log/access-log.ts";
import type { Logger } from "../logger.ts";
import type { Exporter } from "../otel/activation.ts";
import type { SendResult } from "../otel/export-queue.ts";
import type { SendRequest } from "../otel/http-transport.ts";
import { createOtlpExporter } from "../otel/otlp-exporter.ts";
import { readOtlpSettings } from "../otel/otlp-settings.ts";
import { type Environment, readCount, readWord } from "../otel/variables.ts";
import { writeConsoleMetrics } from "./console-metrics.ts";
import type { MetricFamily } from "./histogram.ts";
import { MetricsBridge, type Temporality } from "./resource-metrics.ts";

export interface MetricsExportOptions {
  readonly environment: Environment;
  readonly exporters: readonly Exporter[];
  readonly resource: ReadonlyMap<string, string>;
  readonly families: () => readonly MetricFamily[];
  readonly log: Logger;
  readonly sendRequest: SendRequest;
  readonly stdout: LineSink;
}

/** Exports metrics again and again. */
export interface MetricsExport {
  flush(): Promise<void>;
  close(limitMs: number): Promise<void>;
}

/** Starts exporting; loaded only where it is on. Throws `TelemetryFailure`. */
export async function startMetricsExport(options: MetricsExportOptions): Promise<MetricsExport> {
  const { environment, exporters, log } = options;
  const intervalMs = readCount(environment, "OTEL_METRIC_EXPORT_INTERVAL") || 60_000;
  const timeoutMs = readCount(environment, "OTEL_METRIC_EXPORT_TIMEOUT") || 30_000;
  const resource = resourceFromAttributes(Object.fromEntries(options.resource));
  const all: PeriodicExport[] = [];
  for (const exporter of exporters) {
    const bridge = new MetricsBridge(options.families, resource, readTemporality(environment, exporter));
    const send = exporter === "console" ? consoleSend(options.stdout) : await otlpSend(options);
    all.push(new PeriodicExport(bridge, send, { intervalMs, timeoutMs, log }));
  }
  return {
    flush: async () => void (await Promise.all(all.map((one) => one.export()))),
    close: async (limitMs) => void (await Promise.all(all.map((one) => one.close(limitMs)))),
  };
}

const temporalityVariable = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";

/** `lowmemory` asks for deltas of all that is counted here. */
function readTemporality(environment: Environment, exporter: Exporter): Temporality {
  const words =
    exporter === "console"
      ? (["cumulative", "delta"] as const)
      : (["cumulative", "delta", "lowmemory"] as const);
  const word = readWord(environment, temporalityVariable, words);
  return word === undefined || word === "cumulative" ? "cumulative" : "delta";
}

type Send = (metrics: ResourceMetrics, signal: AbortSignal) => Promise<SendResult>;

function consoleSend(sink: LineSink): Send {
  return (metrics) => {
    sink.write(writeConsoleMetrics(metrics));
    return Promise.resolve({ type: "sent", lost: 0 });
  };
}

async function otlpSend({ environment, sendRequest }: MetricsExportOptions): Promise<Send> {
  const settings = readOtlpSettings(environment, "metrics");
  const serializers = { protobuf: ProtobufMetricsSerializer, json: JsonMetricsSerializer };
  const exporter = await createOtlpExporter<ResourceMetrics>(settings, serializers, sendRequest);
  return (metrics, signal) => exporter.send(metrics, signal);
}

interface PeriodicOptions {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly log: Logger;
}

/**
 * What an export misses the next one has: totals only grow, and a delta begins where the last one arrived. So nothing
 * is queued or tried twice. The log hears once when exports begin to fail, and once when they work again.
 */
class PeriodicExport {
  readonly #bridge: MetricsBridge;
  readonly #send: Send;
  readonly #options: PeriodicOptions;
  readonly #stop = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #isFailing = false;
  /** A collector that is busy has said when it wants to be asked again; of `performance.now()`. */
  #notBefore = 0;

  constructor(bridge: MetricsBridge, send: Send, options: PeriodicOptions) {
    this.#bridge = bridge;
    this.#send = send;
    this.#options = options;
    this.#schedule();
  }

  export(): Promise<void> {
    this.#running ??= this.#export().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async close(limitMs: number): Promise<void> {
    clearTimeout(this.#timer);
    const timer = setTimeout(() => this.#stop.abort(), limitMs);
    // One that is under way may lack the newest numbers.
    await this.#running;
    await this.export();
    clearTimeout(timer);
    this.#stop.abort();
  }

  #schedule(): void {
    const { intervalMs } = this.#options;
    this.#timer = setTimeout(() => {
      if (performance.now() >= this.#notBefore) void this.export().then(() => this.#next());
      else this.#next();
    }, intervalMs);
    this.#timer.unref();
  }

  #next(): void {
    if (!this.#stop.signal.aborted) this.#schedule();
  }

  async #export(): Promise<void> {
    const collected = this.#bridge.collect();
    if (collected === undefined || this.#stop.signal.aborted) return;
    const { timeoutMs } = this.#options;
    const limit = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)]);
    const result = await this.#send(collected.metrics, limit);
    if (result.type === "sent") collected.confirm();
    if (result.type === "later" && result.afterMs !== undefined)
      this.#notBefore = performance.now() + result.afterMs;
    this.#say(result);
  }

  #say(result: SendResult): void {
    const { log } = this.#options;
    const isFailure = result.type !== "sent" || result.lost > 0;
    if (isFailure === this.#isFailing) return;
    this.#isFailing = isFailure;
    if (isFailure) log.warn("Export of metrics fails: it is tried again", { reason: result.reason });
    else log.info("Export of metrics works again");
  }
}
