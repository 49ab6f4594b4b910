import type { SendResult } from "./export-queue.ts";

/** Hands serialised batches of one signal to a collector. */
export interface Transport {
  /** One try; does not throw. `readAnswer` understands the body of a good answer. */
  send(
    bytes: Uint8Array,
    signal: AbortSignal,
    readAnswer: (body: Uint8Array) => SendResult,
  ): Promise<SendResult>;
  close(): void;
}
