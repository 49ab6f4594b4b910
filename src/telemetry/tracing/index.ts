import { resourceFromAttributes } from "@opentelemetry/resources";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { LineSink } from "../access-log/access-log.ts";
import type { Logger } from "../logger.ts";
import type { Exporter } from "../otel/activation.ts";
import type { SendRequest } from "../otel/http-transport.ts";
import type { Environment } from "../otel/variables.ts";
import type { Convention } from "./convention.ts";
import { createGenAi } from "./gen-ai/index.ts";
import { createOpenInference } from "./openinference/index.ts";
import { readPropagation } from "./propagation.ts";
import type { Semconv } from "./semconv.ts";
import { consoleSpans, otlpSpans, type SpanExport } from "./span-export.ts";
import { createTracer, type SpanMakers } from "./tracer.ts";

export interface TracingOptions {
  readonly environment: Environment;
  readonly exporters: readonly Exporter[];
  readonly semconv: Semconv;
  readonly resource: ReadonlyMap<string, string>;
  readonly mapped: readonly HeaderAttribute[];
  readonly log: Logger;
  readonly sendRequest: SendRequest;
  /** For spans of the console. */
  readonly stdout: LineSink;
}

export interface Tracing extends SpanMakers {
  flush(): Promise<void>;
  close(limitMs: number): Promise<void>;
}

/** Starts tracing; loaded only where it is on. Throws `TelemetryFailure` for variables that cannot be followed. */
export async function createTracing(options: TracingOptions): Promise<Tracing> {
  const { environment, exporters, semconv, resource, mapped, log, sendRequest, stdout } = options;
  const exports: SpanExport[] = [];
  for (const exporter of exporters) {
    exports.push(
      exporter === "console" ? consoleSpans(stdout) : await otlpSpans(environment, sendRequest, log),
    );
  }
  const makers = createTracer({
    environment,
    semconv,
    resource: resourceFromAttributes(Object.fromEntries(resource)),
    convention: createConvention(environment, semconv),
    propagation: readPropagation(environment, log),
    mapped,
    ended: (span) => {
      for (const one of exports) one.end(span);
    },
  });
  return {
    ...makers,
    flush: async () => void (await Promise.all(exports.map((one) => one.flush()))),
    close: async (limitMs) => void (await Promise.all(exports.map((one) => one.close(limitMs)))),
  };
}

function createConvention(environment: Environment, semconv: Semconv): Convention {
  return semconv === "gen_ai" ? createGenAi(environment) : createOpenInference(environment);
}
