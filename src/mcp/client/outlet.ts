import { sseComment, writeEvent } from "../sse/write-event.ts";

/** So much may wait for a slow client before whoever writes has to wait. */
const maxWaitingBytes = 4 * 1024 * 1024;

export interface OutletOptions {
  /** A comment is written after so long a silence; 0: never. */
  readonly heartbeatMs: number;
  /** The client left. */
  readonly onGone: () => void;
}

/** The writing end of an event stream to a client. */
export class EventOutlet {
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #hasWritten = false;
  #onRoom: (() => void) | undefined;

  constructor({ heartbeatMs, onGone }: OutletOptions) {
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#wake(),
        cancel: () => {
          this.#stop();
          onGone();
        },
      },
      { highWaterMark: maxWaitingBytes, size: (piece) => piece?.byteLength ?? 0 },
    );
    if (heartbeatMs > 0) this.#timer = setInterval(() => this.#beat(), heartbeatMs);
  }

  get isOpen(): boolean {
    return this.#controller !== undefined;
  }

  /** Resolves when there is room for more. What comes after the end is dropped. */
  write(message: Uint8Array, id?: string): Promise<void> | undefined {
    return this.#put(writeEvent(message, id));
  }

  comment(): void {
    void this.#put(sseComment);
  }

  close(): void {
    const controller = this.#controller;
    this.#stop();
    controller?.close();
  }

  #put(bytes: Uint8Array): Promise<void> | undefined {
    const controller = this.#controller;
    if (controller === undefined) return undefined;
    this.#hasWritten = true;
    controller.enqueue(bytes);
    if ((controller.desiredSize ?? 1) > 0) return undefined;
    return new Promise((resolve) => {
      const before = this.#onRoom;
      this.#onRoom = () => {
        before?.();
        resolve();
      };
    });
  }

  #beat(): void {
    // Nothing is added to what a client does not even read.
    if (!this.#hasWritten && (this.#controller?.desiredSize ?? 0) > 0) this.comment();
    this.#hasWritten = false;
  }

  #wake(): void {
    const onRoom = this.#onRoom;
    this.#onRoom = undefined;
    onRoom?.();
  }

  #stop(): void {
    this.#controller = undefined;
    clearInterval(this.#timer);
    this.#wake();
  }
}

export const eventStreamHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};
