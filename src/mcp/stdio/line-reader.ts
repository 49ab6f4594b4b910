import { joinBytes } from "../../dialects/wire/bytes.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** So much is kept of each end of a line that is too long. */
const kept = 512;

export interface LineHandlers {
  /** Without the line break; never empty. */
  onLine(line: Uint8Array): void;
  /** A line that was let go of, by its first and its last bytes. */
  onTooLong(start: Uint8Array, end: Uint8Array): void;
}

/** Cuts what a child writes into lines. A line that is longer than `maxBytes` costs no more memory than that. */
export class LineReader {
  readonly #maxBytes: number;
  readonly #handlers: LineHandlers;
  #held: Uint8Array[] = [];
  #size = 0;
  /** First and last bytes of a line that is too long, while it lasts. */
  #dropped: { readonly start: Uint8Array; end: Uint8Array } | undefined;

  constructor(maxBytes: number, handlers: LineHandlers) {
    this.#maxBytes = maxBytes;
    this.#handlers = handlers;
  }

  push(bytes: Uint8Array): void {
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(lineFeed, from);
      if (end < 0) break;
      this.#add(bytes.subarray(from, end));
      this.#finish();
      from = end + 1;
    }
    if (from < bytes.length) this.#add(bytes.subarray(from));
  }

  /** What has no line break at its end counts, too. */
  end(): void {
    this.#finish();
  }

  #add(bytes: Uint8Array): void {
    if (this.#dropped !== undefined) {
      this.#dropped.end = joinBytes([this.#dropped.end, bytes.subarray(-kept)]).slice(-kept);
      return;
    }
    this.#held.push(bytes);
    this.#size += bytes.length;
    if (this.#size <= this.#maxBytes) return;
    const all = joinBytes(this.#held);
    this.#dropped = { start: all.slice(0, kept), end: all.slice(-kept) };
    this.#held = [];
    this.#size = 0;
  }

  #finish(): void {
    const dropped = this.#dropped;
    if (dropped !== undefined) {
      this.#dropped = undefined;
      this.#handlers.onTooLong(dropped.start, dropped.end);
      return;
    }
    const [first] = this.#held;
    if (first === undefined) return;
    let line = this.#held.length === 1 ? first : joinBytes(this.#held);
    this.#held = [];
    this.#size = 0;
    if (line.at(-1) === carriageReturn) line = line.subarray(0, -1);
    if (line.length > 0) this.#handlers.onLine(line);
  }
}
