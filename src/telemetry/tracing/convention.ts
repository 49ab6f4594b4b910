import type { SpanKind } from "@opentelemetry/api";
import type { ClientRequest } from "../../dialects/passage.ts";
import type { JsonObject } from "../../dialects/wire/json.ts";
import type { Settled } from "../../exchange/settled.ts";
import type { Attributes } from "./attributes.ts";

/** What there is to say at a span's end. */
export interface SpanEnd {
  readonly request: ClientRequest;
  readonly settled: Settled;
  readonly answer: SeenAnswer;
  /** Absent after a good end. */
  readonly failure: SpanFailure | undefined;
}

/** The answer as the client got it. */
export interface SeenAnswer {
  readonly status: number;
  readonly contentType: string;
  /** All bytes, also where they were not kept. */
  readonly byteLength: number;
  /** Whole text of a whole answer; of a stream the text of `json`. `undefined`: not kept, or no text. */
  readonly text: string | undefined;
  /** Parsed; of a stream what it adds up to, in the shape of a whole answer. */
  readonly json: JsonObject | undefined;
  readonly isStream: boolean;
  /** Of a stream of responses: its last event said that all is well. */
  readonly isCompleted: boolean;
}

export interface SpanFailure {
  /** Of the answer, where that is the failure. */
  readonly status: number | undefined;
  /** Where the status is good all the same. */
  readonly reason: FailureReason | undefined;
  /** Of the answer; holds whatever the upstream chose to say. */
  readonly body: string;
}

/** Why an answer with a good status is none. */
export type FailureReason =
  | "client_disconnected"
  | "upstream_reset"
  | "upstream_timeout"
  | "bad_upstream_answer"
  | "stream_cut"
  | "stream_error"
  | "incomplete"
  | "internal";

/** The status of a span that failed, and the event that goes with it. */
export interface DescribedFailure {
  readonly message: string;
  readonly attributes?: Attributes;
  /** `exception.type` of an exception event. */
  readonly exceptionType?: string;
}

/** A vocabulary for spans of exchanges: which names they have and what of an exchange they show. */
export interface Convention {
  readonly spanKind: SpanKind;
  /** Whether one attribute a message is written, so that the usual limit of 128 would cut conversations. */
  readonly needsManyAttributes: boolean;
  /** Whether the arrival of the first piece of a stream, and the end of a stream of responses, are events. */
  readonly hasStreamEvents: boolean;
  spanName(request: ClientRequest): string;
  startAttributes(request: ClientRequest): Attributes;
  /** Of good answers, and of what came of those that broke off. */
  endAttributes(end: SpanEnd): Attributes;
  /** What is known of an exchange however it ended. */
  settledAttributes(settled: Settled): Attributes;
  describeFailure(failure: SpanFailure): DescribedFailure;
}
