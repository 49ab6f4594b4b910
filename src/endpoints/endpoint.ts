import type { ClientRequest, EndpointName } from "../dialects/passage.ts";
import type { FailureCode } from "../model/failure.ts";
import type { HeaderView } from "../model/headers.ts";

/** Whose clients an endpoint serves: decides its mount point and the shape of its errors. */
export type Family = "openai" | "cohere" | "anthropic";

/** One thing the gateway offers to clients that goes on to a backend. */
export interface Endpoint {
  readonly name: EndpointName;
  readonly family: Family;
  /** Below the family's prefix: `/v1/chat/completions`. */
  readonly path: string;
  /** `gen_ai.operation.name` of metrics. */
  readonly operation: string;
  /** Throws `ExchangeFailure` (`invalid_request`). */
  readRequest(bytes: Uint8Array, contentType: string, headers: HeaderView): ClientRequest;
}

/** An answer that the gateway gives itself. */
export interface LocalAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** Why, for the log; absent for answers that are no failure. */
  readonly failure?: FailureCode;
}

export interface FailureFacts {
  readonly code: FailureCode;
  readonly status: number;
  readonly message: string;
  readonly requestId: string;
}

/** Writes what the gateway has to say to clients of one family in their own shape. */
export type WriteFailure = (facts: FailureFacts) => LocalAnswer;
