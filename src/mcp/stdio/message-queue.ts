import {
  type BackendFailure,
  type BackendMessage,
  BackendFailure as Failure,
  type MessageReader,
} from "../backends/connection.ts";
import { explainFailure } from "../backends/explain-failure.ts";

/** Messages that wait for a slow reader; beyond it those that may be lost are. */
const maxWaiting = 256;

interface Waiting {
  readonly message: BackendMessage;
  /** Progress and log lines: newer ones say more than older ones. */
  readonly mayBeLost: boolean;
}

/** Messages from a child for one reader, held until it asks. A reader that does not ask holds nobody else up. */
export class MessageQueue implements MessageReader {
  readonly lastEventId = undefined;
  readonly retryMs = undefined;
  readonly #waiting: Waiting[] = [];
  readonly #onCancel: () => void;
  #end: "open" | "done" | BackendFailure = "open";
  #wake: (() => void) | undefined;

  /** `onCancel` runs once if the reader lets go before the end, or `signal` fires. */
  constructor(onCancel: () => void, signal: AbortSignal) {
    const abort = () => {
      if (this.#end !== "open") return;
      this.fail(explainFailure(signal.reason, signal));
      onCancel();
    };
    if (signal.aborted) queueMicrotask(abort);
    else signal.addEventListener("abort", abort, { once: true });
    this.#onCancel = () => {
      signal.removeEventListener("abort", abort);
      onCancel();
    };
  }

  push(bytes: Uint8Array, mayBeLost = false): void {
    if (this.#end !== "open") return;
    if (this.#waiting.length >= maxWaiting && !this.#makeRoom()) {
      this.fail(new Failure("too-large", "sent more messages than anybody reads"));
      return;
    }
    this.#waiting.push({ message: { bytes, eventId: undefined }, mayBeLost });
    this.#wake?.();
  }

  #makeRoom(): boolean {
    const index = this.#waiting.findIndex(({ mayBeLost }) => mayBeLost);
    if (index < 0) return false;
    this.#waiting.splice(index, 1);
    return true;
  }

  /** No more messages; those that wait can still be read. */
  finish(): void {
    if (this.#end !== "open") return;
    this.#end = "done";
    this.#wake?.();
  }

  /** Breaks off; what waits can still be read. */
  fail(failure: BackendFailure): void {
    if (this.#end !== "open") return;
    this.#end = failure;
    this.#wake?.();
  }

  async next(): Promise<BackendMessage | undefined> {
    for (;;) {
      const first = this.#waiting.shift();
      if (first !== undefined) return first.message;
      if (this.#end === "done") return undefined;
      if (this.#end !== "open") throw this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  cancel(): void {
    if (this.#end !== "open") return;
    this.#end = "done";
    this.#waiting.length = 0;
    this.#onCancel();
  }

  takeRaw(): undefined {
    return undefined;
  }
}
