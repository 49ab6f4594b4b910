import { crc32 } from "node:zlib";
import type { WireEvent } from "../dialect.ts";
import type { Emit, Stage } from "../stage.ts";
import { decodeRange } from "./bytes.ts";

/** What AWS's own clients allow at most. */
const maxFrameBytes = 24 * 1024 * 1024;
const maxHeadersBytes = 128 * 1024;

const preludeBytes = 12;
const frameOverheadBytes = 16;

/** `event` of the exceptions that the framing itself finds. */
export const brokenFrame = "brokenFrame";
export const cutFrame = "cutFrame";

/**
 * Cuts an `application/vnd.amazon.eventstream` body into frames, and checks both checksums of each.
 *
 * - An event frame comes out with its `:event-type` and its payload as text.
 * - An exception frame (`:exception-type`) and an unmodelled error (`:error-code`, `:error-message`) come out as
 *   exceptions; the message is in the JSON of `data`.
 * - A wrong length or checksum comes out as the exception `brokenFrame`, once, and nothing after it is read: where the
 *   next frame begins is unknown. Bytes left over at the end come out as `cutFrame`.
 *
 * @see https://smithy.io/2.0/aws/amazon-eventstream.html
 */
export class AwsEventStreamReader implements Stage<Uint8Array, WireEvent> {
  readonly #hold = new Hold();
  readonly #heads = new HeadReader();
  /** Length of the frame that has begun, once its prelude was checked; 0 before. */
  #frameBytes = 0;
  #isBroken = false;

