import { ExchangeFailure } from "../../model/failure.ts";
import type { WireEvent } from "../dialect.ts";
import type { Emit, Stage } from "../stage.ts";

/** Longest event, in characters: room for an image in base64. */
const maxEvent = 64 * 1024 * 1024;

const streaming = { stream: true };

/**
 * Cuts a server-sent event stream into events.
 *
 * - Line ends are LF, CRLF or CR; a BOM is skipped; UTF-8 may be cut anywhere.
 * - Several `data:` lines are joined with LF. `id:` and `retry:` are skipped, and the name of an event too: all APIs
 *   say it again in the data.
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
  #hasName = false;
  #data: string | undefined;

  push(bytes: Uint8Array, emit: Emit<WireEvent>): void {
    this.#pushText(this.#decoder.decode(bytes, streaming), emit);
  }

  end(emit: Emit<WireEvent>): void {
    this.#pushText(`${this.#decoder.decode()}\n\n`, emit);
  }

  #pushText(piece: string, emit: Emit<WireEvent>): void {
    let text = this.#hasOpenCr || piece.includes("\r") ? this.#withLf(piece) : piece;
    let end = text.indexOf("\n");
    if (end === -1) {
      this.#rest += text;
      if (this.#rest.length > maxEvent) tooLong();
      return;
    }
    if (this.#rest !== "") {
      end += this.#rest.length;
      text = this.#rest + text;
    }
    let start = 0;
    for (; end !== -1; end = text.indexOf("\n", start)) {
      this.#line(text, start, end, emit);
      start = end + 1;
    }
    this.#rest = start === text.length ? "" : text.slice(start);
  }

  /** The piece with every line end as LF. */
  #withLf(piece: string): string {
    if (piece === "") return piece;
    const text = this.#hasOpenCr && piece.startsWith("\n") ? piece.slice(1) : piece;
    this.#hasOpenCr = piece.endsWith("\r");
    return text.replace(/\r\n?/g, "\n");
  }

  #line(text: string, start: number, end: number, emit: Emit<WireEvent>): void {
    // The first letter tells most lines apart for less than a comparison costs.
    switch (text.charCodeAt(start)) {
      case 0x0a:
        this.#dispatch(emit);
        break;
      case 0x64: // data
        if (text.startsWith("data:", start)) this.#append(fieldValue(text, start + 5, end));
        break;
      case 0x65: // event
        if (text.startsWith("event:", start)) this.#hasName = true;
        break;
      case 0x3a: // A comment.
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
    const data = this.#data;
    if (data === undefined && !this.#hasName) return;
    this.#hasName = false;
    this.#data = undefined;
    emit({ event: undefined, data: data ?? "", isException: false });
  }
}

/** One space behind the colon does not count. */
function fieldValue(text: string, start: number, end: number): string {
  return text.slice(text.charCodeAt(start) === 0x20 ? start + 1 : start, end);
}

function tooLong(): never {
  throw new ExchangeFailure("bad_upstream_answer", "The upstream sent an event that is too long");
}
