import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { LineSink } from "../access-log/access-log.ts";
import type { Logger } from "../logger.ts";
import { ExportQueue } from "../otel/export-queue.ts";
import type { SendRequest } from "../otel/http-transport.ts";
import { createOtlpExporter } from "../otel/otlp-exporter.ts";
import { readOtlpSettings } from "../otel/otlp-settings.ts";
import { type Environment, readCount } from "../otel/variables.ts";
import { writeConsoleSpan } from "./console-span.ts";

/** Where spans go that are over. */
export interface SpanExport {
  end(span: ReadableSpan): void;
  flush(): Promise<void>;
  close(limitMs: number): Promise<void>;
}

export function consoleSpans(sink: LineSink): SpanExport {
  return {
    end: (span) => sink.write(writeConsoleSpan(span)),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** Throws `TelemetryFailure`. */
export async function otlpSpans(
  environment: Environment,
  sendRequest: SendRequest,
  log: Logger,
): Promise<SpanExport> {
  const settings = readOtlpSettings(environment, "traces");
  const exportTimeoutMs = readCount(environment, "OTEL_BSP_EXPORT_TIMEOUT") ?? 30_000;
  const serializers = { protobuf: ProtobufTraceSerializer, json: JsonTraceSerializer };
  const exporter = await createOtlpExporter<ReadableSpan[]>(
    { ...settings, timeoutMs: Math.min(settings.timeoutMs, exportTimeoutMs || settings.timeoutMs) },
    serializers,
    sendRequest,
  );
  const maxItems = readCount(environment, "OTEL_BSP_MAX_QUEUE_SIZE") || 2048;
  const queue = new ExportQueue<ReadableSpan>({
    name: "spans",
    log,
    send: (batch, signal) => exporter.send([...batch], signal),
    sizeOf,
    delayMs: readCount(environment, "OTEL_BSP_SCHEDULE_DELAY") ?? 5000,
    maxItems,
    maxBatchItems: Math.min(readCount(environment, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE") || 512, maxItems),
  });
  return {
    end: (span) => queue.push(span),
    flush: () => queue.flush(),
    async close(limitMs) {
      await queue.close(limitMs);
      exporter.close();
    },
  };
}

/** Texts are nearly all of a span; they are counted once, and asked for again when the span leaves the queue. */
const sizes = new WeakMap<ReadableSpan, number>();

function sizeOf(span: ReadableSpan): number {
  const known = sizes.get(span);
  if (known !== undefined) return known;
  let size = 512;
  for (const name in span.attributes) {
    const value = span.attributes[name];
    size +=
      name.length + (typeof value === "string" ? value.length : Array.isArray(value) ? value.length * 9 : 8);
  }
  sizes.set(span, size);
  return size;
}
