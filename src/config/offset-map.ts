/** Text that came unchanged from the original has a `variable` only if it is the value of one. */
interface Piece {
  readonly outStart: number;
  readonly inStart: number;
  readonly length: number;
  readonly variable?: string;
}

export interface Place {
  /** In the original text. */
  readonly offset: number;
  /** The variable whose value the offset lies in. */
  readonly variable?: string;
}

/**
 * Where each character of a substituted text stands in the original.
 *
 * Copied text maps one to one, text inside an inserted value to the start of its `$…` expression.
 */
export class OffsetMap {
  readonly #pieces: Piece[] = [];
  #outLength = 0;

  /** The map of a text that was not substituted. */
  static identity(length: number): OffsetMap {
    const map = new OffsetMap();
    map.copy(0, length);
    return map;
  }

  copy(inStart: number, length: number): void {
    this.#add({ outStart: this.#outLength, inStart, length });
  }

  insert(inStart: number, length: number, variable: string): void {
    this.#add({ outStart: this.#outLength, inStart, length, variable });
  }

  get outLength(): number {
    return this.#outLength;
  }

  /** The place of an offset of the substituted text; its end maps behind the last piece. */
  locate(outOffset: number): Place {
    const piece = this.#pieces[this.#indexOf(outOffset)];
    if (piece === undefined) return { offset: 0 };
    if (piece.variable !== undefined && outOffset < piece.outStart + piece.length) {
      return { offset: piece.inStart, variable: piece.variable };
    }
    return { offset: piece.inStart + Math.min(outOffset - piece.outStart, piece.length) };
  }

  #add(piece: Piece): void {
    if (piece.length === 0) return;
    this.#outLength += piece.length;
    this.#pieces.push(piece);
  }

  /** Index of the last piece that starts at or before the offset. */
  #indexOf(outOffset: number): number {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pieces[middle]?.outStart ?? 0) <= outOffset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
