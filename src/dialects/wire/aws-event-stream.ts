import { crc32 } from "node:zlib";
import type { WireEvent } from "../dialect.ts";
import type { Emit, Stage } from "../stage.ts";

/** Total length, headers length, and their checksum. */
const preludeBytes = 12;
/** Prelude and the checksum of the frame. */
const minFrameBytes = 16;
/** Above what AWS sends (headers up to 128 KiB, payloads up to 24 MiB). */
const maxFrameBytes = 32 * 1024 * 1024;

/**
 * Decodes `application/vnd.amazon.eventstream`: each frame becomes an event with its type and its payload as text.
 *
 * - Exception and error frames come out as exceptions, named by their type or code.
 * - A wrong checksum, an impossible length and a body that ends inside a frame come out as an exception too; nothing
 *   after it is read.
 *
 * @see https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html
 */
export class AwsEventStreamReader implements Stage<Uint8Array, WireEvent> {
  readonly #decoder = new TextDecoder();
  /** Holds `#length` bytes of a frame that is not complete. */
  #buffer = new Uint8Array(0);
  #length = 0;
  #isBroken = false;

  push(bytes: Uint8Array, emit: Emit<WireEvent>): void {
    if (this.#isBroken) return;
    if (this.#length === 0) {
      const used = this.#readFrames(bytes, emit);
      this.#append(bytes.subarray(used));
      return;
    }
    this.#append(bytes);
    const used = this.#readFrames(this.#buffer.subarray(0, this.#length), emit);
    this.#buffer.copyWithin(0, used, this.#length);
    this.#length -= used;
  }

  end(emit: Emit<WireEvent>): void {
    if (!this.#isBroken && this.#length > 0) emit(broken("The stream ended inside a frame"));
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#isBroken) return;
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  /** How many bytes were whole frames. */
  #readFrames(bytes: Uint8Array, emit: Emit<WireEvent>): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (bytes.length - at >= preludeBytes) {
      const frameBytes = view.getUint32(at);
      const problem = preludeProblem(bytes, view, at);
      if (problem === undefined && bytes.length - at < frameBytes) return at;
      const isIntact =
        problem === undefined &&
        crc32(bytes.subarray(at, at + frameBytes - 4)) === view.getUint32(at + frameBytes - 4);
      if (!isIntact) {
        this.#isBroken = true;
        emit(broken(problem ?? "The checksum of a frame is wrong"));
        return bytes.length;
      }
      emit(this.#readFrame(bytes.subarray(at, at + frameBytes), view.getUint32(at + 4)));
      at += frameBytes;
    }
    return at;
  }

  #readFrame(frame: Uint8Array, headerBytes: number): WireEvent {
    const headersEnd = preludeBytes + headerBytes;
    const headers = readHeaders(frame.subarray(preludeBytes, headersEnd), this.#decoder);
    const data = this.#decoder.decode(frame.subarray(headersEnd, frame.length - 4));
    const type = headers[":message-type"];
    if (type === "exception")
      return { event: headers[":exception-type"] ?? "exception", data, isException: true };
    if (type !== "error") return { event: headers[":event-type"], data, isException: false };
    const message = headers[":error-message"] ?? data;
    return { event: headers[":error-code"] ?? "error", data: JSON.stringify({ message }), isException: true };
  }
}

function preludeProblem(bytes: Uint8Array, view: DataView, at: number): string | undefined {
  if (crc32(bytes.subarray(at, at + 8)) !== view.getUint32(at + 8))
    return "The checksum of a frame's head is wrong";
  const frameBytes = view.getUint32(at);
  const headerBytes = view.getUint32(at + 4);
  const isPossible = frameBytes >= minFrameBytes + headerBytes && frameBytes <= maxFrameBytes;
  return isPossible ? undefined : `A frame of ${frameBytes} bytes is impossible`;
}

function broken(message: string): WireEvent {
  return { event: "brokenFrame", data: JSON.stringify({ message }), isException: true };
}

/** Bytes of a value by its type; strings and byte arrays have their length in front. */
const valueBytes = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16];
const stringType = 7;

/** The string headers, which are all that Bedrock uses. */
function readHeaders(
  bytes: Uint8Array,
  decoder: TextDecoder,
): { readonly [name: string]: string | undefined } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headers: { [name: string]: string } = {};
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + view.getUint8(at);
    const name = decoder.decode(bytes.subarray(at + 1, nameEnd));
    const type = view.getUint8(nameEnd);
    const fixed = valueBytes[type];
    if (fixed === undefined) break;
    const start = nameEnd + (fixed === -1 ? 3 : 1);
    const end = start + (fixed === -1 ? view.getUint16(nameEnd + 1) : fixed);
    if (type === stringType) headers[name] = decoder.decode(bytes.subarray(start, end));
    at = end;
  }
  return headers;
}
