import type { ProcessingRequest } from "./codec/processing-request.ts";
import type { ProcessingResponse } from "./codec/processing-response.ts";

/** What a stream is for: its first message tells. */
export interface Role {
  /** One answer for each message, in order; the next message comes when this one is answered. May throw. */
  answer(message: ProcessingRequest): ProcessingResponse | Promise<ProcessingResponse>;
  /** What to say instead after `answer` threw; `undefined` where it is too late for anything but to cut the stream. */
  broken(error: unknown): ProcessingResponse | undefined;
  ended(): void;
}
