import type { Emit, Stage } from "../stage.ts";
import { encodeText, joinBytes } from "../wire/bytes.ts";
import { findMembers, isObjectAt, memberName, parseAt } from "../wire/json-scan.ts";
import type { EventReader } from "./event-reader.ts";
import { StreamTap } from "./stream-tap.ts";

const lf = 0x0a;
const cr = 0x0d;

/** A longer event is no usage chunk and need not be whole to go on. */
const maxHeldBytes = 64 * 1024;

const [choicesName, usageName] = [memberName("choices"), memberName("usage")];

/**
 * Takes the usage chunk out of a chat stream whose client did not ask for it: the event whose `choices` are empty and
 * whose `usage` is not. Everything else goes on as it came, byte for byte, and a piece that ends with an event goes
 * on whole; of another piece the unfinished event waits for its end.
 */
export class UsageStrike implements Stage<Uint8Array, Uint8Array> {
  readonly #tap: StreamTap;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** In the middle of an event that was too long to hold. */
  #isReleased = false;
  /** What is being looked at, and the events in it that are to go: `[from, to)`. */
  #events: Uint8Array | undefined;
  #struck: [number, number][] = [];

  constructor(reader: EventReader) {
    this.#tap = new StreamTap(reader, (bytes, start, at) => this.#watch(bytes, start, at));
  }

  push(piece: Uint8Array, emit: Emit<Uint8Array>): void {
    if (this.#heldBytes === 0) this.#take(piece, emit);
    // Without a line end nothing can have become complete.
    else if (piece.indexOf(lf) < 0 && piece.indexOf(cr) < 0) this.#hold(piece, emit);
    else this.#take(this.#release(piece), emit);
  }

  end(emit: Emit<Uint8Array>): void {
    const held = joinBytes(this.#held);
    const blankLine = encodeText(this.#tap.lineEnd.repeat(2));
    if (held.length > 0) this.#pass(joinBytes([held, blankLine]), emit, held.length);
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
    if (!this.#isReleased && this.#heldBytes + bytes.length <= maxHeldBytes) {
      this.#held.push(new Uint8Array(bytes));
      this.#heldBytes += bytes.length;
      return;
    }
    const released = this.#release(bytes);
    this.#isReleased = true;
    this.#tap.push(released);
    emit(released);
  }

  /** What is held, and then `bytes`. */
  #release(bytes: Uint8Array): Uint8Array {
    const joined = joinBytes([...this.#held, bytes]);
    this.#held = [];
    this.#heldBytes = 0;
    return joined;
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

  #watch(bytes: Uint8Array, start: number, at: number): void {
    if (bytes !== this.#events || !isUsageChunk(bytes, at)) return;
    const from = eventsEnd(bytes, start);
    if (this.#struck.at(-1)?.[0] !== from) this.#struck.push([from, eventEnd(bytes, at)]);
  }
}

function isUsageChunk(bytes: Uint8Array, at: number): boolean {
  const [choices = -1, usage = -1] = findMembers(bytes, at, [choicesName, usageName]);
  if (choices < 0 || usage < 0 || !isObjectAt(bytes, usage)) return false;
  const list = parseAt(bytes, choices);
  return Array.isArray(list) && list.length === 0;
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
