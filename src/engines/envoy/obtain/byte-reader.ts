/** Takes a stream of bytes apart by number: whole parts, or parts handed on piece by piece. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** `undefined` at the end; throws where it comes in the middle. */
  async take(length: number): Promise<Uint8Array | undefined> {
    const part = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const piece = await this.#next(length - filled);
      if (piece === undefined) {
        if (filled === 0) return undefined;
        throw new Error("the archive ends too early");
      }
      part.set(piece, filled);
      filled += piece.length;
    }
    return part;
  }

  /** The next `length` bytes as they come. Throws where there are fewer. */
  async *pieces(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      const piece = await this.#next(left);
      if (piece === undefined) throw new Error("the archive ends too early");
      left -= piece.length;
      yield piece;
    }
  }

  /** All that is left. */
  async *all(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = await this.#next(Number.POSITIVE_INFINITY);
      if (piece === undefined) return;
      yield piece;
    }
  }

  async skip(length: number): Promise<void> {
    for await (const _ of this.pieces(length));
  }

  /** Looks at the beginning without taking it. Fewer bytes where there are no more. */
  async peek(length: number): Promise<Uint8Array> {
    while (this.#rest.length < length) {
      const { done, value } = await this.#source.next();
      if (done === true) break;
      const joined = new Uint8Array(this.#rest.length + value.length);
      joined.set(this.#rest);
      joined.set(value, this.#rest.length);
      this.#rest = joined;
    }
    return this.#rest.subarray(0, length);
  }

  async #next(mostBytes: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#source.next();
      if (done === true) return undefined;
      this.#rest = value;
    }
    const piece = this.#rest.subarray(0, mostBytes);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }
}
