import type { IrUsage } from "../dialects/ir/usage.ts";
import type { EndpointName } from "../dialects/passage.ts";
import type { AiBackend } from "../model/ai.ts";
import type { FailureCode } from "../model/failure.ts";
import type { HeaderView } from "../model/headers.ts";
import type { TraceIds } from "./observer.ts";

/** How an exchange ended, as its engine saw it. */
export interface Outcome {
  /** The status that the client got, or would have got had it stayed. */
  readonly status: number;
  /** Whether the whole answer was handed over; false when the client left or the upstream broke off. */
  readonly isComplete: boolean;
  /** What went wrong on the way, for the log. */
  readonly reason?: string;
}

/** Everything about one exchange that metrics, logs and limits want to know. Made once, when it is over. */
export interface Settled {
  readonly endpoint: EndpointName;
  readonly operation: string;
  readonly requestId: string;
  /** Of the last attempt; absent if none was made. */
  readonly backend: AiBackend | undefined;
  readonly attempts: number;
  /** As the client wrote it. */
  readonly originalModel: string;
  /** After the backend's override. */
  readonly requestModel: string;
  /** What the upstream said, else the request model; absent after failures. */
  readonly responseModel: string | undefined;
  readonly usage: IrUsage;
  /** The client asked for a stream and the upstream gave one (200). */
  readonly isStream: boolean;
  readonly isError: boolean;
  readonly failure: FailureCode | undefined;
  readonly outcome: Outcome;
  /** From the start of the last attempt to the end, milliseconds. */
  readonly durationMs: number;
  /** From the start of the last attempt to the first piece with content; streams only. */
  readonly firstTokenMs: number | undefined;
  /** Mean gap between output tokens after the first; streams with more than one piece and token only. */
  readonly perOutputTokenMs: number | undefined;
  /** By metadata key; absent without configured costs and for answers other than 2xx. */
  readonly costs: { readonly [metadataKey: string]: number } | undefined;
  readonly headers: HeaderView;
  /** Absent while nobody traces. */
  readonly trace: TraceIds | undefined;
}

/** Is told of every exchange that reached a backend or failed on the way. Must not throw and must be quick. */
export type SettledListener = (settled: Settled) => void;
