import { joinBytes } from "../../dialects/wire/bytes.ts";
import { BackendFailure } from "../backends/connection.ts";

export interface SseEvent {
  /** Several `data:` lines joined with LF; empty for an event that only has an id or a time to wait. */
  readonly data: Uint8Array;
  readonly id: string | undefined;
}

const lf = 0x0a;
const cr = 0x0d;
const colon = 0x3a;
const space = 0x20;
const nothing = new Uint8Array(0);
const joint = new Uint8Array([lf]);
const decoder = new TextDecoder();

/**
 * Cuts the bytes of an event stream into events, without decoding their data.
 *
 * - Lines end with LF, CRLF or CR, wherever pieces are cut; a byte order mark at the start is skipped.
 * - Names of events do not matter to MCP and are skipped, and so are comments.
 * - What the end of the stream cuts short still comes out: many servers forget the last blank line.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class SseEventReader {
  /** As `Last-Event-ID` wants it. */
  lastEventId: string | undefined;
  /** Milliseconds to wait before a new connection, as the server said last. */
  retryMs: number | undefined;
  readonly #maxEventBytes: number;
  #line: Uint8Array[] = [];
  #data: Uint8Array[] = [];
  #size = 0;
  #hasId = false;
  #isAfterCr = false;
  #isAtStart = true;

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** The events that end in this piece. Throws `BackendFailure` for one that is too long. */
  push(piece: Uint8Array): SseEvent[] {
    const events: SseEvent[] = [];
    let start = this.#isAfterCr && piece[0] === lf ? 1 : 0;
    if (piece.length > 0) this.#isAfterCr = false;
    // Mostly there is no CR at all; it is looked for once a piece and not once a line.
    let nextCr = piece.indexOf(cr, start);
    for (;;) {
      const nextLf = piece.indexOf(lf, start);
      const end = nextCr >= 0 && (nextLf < 0 || nextCr < nextLf) ? nextCr : nextLf;
      if (end < 0) break;
      this.#endLine(piece.subarray(start, end), events);
      start = end + 1;
      if (end !== nextCr) continue;
      if (piece[start] === lf) start++;
      else if (start === piece.length) this.#isAfterCr = true;
      nextCr = piece.indexOf(cr, start);
    }
    if (start < piece.length) this.#hold(this.#line, piece.subarray(start));
    return events;
  }

  /** What was begun and not ended. */
  end(): SseEvent[] {
    const events: SseEvent[] = [];
    if (this.#line.length > 0) this.#endLine(nothing, events);
    this.#dispatch(events);
    return events;
  }

  #endLine(rest: Uint8Array, events: SseEvent[]): void {
    let line = rest;
    if (this.#line.length > 0) {
      this.#line.push(rest);
      line = joinBytes(this.#line);
      this.#size -= line.length - rest.length;
      this.#line = [];
    }
    if (this.#isAtStart) {
      this.#isAtStart = false;
      if (line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) line = line.subarray(3);
    }
    if (line.length === 0) this.#dispatch(events);
    else this.#field(line);
  }

  #field(line: Uint8Array): void {
    const end = line.indexOf(colon);
    if (end === 0) return;
    const name = decoder.decode(end < 0 ? line : line.subarray(0, Math.min(end, 8)));
    let value = end < 0 ? nothing : line.subarray(end + 1);
    if (value[0] === space) value = value.subarray(1);
    if (name === "data") this.#hold(this.#data, value);
    else if (name === "id") this.#readId(decoder.decode(value));
    else if (name === "retry") this.#readRetry(decoder.decode(value));
  }

  #readId(id: string): void {
    if (id.includes("\0")) return;
    this.lastEventId = id === "" ? undefined : id;
    this.#hasId = true;
  }

  #readRetry(text: string): void {
    if (/^\d{1,9}$/.test(text)) this.retryMs = Number(text);
  }

  #dispatch(events: SseEvent[]): void {
    const data = this.#data;
    if (data.length === 0 && !this.#hasId) return;
    const [only] = data;
    events.push({
      data: data.length === 1 && only !== undefined ? only : joinLines(data),
      id: this.#hasId ? this.lastEventId : undefined,
    });
    this.#data = [];
    this.#size = 0;
    this.#hasId = false;
  }

  #hold(pieces: Uint8Array[], piece: Uint8Array): void {
    this.#size += piece.length;
    if (this.#size > this.#maxEventBytes) {
      throw new BackendFailure("too-large", `sent an event larger than ${this.#maxEventBytes} bytes`);
    }
    pieces.push(piece);
  }
}

function joinLines(lines: readonly Uint8Array[]): Uint8Array {
  return joinBytes(lines.flatMap((line, index) => (index === 0 ? [line] : [joint, line])));
}
