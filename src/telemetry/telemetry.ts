import type { ObserveExchange } from "../exchange/observer.ts";
import type { SettledListener } from "../exchange/settled.ts";
import type { AccessLog } from "../model/access-log.ts";
import type { RecordListener } from "./request-record.ts";

/** What engines report to. Members are absent while nobody listens, and then cost nothing. */
export interface Telemetry {
  readonly settled?: SettledListener;
  readonly observe?: ObserveExchange | undefined;
  /** The listener for the access logs of one model; `undefined` without any. */
  recordListener(logs: readonly AccessLog[]): RecordListener | undefined;
  /** Writes what is buffered, for shutdown. */
  flush(): Promise<void>;
}
