import type { Logger } from "./logger.ts";
import type { Telemetry } from "./telemetry.ts";

export interface TelemetryOptions {
  readonly environment: { readonly [name: string]: string | undefined };
  /** The file that stands for `/dev/stdout` in access logs. */
  readonly stdoutLogPath: string;
  /** Whether that goes to the terminal as well. */
  readonly echoStdout: boolean;
  readonly log: Logger;
}

export interface GatewayTelemetry extends Telemetry {
  /** `accept` is the scraper's header. */
  metricsText(accept: string | undefined): Promise<{ readonly contentType: string; readonly body: string }>;
  close(): Promise<void>;
}

export declare function createTelemetry(options: TelemetryOptions): Promise<GatewayTelemetry>;
