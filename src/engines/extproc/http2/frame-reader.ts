import { Buffer } from "node:buffer";
import { ConnectionFailure, errorCode, flag, frameType, headBytes, preface } from "./frames.ts";

/** What frames mean to a server. Payloads are valid during the call only. */
export interface FrameHandler {
  /** `flowBytes`: what counts for windows, padding included. */
  data(stream: number, piece: Buffer, flowBytes: number, isEnd: boolean): void;
  /** A whole header block, however many frames it took. */
  headers(stream: number, block: Buffer, isEnd: boolean): void;
  /** Any other frame. */
  control(type: number, flags: number, stream: number, payload: Buffer): void;
}

const maxHeadBytes = 262_144;

/** Cuts what a client sends into frames. Throws `ConnectionFailure` for what is none. */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #maxFrameBytes: number;
  /** Input that is not a whole frame yet. */
  #rest: Buffer | undefined;
  #prefaceBytes = 0;
  /** A header block whose end has not come. */
  #block: { readonly stream: number; readonly isEnd: boolean; readonly pieces: Buffer[] } | undefined;

  constructor(handler: FrameHandler, maxFrameBytes: number) {
    this.#handler = handler;
    this.#maxFrameBytes = maxFrameBytes;
  }

  read(piece: Buffer): void {
    let at = this.#prefaceBytes === preface.length ? 0 : this.#readPreface(piece);
    at = this.#completeRest(piece, at);
    while (piece.length - at >= headBytes) {
      const end = at + this.#frameBytes(piece, at);
      if (end > piece.length) break;
      this.#frame(piece, at, end);
      at = end;
    }
    // In memory of its own, since the piece's may be used again.
    if (at < piece.length) this.#rest = Buffer.from(piece.subarray(at));
  }

  /** Goes on with the frame that an earlier piece began. How much of the input is read by then. */
  #completeRest(piece: Buffer, start: number): number {
    let at = start;
    while (this.#rest !== undefined && at < piece.length) {
      const rest = this.#rest;
      const wanted = rest.length < headBytes ? headBytes : this.#frameBytes(rest, 0);
      const taken = Math.min(wanted - rest.length, piece.length - at);
      const longer = Buffer.concat([rest, piece.subarray(at, at + taken)]);
      at += taken;
      const isWhole = longer.length >= headBytes && longer.length === this.#frameBytes(longer, 0);
      this.#rest = isWhole ? undefined : longer;
      if (isWhole) this.#frame(longer, 0, longer.length);
    }
    return at;
  }

  /** Of the frame that begins there, with its head. */
  #frameBytes(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at) >>> 8;
    if (length > this.#maxFrameBytes)
      throw new ConnectionFailure(errorCode.frameSize, "a frame is too large");
    return headBytes + length;
  }

  /** How much of the input it took. */
  #readPreface(piece: Buffer): number {
    const taken = Math.min(preface.length - this.#prefaceBytes, piece.length);
    const expected = preface.subarray(this.#prefaceBytes, this.#prefaceBytes + taken);
    if (!expected.equals(piece.subarray(0, taken)))
      throw new ConnectionFailure(errorCode.protocol, "this is a server of HTTP/2");
    this.#prefaceBytes += taken;
    return taken;
  }

  #frame(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start + 3] ?? 0;
    const flags = bytes[start + 4] ?? 0;
    const stream = bytes.readUInt32BE(start + 5) & 0x7fffffff;
    const payload = bytes.subarray(start + headBytes, end);
    if (this.#block !== undefined && type !== frameType.continuation)
      throw new ConnectionFailure(errorCode.protocol, "a header block is interrupted");
    switch (type) {
      case frameType.data:
        this.#handler.data(stream, unpadded(flags, payload, 0), payload.length, hasEnd(flags));
        return;
      case frameType.headers: {
        const priorityBytes = (flags & flag.priority) === 0 ? 0 : 5;
        this.#block = { stream, isEnd: hasEnd(flags), pieces: [] };
        this.#addToBlock(flags, unpadded(flags, payload, priorityBytes));
        return;
      }
      case frameType.continuation:
        if (this.#block?.stream !== stream)
          throw new ConnectionFailure(errorCode.protocol, "a continuation of nothing");
        this.#addToBlock(flags, payload);
        return;
      default:
        this.#handler.control(type, flags, stream, payload);
    }
  }

  #addToBlock(flags: number, piece: Buffer): void {
    const block = this.#block;
    if (block === undefined) return;
    const isWhole = (flags & flag.endHeaders) !== 0;
    if (!isWhole || block.pieces.length > 0) block.pieces.push(Buffer.from(piece));
    if (block.pieces.reduce((sum, { length }) => sum + length, 0) > maxHeadBytes)
      throw new ConnectionFailure(errorCode.enhanceYourCalm, "a head is too large");
    if (!isWhole) return;
    this.#block = undefined;
    const whole = block.pieces.length === 0 ? piece : Buffer.concat(block.pieces);
    this.#handler.headers(block.stream, whole, block.isEnd);
  }
}

function hasEnd(flags: number): boolean {
  return (flags & flag.endStream) !== 0;
}

/** A payload without what stands in front of it and behind it to hide its length. */
function unpadded(flags: number, payload: Buffer, extraBytes: number): Buffer {
  const isPadded = (flags & flag.padded) !== 0;
  const start = (isPadded ? 1 : 0) + extraBytes;
  const end = payload.length - (isPadded ? (payload[0] ?? 0) : 0);
  if (start > end) throw new ConnectionFailure(errorCode.protocol, "more padding than frame");
  return payload.subarray(start, end);
}
