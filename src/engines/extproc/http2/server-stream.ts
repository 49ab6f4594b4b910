import type { Buffer } from "node:buffer";

/** Sends for streams, as far as windows allow. */
export interface StreamSender {
  /** How much of a body the connection takes now. */
  readonly window: number;
  readonly maxFrameBytes: number;
  sendHead(stream: number, block: Uint8Array, isEnd: boolean): void;
  sendData(stream: number, bytes: Uint8Array): void;
  /** Nothing more comes from this stream. */
  finished(stream: ServerStream): void;
}

/** What happens on a stream. Must not throw. */
export interface StreamListener {
  /** A piece of the request's body, valid during the call only. */
  data(piece: Buffer): void;
  /** The client has sent all. */
  end(): void;
  /** The client has given the stream up, or is gone. Once, and not after `finish`. */
  aborted(): void;
}

/** One request and its answer: a head, pieces of a body, trailers. What does not fit into the windows waits. */
export class ServerStream {
  readonly id: number;
  listener: StreamListener | undefined;
  /** Bytes that came since the client was last told that it may send more. */
  unreported = 0;
  /** The client has sent all. */
  isRead = false;
  isFinished = false;
  readonly #sender: StreamSender;
  /** How much more the client takes. */
  #window: number;
  #hasHead = false;
  #waiting: Uint8Array[] = [];
  #trailers: Uint8Array | undefined;

  constructor(id: number, window: number, sender: StreamSender) {
    this.id = id;
    this.#window = window;
    this.#sender = sender;
  }

  get hasHead(): boolean {
    return this.#hasHead;
  }

  head(block: Uint8Array): void {
    if (this.isFinished || this.#hasHead) return;
    this.#hasHead = true;
    this.#sender.sendHead(this.id, block, false);
  }

  data(bytes: Uint8Array): void {
    if (this.isFinished || this.#trailers !== undefined) return;
    this.#waiting.push(bytes);
    this.flush();
  }

  /** Ends the answer, behind what still waits. */
  finish(trailers: Uint8Array): void {
    if (this.isFinished || this.#trailers !== undefined) return;
    this.#trailers = trailers;
    this.flush();
  }

  /** Sends what the windows take. */
  flush(): void {
    if (this.isFinished) return;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const room = Math.min(this.#window, this.#sender.window, this.#sender.maxFrameBytes);
      if (room <= 0) return;
      const piece = first.length <= room ? first : first.subarray(0, room);
      if (piece === first) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(room);
      this.#window -= piece.length;
      this.#sender.sendData(this.id, piece);
    }
    if (this.#trailers === undefined) return;
    this.isFinished = true;
    this.#sender.sendHead(this.id, this.#trailers, true);
    this.#sender.finished(this);
  }

  /** The client takes more. */
  enlarge(bytes: number): void {
    this.#window += bytes;
    this.flush();
  }

  /** The client is gone, or wants no more. */
  abort(): void {
    this.isFinished = true;
    this.#waiting = [];
    this.listener?.aborted();
  }
}
