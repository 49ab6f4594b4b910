import type { ObserveExchange } from "../exchange/observer.ts";
import type { SettledListener } from "../exchange/settled.ts";
import type { AccessLog } from "../model/access-log.ts";
import type { McpListener } from "./mcp.ts";
import type { RecordListener } from "./request-record.ts";

/** What engines report to. Members are absent while nobody listens, and then cost nothing. */
export interface Telemetry {
  readonly settled?: SettledListener;
  readonly observe?: ObserveExchange | undefined;
  readonly mcp?: McpListener | undefined;
  /** The listener for the access logs of one model; `undefined` without any. */
  recordListener(logs: readonly AccessLog[]): RecordListener | undefined;
  /** For access logs that Envoy makes and a collector gets; absent where Envoy's are not ours to hand on. */
  readonly envoyLogs?: EnvoyLogs;
  /** Writes what is buffered, for shutdown. */
  flush(): Promise<void>;
}

/** Envoy hands its records to us, and we to the collector: so both engines reach it in the same ways. */
export interface EnvoyLogs {
  /** What records say of this process. */
  readonly resource: ReadonlyMap<string, string>;
  /** Takes an `ExportLogsServiceRequest` for the collector at `host:port`. */
  forward(address: string, request: Uint8Array): void;
}
