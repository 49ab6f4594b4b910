import { Buffer } from "node:buffer";
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
  /** Headers of the last frame, and what they say. */
  #headers: Uint8Array | undefined;
  #head: FrameHead = { type: "event", name: undefined, message: undefined };

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
    let at = 0;
    while (bytes.length - at >= preludeBytes) {
      const frameBytes = uint32At(bytes, at);
      const isWhole = bytes.length - at >= frameBytes && frameBytes >= minFrameBytes;
      // The frame's own checksum covers its head, which is looked at alone only to know that it is worth waiting.
      const problem = isWhole ? frameProblem(bytes, at, frameBytes) : headProblem(bytes, at);
      if (problem !== undefined) {
        this.#isBroken = true;
        emit(broken(problem));
        return bytes.length;
      }
      if (!isWhole) return at;
      emit(this.#readFrame(bytes, at, frameBytes));
      at += frameBytes;
    }
    return at;
  }

  #readFrame(bytes: Uint8Array, at: number, frameBytes: number): WireEvent {
    const headersEnd = at + preludeBytes + uint32At(bytes, at + 4);
    const { type, name, message } = this.#readHead(bytes.subarray(at + preludeBytes, headersEnd));
    const data = this.#decoder.decode(bytes.subarray(headersEnd, at + frameBytes - 4));
    if (type === "event") return { event: name, data, isException: false };
    return {
      event: name,
      data: message === undefined ? data : JSON.stringify({ message }),
      isException: true,
    };
  }

  /** The frames of a stream mostly have the same headers. */
  #readHead(headers: Uint8Array): FrameHead {
    if (this.#headers === undefined || Buffer.compare(this.#headers, headers) !== 0) {
      this.#headers = headers.slice();
      this.#head = readHead(headers, this.#decoder);
    }
    return this.#head;
  }
}

function uint32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function frameProblem(bytes: Uint8Array, at: number, frameBytes: number): string | undefined {
  const end = at + frameBytes - 4;
  if (crc32(bytes.subarray(at, end)) !== uint32At(bytes, end)) return "The checksum of a frame is wrong";
  return impossibleSize(frameBytes, uint32At(bytes, at + 4));
}

function headProblem(bytes: Uint8Array, at: number): string | undefined {
  if (crc32(bytes.subarray(at, at + 8)) !== uint32At(bytes, at + 8))
    return "The checksum of a frame's head is wrong";
  return impossibleSize(uint32At(bytes, at), uint32At(bytes, at + 4));
}

function impossibleSize(frameBytes: number, headerBytes: number): string | undefined {
  const isPossible = frameBytes >= minFrameBytes + headerBytes && frameBytes <= maxFrameBytes;
  return isPossible ? undefined : `A frame of ${frameBytes} bytes is impossible`;
}

function broken(message: string): WireEvent {
  return { event: "brokenFrame", data: JSON.stringify({ message }), isException: true };
}

/** What a frame says of its payload. `message`: of an error frame, which has no payload. */
interface FrameHead {
  readonly type: "event" | "exception";
  readonly name: string | undefined;
  readonly message: string | undefined;
}

function readHead(bytes: Uint8Array, decoder: TextDecoder): FrameHead {
  const headers = readHeaders(bytes, decoder);
  const message = headers[":error-message"];
  switch (headers[":message-type"]) {
    case "exception":
      return { type: "exception", name: headers[":exception-type"] ?? "exception", message: undefined };
    case "error":
      return { type: "exception", name: headers[":error-code"] ?? "error", message };
    default:
      return { type: "event", name: headers[":event-type"], message: undefined };
  }
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
