import { Buffer } from "node:buffer";

/** RFC 9113, 6. */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** RFC 9113, 7. */
export const errorCode = {
  none: 0,
  protocol: 1,
  flowControl: 3,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

export const setting = { initialWindow: 4, maxFrameBytes: 5 } as const;

export const headBytes = 9;
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
export const defaultWindow = 65_535;
export const maxWindow = 2 ** 31 - 1;

/** The peer has broken the protocol, and the connection ends; `code` is what it is told. */
export class ConnectionFailure extends Error {
  override readonly name = "ConnectionFailure";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Collects frames, so that what one piece of input caused is one write. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafe(16_384);
  #used = 0;

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  frame(type: number, flags: number, stream: number, payload: Uint8Array): void {
    this.head(type, flags, stream, payload.length);
    this.bytes(payload);
  }

  head(type: number, flags: number, stream: number, length: number): void {
    this.#reserve(headBytes);
    this.#bytes.writeUInt32BE(length * 256 + type, this.#used);
    this.#bytes[this.#used + 4] = flags;
    this.#bytes.writeUInt32BE(stream, this.#used + 5);
    this.#used += headBytes;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#used = this.#bytes.writeUInt32BE(value, this.#used);
  }

  /** All frames so far, in memory of their own. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#used));
    this.#used = 0;
    if (this.#bytes.length > 1_048_576) this.#bytes = Buffer.allocUnsafe(16_384);
    return taken;
  }

  #reserve(count: number): void {
    const needed = this.#used + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }
}
