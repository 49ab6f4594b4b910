import type { Settled } from "../exchange/settled.ts";
import type { HeaderView } from "../model/headers.ts";

/**
 * What an engine knows of one request when it is over: the source of an access-log line.
 * Built only when an access log is configured for it.
 */
export interface RequestRecord {
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly method: string;
  /** As the client sent it, with the query. */
  readonly path: string;
  /** As it went to the upstream; absent if it did not. */
  readonly upstreamPath: string | undefined;
  readonly protocol: string;
  readonly authority: string;
  readonly requestHeaders: HeaderView;
  readonly responseHeaders: HeaderView | undefined;
  readonly requestId: string;
  readonly status: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Milliseconds from sending to the upstream to its head. */
  readonly upstreamServiceMs: number | undefined;
  /** `host:port`. */
  readonly upstreamHost: string | undefined;
  /** `httproute/ns/route/rule/I`. */
  readonly upstreamCluster: string | undefined;
  readonly routeName: string | undefined;
  readonly upstreamFailure: string | undefined;
  /** Envoy's short words where they apply: `NR`, `UF`, `UT`, `DC`, `UC`. */
  readonly responseFlags: string;
  readonly responseDetails: string | undefined;
  readonly downstreamLocalAddress: string | undefined;
  remoteAddress(): string | undefined;
  /** Absent for requests that were no AI exchange. */
  readonly settled: Settled | undefined;
  /** The routed model, `x-ai-eg-model`. */
  readonly model: string | undefined;
}

/** Takes records of finished requests. Must not throw and must be quick. */
export type RecordListener = (record: RequestRecord) => void;
