import { ExchangeFailure } from "../../model/failure.ts";
import type { WireEvent } from "../dialect.ts";
import type { Emit, Stage } from "../stage.ts";

/** Longest event, in characters: room for an image in base64. */
const maxEvent = 64 * 1024 * 1024;

/**
 * Cuts a server-sent event stream into events.
 *
 * - Line ends are LF, CRLF or CR; a BOM is skipped; UTF-8 may be cut anywhere.
 * - Several `data:` lines are joined with LF. `id:` and `retry:` are skipped.
 * - A comment, and an event without data, comes out with empty data: something that keeps the connection alive.
 * - An event that the end of the body cuts short still comes out, since some servers leave out the last blank line.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class SseReader implements Stage<Uint8Array, WireEvent> {
  readonly #decoder = new TextDecoder();
  /** The line that has begun. */
  #rest = "";
  /** The last piece ended in CR: a LF that comes next belongs to it. */
  #hasOpenCr = false;
  #event: string | undefined;
  #data: string | undefined;

  push(bytes: Uint8Array, emit: Emit<WireEvent>): void {
    this.#pushText(this.#decoder.decode(bytes, { stream: true }), emit);
  }

  end(emit: Emit<WireEvent>): void {
    this.#pushText(`${this.#decoder.decode()}\n\n`, emit);
  }

  #pushText(piece: string, emit: Emit<WireEvent>): void {
    if (piece === "") return;
    let text = this.#hasOpenCr && piece.startsWith("\n") ? piece.slice(1) : piece;
    this.#hasOpenCr = piece.endsWith("\r");
    if (text.includes("\r")) text = text.replace(/\r\n?/g, "\n");
    if (!text.includes("\n")) {
      this.#rest += text;
      if (this.#rest.length > maxEvent) tooLong();
      return;
    }
    if (this.#rest !== "") text = this.#rest + text;
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      this.#line(text, start, end, emit);
      start = end + 1;
    }
    this.#rest = text.slice(start);
  }

  #line(text: string, start: number, end: number, emit: Emit<WireEvent>): void {
    // The first letter tells most lines apart for less than a comparison costs.
    switch (text[start]) {
      case "\n":
        this.#dispatch(emit);
        break;
      case "d":
        if (text.startsWith("data:", start)) this.#append(fieldValue(text, start + 5, end));
        break;
      case "e":
        if (text.startsWith("event:", start)) this.#event = fieldValue(text, start + 6, end);
        break;
      case ":":
        emit({ event: undefined, data: "", isException: false });
        break;
      default:
    }
  }

  #append(data: string): void {
    this.#data = this.#data === undefined ? data : `${this.#data}\n${data}`;
    if (this.#data.length > maxEvent) tooLong();
  }

  #dispatch(emit: Emit<WireEvent>): void {
    if (this.#event === undefined && this.#data === undefined) return;
    const event = { event: this.#event, data: this.#data ?? "", isException: false };
    this.#event = undefined;
    this.#data = undefined;
    emit(event);
  }
}

/** One space behind the colon does not count. */
function fieldValue(text: string, start: number, end: number): string {
  return text.slice(text.charCodeAt(start) === 0x20 ? start + 1 : start, end);
}

function tooLong(): never {
  throw new ExchangeFailure("bad_upstream_answer", "The upstream sent an event that is too long");
}
