import type { ProcessingRequest } from "./codec/processing-request.ts";
import type { ProcessingResponse } from "./codec/processing-response.ts";

/** Status codes of gRPC that are used here. */
export const grpcStatus = {
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** One `Process` call of Envoy's: one filter's view of one HTTP request. */
export interface Call {
  /** What Envoy's configuration says with the call; `undefined` where it says nothing of that name. */
  metadata(name: string): string | undefined;
  /** Answers are sent in the order of the messages that they answer, one each. */
  send(answer: ProcessingResponse): void;
  /** Ends the call with an error. Envoy answers 500, or cuts a response that has begun. */
  fail(code: number, message: string): void;
}

/** What happens on a call. Must not throw. */
export interface CallListener {
  message(message: ProcessingRequest): void;
  /** Once, and last: Envoy is through with the request, has given it up, or is gone. */
  ended(): void;
}

/** Takes calls, whatever carries them: gRPC's library now, and its frames alone perhaps one day. */
export type ServeCall = (call: Call) => CallListener;
