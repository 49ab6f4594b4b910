import type { OffsetMap } from "./offset-map.ts";

export interface Position {
  readonly line: number;
  readonly column: number;
  readonly variable?: string;
}

/** An operator's text: turns offsets of its substituted form into lines and columns of what was written. */
export class SourceText {
  readonly name: string;
  readonly #map: OffsetMap;
  readonly #lineStarts: readonly number[];

  constructor(name: string, original: string, map: OffsetMap) {
    this.name = name;
    this.#map = map;
    this.#lineStarts = lineStarts(original);
  }

  /** Of an offset in the substituted text. */
  position(outOffset: number): Position {
    const { offset, variable } = this.#map.locate(outOffset);
    return { ...this.originalPosition(offset), ...(variable === undefined ? {} : { variable }) };
  }

  originalPosition(offset: number): Position {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  return starts;
}