  push(bytes: Uint8Array, emit: Emit<WireEvent>): void {
    if (this.#isBroken) return;
    const all = this.#hold.join(bytes);
    let at = 0;
    try {
      for (let end = this.#frameEnd(all, at); end !== -1; end = this.#frameEnd(all, at)) {
        emit(this.#readFrame(all, at, end));
        this.#frameBytes = 0;
        at = end;
      }
      this.#hold.keep(all, at);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#isBroken = true;
      this.#hold.clear();
      emit(exception(brokenFrame, `The upstream sent a broken event stream: ${error.message}`));
    }
  }

  end(emit: Emit<WireEvent>): void {
    if (this.#hold.length > 0) emit(exception(cutFrame, "The upstream's event stream ended within a frame"));
    this.#hold.clear();
  }

  /** Where the frame at `at` ends, or -1 while it is not complete. */
  #frameEnd(all: Uint8Array, at: number): number {
    if (this.#frameBytes === 0) {
      if (all.length - at < preludeBytes) return -1;
      this.#frameBytes = checkPrelude(all, at);
    }
    return all.length - at < this.#frameBytes ? -1 : at + this.#frameBytes;
  }

  #readFrame(all: Uint8Array, at: number, frameEnd: number): WireEvent {
    const end = frameEnd - 4;
    if (crc32(all.subarray(at, end)) !== uint32(all, end)) throw new FrameError("a checksum is wrong");
    const payloadStart = at + preludeBytes + uint32(all, at + 4);
    const head = this.#heads.read(all, at + preludeBytes, payloadStart);
    const data = head.message ?? decodeRange(all, payloadStart, end);
    return { event: head.event, data, isException: head.isException };
  }
}

class FrameError extends Error {
  override readonly name = "FrameError";
}

const decoder = new TextDecoder();

/** Checks the first twelve bytes of a frame; gives the length of the whole. */
function checkPrelude(all: Uint8Array, at: number): number {
  if (crc32OfEight(all, at) !== uint32(all, at + 8)) throw new FrameError("a prelude checksum is wrong");
  const frameBytes = uint32(all, at);
  const headersBytes = uint32(all, at + 4);
  if (frameBytes > maxFrameBytes)
    throw new FrameError(`a frame has ${frameBytes} bytes, allowed are ${maxFrameBytes}`);
  if (headersBytes > maxHeadersBytes || headersBytes + frameOverheadBytes > frameBytes) {
    throw new FrameError(`a frame of ${frameBytes} bytes has ${headersBytes} bytes of headers`);
  }
  return frameBytes;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** For so few bytes a call of the native function costs ten times as much. */
function crc32OfEight(bytes: Uint8Array, at: number): number {
  let crc = -1;
  for (let i = at; i < at + 8; i++) crc = crcTable[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function exception(event: string, message: string): WireEvent {
  return { event, data: JSON.stringify({ message }), isException: true };
}

const nothing = new Uint8Array(0);

/** Bytes of a frame that is not complete yet. Grows by doubling, so that a frame in tiny pieces costs no more than its length. */
class Hold {
  #bytes: Uint8Array = nothing;
  length = 0;

  /** What is held and then `bytes`; a view that is good until `keep`. */
  join(bytes: Uint8Array): Uint8Array {
    if (this.length === 0) return bytes;
    const length = this.length + bytes.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.length);
    this.length = length;
    return this.#bytes.subarray(0, length);
  }

  /** Holds what `all`, the last join, has from `at` on. */
  keep(all: Uint8Array, at: number): void {
    this.length = all.length - at;
    if (this.length === 0) this.clear();
    // Not `slice`, which for a Buffer would be a view of memory that belongs to the caller.
    else if (all.buffer !== this.#bytes.buffer) this.#bytes = new Uint8Array(all.subarray(at));
    else if (at > 0) this.#bytes.copyWithin(0, at, all.length);
  }

  clear(): void {
    this.#bytes = nothing;
    this.length = 0;
  }
}

/** What the headers of a frame say. `message` is the data of frames that have it in a header. */
interface Head {
  readonly event: string | undefined;
  readonly isException: boolean;
  readonly message: string | undefined;
}

/** Reads headers; most frames of a stream have the same as the one before, which costs a comparison. */
class HeadReader {
  #bytes = new Uint8Array(0);
  #head: Head = { event: undefined, isException: false, message: undefined };

  read(all: Uint8Array, start: number, end: number): Head {
    if (!this.#isSame(all, start, end)) {
      this.#bytes = new Uint8Array(all.subarray(start, end));
      this.#head = readHead(this.#bytes);
    }
    return this.#head;
  }

  #isSame(all: Uint8Array, start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (bytes.length !== end - start) return false;
    // From the end: names differ late, since `:message-type` is nearly always `event`.
    for (let i = bytes.length - 1; i >= 0; i--) if (bytes[i] !== all[start + i]) return false;
    return true;
  }
}

function readHead(bytes: Uint8Array): Head {
  const texts = readTextHeaders(bytes);
  switch (texts.get(":message-type")) {
    case "exception":
      return { event: texts.get(":exception-type") ?? "exception", isException: true, message: undefined };
    case "error": {
      const message = texts.get(":error-message") ?? "";
      return {
        event: texts.get(":error-code") ?? "error",
        isException: true,
        message: JSON.stringify({ message }),
      };
    }
    default:
      return { event: texts.get(":event-type"), isException: false, message: undefined };
  }
}

/** Sizes of values by type: true, false, int8, int16, int32, int64, bytes, text, timestamp, UUID; -1 is length before it. */
const valueBytes = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16];
const textType = 7;

function readTextHeaders(bytes: Uint8Array): Map<string, string> {
  const texts = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + bytes[at]!;
    const type = bytes[nameEnd];
    const fixed = type === undefined ? undefined : valueBytes[type];
    if (fixed === undefined) throw new FrameError("a header has an unknown type");
    const start = fixed === -1 ? nameEnd + 3 : nameEnd + 1;
    const end = start + (fixed === -1 ? (bytes[nameEnd + 1]! << 8) | bytes[nameEnd + 2]! : fixed);
    if (end > bytes.length) throw new FrameError("a header ends beyond its frame");
    if (type === textType)
      texts.set(decoder.decode(bytes.subarray(at + 1, nameEnd)), decoder.decode(bytes.subarray(start, end)));
    at = end;
  }
  return texts;
}
