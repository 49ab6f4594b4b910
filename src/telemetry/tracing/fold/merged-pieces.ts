/**
 * Events of a stream that differ in nothing but a piece of text, joined before they are parsed: most of a stream is
 * such events, and parsing each would cost more than all the rest of a span.
 */
export class MergedPieces {
  readonly #emit: (data: string) => void;
  #before = "";
  #after = "";
  #text: string | undefined;

  constructor(emit: (data: string) => void) {
    this.#emit = emit;
  }

  add(data: string): void {
    if (this.#text !== undefined && this.#isAlike(data)) {
      this.#text += data.slice(this.#before.length, data.length - this.#after.length);
      return;
    }
    this.flush();
    const start = textStart(data);
    const end = start < 0 ? -1 : textEnd(data, start);
    const after = end < 0 ? "" : data.slice(end);
    // What else is a piece of something must not be lost.
    if (
      end < 0 ||
      !isText(data.slice(start, end)) ||
      otherPieces.test(after) ||
      otherPieces.test(data.slice(0, start - opening.length))
    )
      this.#emit(data);
    else {
      this.#before = data.slice(0, start);
      this.#after = after;
      this.#text = data.slice(start, end);
    }
  }

  flush(): void {
    if (this.#text === undefined) return;
    this.#emit(this.#before + this.#text + this.#after);
    this.#text = undefined;
  }

  #isAlike(data: string): boolean {
    const start = this.#before.length;
    const end = data.length - this.#after.length;
    return (
      end >= start &&
      data.startsWith(this.#before) &&
      data.endsWith(this.#after) &&
      isText(data.slice(start, end))
    );
  }
}

/** Longer ones gain nothing. */
const maxPiece = 4096;
/** The inside of a JSON string: one bad piece must not spoil the others. */
const jsonText = /^(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*$/u;
const opening = '"content":"';
const otherPieces =
  /"(?:content|refusal|reasoning\w*|tool_calls|function_call|audio|text|annotations|error)":(?!null)/;

function isText(piece: string): boolean {
  return piece.length <= maxPiece && jsonText.test(piece);
}

function textStart(data: string): number {
  const at = data.indexOf(opening);
  return at < 0 ? -1 : at + opening.length;
}

/** Of the quote that ends a JSON string. */
function textEnd(data: string, start: number): number {
  for (let end = data.indexOf('"', start); end >= 0; end = data.indexOf('"', end + 1)) {
    let slashes = 0;
    while (data.charCodeAt(end - 1 - slashes) === 0x5c && end - 1 - slashes >= start) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}
