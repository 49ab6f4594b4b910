import { indexOfBytes, type Needle, needle, startsWith } from "./bytes.ts";
import { HeldBytes } from "./held-bytes.ts";
import { isSpace } from "./json-scan.ts";

/** Sees one whole line, without what ends it. */
type LineVisitor = (bytes: Uint8Array, start: number, end: number) => void;

/** Something that makes a line worth a visit. */
export interface Marker {
  readonly needle: Needle;
  /** A member's name: the line does not count if the member's value is null. */
  readonly isNullable: boolean;
}

interface SseScanOptions {
  readonly markers: readonly Marker[];
  /** Also visit a line `[DONE]` that ends a piece. */
  readonly hasSentinel: boolean;
  /** Visit every line, until set to false from the visit. */
  readonly wantsAll: boolean;
  readonly visit: LineVisitor;
  /** Longer lines are not visited; as much may be held. */
  readonly maxLineBytes?: number;
}

const lf = 0x0a;
const cr = 0x0d;

/** An event with an image in it has some 5 MB. */
const defaultMaxLineBytes = 16 * 1024 * 1024;

/**
 * Finds the interesting lines in a stream of server-sent events, cut anywhere, without decoding or splitting it: what
 * costs is one native search for each marker and network piece.
 *
 * - Lines end with LF, CRLF or CR; which of them the first line shows.
 * - A line is visited at least once if it holds a marker, in the order of the stream for each marker.
 * - Only a line that is not whole yet is copied and held.
 */
export class SseScan {
  /** Every line is visited while this is true. */
  wantsAll: boolean;
  readonly #markers: readonly Marker[];
  readonly #hasSentinel: boolean;
  readonly #visit: LineVisitor;
  readonly #maxLineBytes: number;
  #lineEnd: typeof lf | typeof cr = lf;
  #isLineEndKnown = false;
  readonly #held = new HeldBytes();
  #isTooLong = false;

  constructor(options: SseScanOptions) {
    this.wantsAll = options.wantsAll;
    this.#markers = options.markers;
    this.#hasSentinel = options.hasSentinel;
    this.#visit = options.visit;
    this.#maxLineBytes = options.maxLineBytes ?? defaultMaxLineBytes;
  }

  push(piece: Uint8Array): void {
    if (!this.#isLineEndKnown) {
      const known = this.#learnLineEnd(piece);
      if (known === undefined) return;
      piece = known;
    }
    let from = 0;
    if (this.#held.length > 0 || this.#isTooLong) {
      const end = piece.indexOf(this.#lineEnd);
      if (end < 0) {
        this.#hold(piece, 0);
        return;
      }
      this.#finishLine(piece, end);
      from = end + 1;
    }
    const last = piece.lastIndexOf(this.#lineEnd);
    if (last >= from) this.#inspect(piece, from, last + 1);
    this.#hold(piece, Math.max(from, last + 1));
  }

  /** LF before it is known. */
  get lineEnd(): string {
    return this.#lineEnd === cr ? "\r" : "\n";
  }

  /** What is left is a line of its own. */
  end(): void {
    if (this.#held.length > 0) this.#finishLine(new Uint8Array(0), 0);
  }

  /** The piece to go on with, once it is known how lines end; before that it is held. */
  #learnLineEnd(piece: Uint8Array): Uint8Array | undefined {
    if (this.#held.last === cr) {
      this.#held.append(piece);
      piece = this.#held.take();
    }
    const firstCr = piece.indexOf(cr);
    const firstLf = piece.indexOf(lf);
    const isCr = firstCr >= 0 && (firstLf < 0 || firstLf > firstCr + 1);
    // After a CR that is last an LF may still follow.
    if (firstLf < 0 && (firstCr < 0 || firstCr === piece.length - 1)) {
      this.#hold(piece, 0);
      return undefined;
    }
    this.#lineEnd = isCr ? cr : lf;
    this.#isLineEndKnown = true;
    return piece;
  }

  #hold(piece: Uint8Array, from: number): void {
    if (from >= piece.length || this.#isTooLong) return;
    if (this.#held.length + piece.length - from > this.#maxLineBytes) {
      this.#isTooLong = true;
      this.#held.take();
    } else this.#held.append(piece.subarray(from));
  }

  #finishLine(piece: Uint8Array, end: number): void {
    if (!this.#isTooLong) {
      this.#held.append(piece.subarray(0, end));
      const line = this.#held.take();
      this.#inspect(line, 0, line.length);
    }
    this.#isTooLong = false;
  }

  /** Whole lines from `from` to `to`. */
  #inspect(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (this.wantsAll && at < to) at = this.#visitLine(bytes, at, to);
    if (at >= to) return;
    for (const marker of this.#markers) {
      for (let hit = at; ; ) {
        hit = indexOfBytes(bytes, marker.needle, hit);
        if (hit < 0 || hit >= to) break;
        const after = hit + marker.needle.length;
        if (marker.isNullable && isNullAfter(bytes, after)) hit = after;
        else hit = this.#visitLine(bytes, this.#lineStart(bytes, hit, at), to);
      }
    }
    if (this.#hasSentinel) this.#visitSentinel(bytes, at, to);
  }

  /** Gives the start of the next line. */
  #visitLine(bytes: Uint8Array, start: number, to: number): number {
    const found = bytes.indexOf(this.#lineEnd, start);
    const end = found < 0 || found >= to ? to : found;
    this.#visit(bytes, start, bytes[end - 1] === cr && end > start ? end - 1 : end);
    return end + 1;
  }

  #lineStart(bytes: Uint8Array, at: number, from: number): number {
    return Math.max(bytes.lastIndexOf(this.#lineEnd, at) + 1, from);
  }

  #visitSentinel(bytes: Uint8Array, from: number, to: number): void {
    let end = to;
    while (end > from && (bytes[end - 1] === lf || bytes[end - 1] === cr)) end--;
    if (bytes[end - 1] !== 0x5d || bytes[end - 6] !== 0x5b || end - 6 < from) return;
    this.#visit(bytes, this.#lineStart(bytes, end - 1, from), end);
  }
}

/** Whether a colon and null follow. */
function isNullAfter(bytes: Uint8Array, at: number): boolean {
  while (isSpace(bytes[at])) at++;
  if (bytes[at] !== 0x3a) return true;
  at++;
  while (isSpace(bytes[at])) at++;
  return bytes[at] === 0x6e;
}

const dataField = needle("data:");
const sentinel = needle("[DONE]");

/** Where the data of a `data:` line begins, or -1 for another line. */
export function dataStart(bytes: Uint8Array, start: number, end: number): number {
  const hasMark = bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
  const field = hasMark ? start + 3 : start;
  if (!startsWith(bytes, dataField, field)) return -1;
  const at = field + dataField.length;
  return bytes[at] === 0x20 && at < end ? at + 1 : at;
}

export function isSentinel(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at === sentinel.length && startsWith(bytes, sentinel, at);
}
