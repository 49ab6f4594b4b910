import type { Emit, Stage } from "../stage.ts";
import { indexOfBytes, needle } from "../wire/bytes.ts";
import { HeldBytes } from "../wire/held-bytes.ts";
import { findMember, isObjectAt, memberName } from "../wire/json-scan.ts";
import { decodeText, encodeText } from "../wire/text.ts";
import type { EventReader } from "./event-reader.ts";
import { StreamTap } from "./stream-tap.ts";

const lf = 0x0a;
const cr = 0x0d;

/** A longer event is no usage chunk and need not be whole to go on. */
const maxHeldBytes = 64 * 1024;

const usageName = memberName("usage");

/**
 * Takes the usage chunk out of a chat stream whose client did not ask for it: the event whose `choices` are empty and
 * whose `usage` is not. Everything else goes on as it came, byte for byte, and a piece that ends with an event goes
 * on whole; of another piece the unfinished event waits for its end.
 */
export class UsageStrike implements Stage<Uint8Array, Uint8Array> {
  readonly #tap: StreamTap;
  readonly #held = new HeldBytes();
  /** In the middle of an event that was too long to hold. */
  #isReleased = false;
  /** What is being looked at, and the events in it that are to go: `[from, to)`. */
  #events: Uint8Array | undefined;
  #struck: [number, number][] = [];

  constructor(reader: EventReader) {
    this.#tap = new StreamTap(reader, (data, bytes, start) => this.#watch(data, bytes, start));
  }

  push(piece: Uint8Array, emit: Emit<Uint8Array>): void {
    if (this.#held.length === 0) this.#take(piece, emit);
    // Without a line end nothing can have become complete.
    else if (piece.indexOf(lf) < 0 && piece.indexOf(cr) < 0) this.#hold(piece, emit);
    else this.#take(this.#release(piece), emit);
  }

  end(emit: Emit<Uint8Array>): void {
    const { length } = this.#held;
    const blankLine = encodeText(this.#tap.lineEnd.repeat(2));
    if (length > 0) this.#pass(this.#release(blankLine), emit, length);
    this.#tap.end();
  }

  #take(bytes: Uint8Array, emit: Emit<Uint8Array>): void {
    const end = eventsEnd(bytes);
    if (end > 0) {
      this.#isReleased = false;
      this.#pass(end === bytes.length ? bytes : bytes.subarray(0, end), emit);
    }
    if (end < bytes.length) this.#hold(bytes.subarray(end), emit);
  }

  #hold(bytes: Uint8Array, emit: Emit<Uint8Array>): void {
    if (!this.#isReleased && this.#held.length + bytes.length <= maxHeldBytes) {
      this.#held.append(bytes);
      return;
    }
    const released = this.#release(bytes);
    this.#isReleased = true;
    this.#tap.push(released);
    emit(released);
  }

  /** What is held, and then `bytes`. */
  #release(bytes: Uint8Array): Uint8Array {
    if (this.#held.length === 0) return bytes;
    this.#held.append(bytes);
    return this.#held.take();
  }

  /** Shows whole events to the tap and sends on what it leaves, up to `length`. */
  #pass(events: Uint8Array, emit: Emit<Uint8Array>, length = events.length): void {
    this.#events = events;
    this.#tap.push(events);
    this.#events = undefined;
    let at = 0;
    for (const [from, to] of this.#struck) {
      if (from > at) emit(events.subarray(at, from));
      at = Math.max(at, to);
    }
    this.#struck = [];
    if (at < length) emit(at === 0 && length === events.length ? events : events.subarray(at, length));
  }

  #watch(data: Uint8Array, bytes: Uint8Array, start: number): void {
    if (bytes !== this.#events || !isUsageChunk(data)) return;
    let [from, to] = [eventsEnd(bytes, start), eventEnd(bytes, start)];
    if (hasOtherData(bytes, from, to, start)) [from, to] = [start, lineEnd(bytes, start)];
    if (this.#struck.at(-1)?.[0] !== from) this.#struck.push([from, to]);
  }
}

function isUsageChunk(data: Uint8Array): boolean {
  if (!isObjectAt(data, findMember(data, 0, usageName))) return false;
  // Parsed whole, since what is taken out must be nothing else; throws on what is not JSON.
  const { choices } = JSON.parse(decodeText(data)) as { readonly choices?: unknown };
  return Array.isArray(choices) && choices.length === 0;
}

/** Where the last whole event ends, looking only at what is before `before`: after a blank line; 0 if there is none. */
function eventsEnd(bytes: Uint8Array, before = bytes.length): number {
  if (bytes[before - 1] === lf && bytes[before - 2] === lf) return before;
  for (let at = before - 1; at > 0; at--) {
    at = bytes.lastIndexOf(lf, at);
    if (at <= 0) break;
    const previous = bytes[at - 1];
    if (previous === lf || (previous === cr && bytes[at - 2] === lf)) return at + 1;
  }
  return bareEventsEnd(bytes, before);
}

/** The same for lines that end with CR alone. */
function bareEventsEnd(bytes: Uint8Array, before: number): number {
  for (let at = before - 1; at > 0; at--) {
    at = bytes.lastIndexOf(cr, at);
    if (at <= 0) return 0;
    if (bytes[at - 1] === cr && bytes[at + 1] !== lf) return at + 1;
  }
  return 0;
}

const dataField = needle("data:");

/** Whether an event has another data line than the one at `start`: a server that forgot a blank line between two. */
function hasOtherData(bytes: Uint8Array, from: number, to: number, start: number): boolean {
  for (let at = from; ; at++) {
    at = indexOfBytes(bytes, dataField, at);
    if (at < 0 || at >= to) return false;
    if (at !== start && (at === from || bytes[at - 1] === lf || bytes[at - 1] === cr)) return true;
  }
}

/** Where the next line begins. */
function lineEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while (end < bytes.length && bytes[end] !== lf && bytes[end] !== cr) end++;
  return bytes[end] === cr && bytes[end + 1] === lf ? end + 2 : end + 1;
}

/** Where the event around `at` ends: after its blank line. */
function eventEnd(bytes: Uint8Array, at: number): number {
  let isLineEmpty = false;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte !== lf && byte !== cr) {
      isLineEmpty = false;
      continue;
    }
    if (byte === cr && bytes[i + 1] === lf) i++;
    if (isLineEmpty) return i + 1;
    isLineEmpty = true;
  }
  return bytes.length;
}
