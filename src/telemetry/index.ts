import { readHeaderAttributes } from "../policy/header-attributes.ts";
import { compileAccessLogs } from "./access-log/access-log.ts";
import { RecordBatch } from "./access-log/record-batch.ts";
import { Sinks } from "./access-log/sinks.ts";
import type { Logger } from "./logger.ts";
import { type Exposition, writeExposition } from "./metrics/exposition.ts";
import { GenAiMetrics } from "./metrics/gen-ai-metrics.ts";
import { headerLabels } from "./metrics/labels.ts";
import { readResource } from "./metrics/resource.ts";
import type { Telemetry } from "./telemetry.ts";
import { TelemetryFailure } from "./telemetry-failure.ts";

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
  /** The program's own version. */
  readonly version: string;
}

export interface GatewayTelemetry extends Telemetry {
  /** What `/metrics` answers: the text format 0.0.4, whatever a scraper would accept. */
  metricsText(): Promise<Exposition>;
  /** Writes what is buffered and lets go of all files. Lines that come later are lost. */
  close(): Promise<void>;
}

/** Starts metrics and access logs. Throws `TelemetryFailure` for variables that cannot be followed. */
export async function createTelemetry(options: TelemetryOptions): Promise<GatewayTelemetry> {
  const { environment, log, version } = options;
  const attributes = headerAttributes(environment);
  const metrics = new GenAiMetrics({ headerLabels: headerLabels(attributes.metrics), log });
  const resource = readResource(environment, version, log);
  const sinks = new Sinks(options);
  const batch = new RecordBatch();
  return {
    settled: metrics.record,
    recordListener: (logs) =>
      logs.length === 0 ? undefined : batch.inFrontOf(compileAccessLogs(logs, attributes.logs, sinks.get)),
    metricsText: async () => writeExposition(metrics.families, resource),
    flush() {
      batch.flush();
      return sinks.flush();
    },
    close() {
      batch.flush();
      return sinks.close();
    },
  };
}

function headerAttributes(environment: TelemetryOptions["environment"]) {
  try {
    return readHeaderAttributes(environment);
  } catch (error) {
    throw new TelemetryFailure(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
