import { Buffer } from "node:buffer";
import { grpcStatus } from "../call.ts";

/** A call that cannot go on; `code` is what the client is told. */
export class CallFailure extends Error {
  override readonly name = "CallFailure";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A byte that says whether a message is compressed, and its length. */
const prefixBytes = 5;
/** Up to here memory is taken before the message is there; what promises more has to send it. */
const eagerBytes = 1_048_576;

/** Cuts a call's body into messages, each in memory of its own. */
export class MessageReader {
  readonly #maxBytes: number;
  readonly #onMessage: (message: Buffer) => void;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #prefixLength = 0;
  #missing = 0;
  #whole: Buffer | undefined;
  #pieces: Buffer[] = [];

  constructor(maxBytes: number, onMessage: (message: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#onMessage = onMessage;
  }

  /** Throws `CallFailure` for what is no message, or too large a one. */
  push(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      if (this.#prefixLength < prefixBytes) {
        at += this.#readPrefix(piece, at);
        if (this.#prefixLength === prefixBytes && this.#missing === 0) this.#finish();
        continue;
      }
      const taken = Math.min(this.#missing, piece.length - at);
      this.#take(piece, at, taken);
      at += taken;
      if (this.#missing === 0) this.#finish();
    }
  }

  #readPrefix(piece: Buffer, at: number): number {
    const taken = piece.copy(this.#prefix, this.#prefixLength, at, at + prefixBytes - this.#prefixLength);
    this.#prefixLength += taken;
    if (this.#prefixLength < prefixBytes) return taken;
    if (this.#prefix[0] !== 0)
      throw new CallFailure(grpcStatus.unimplemented, "compressed messages are not supported");
    const length = this.#prefix.readUInt32BE(1);
    if (length > this.#maxBytes) {
      const message = `a message of ${length} bytes is larger than the ${this.#maxBytes} that are taken`;
      throw new CallFailure(grpcStatus.resourceExhausted, message);
    }
    this.#missing = length;
    this.#whole = length <= eagerBytes ? Buffer.allocUnsafe(length) : undefined;
    return taken;
  }

  #take(piece: Buffer, at: number, count: number): void {
    if (this.#whole === undefined) this.#pieces.push(Buffer.from(piece.subarray(at, at + count)));
    else piece.copy(this.#whole, this.#whole.length - this.#missing, at, at + count);
    this.#missing -= count;
  }

  #finish(): void {
    const message = this.#whole ?? Buffer.concat(this.#pieces);
    this.#whole = undefined;
    this.#pieces = [];
    this.#prefixLength = 0;
    this.#onMessage(message);
  }
}
