/** Bytes that are no message of the kind that was expected. */
export class DecodeFailure extends Error {
  override readonly name = "DecodeFailure";
}

/** The ways in which protobuf puts a field on the wire. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Reads the fields of one protobuf message, which lies between `at` and `end` of `bytes`. */
export class ProtoReader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isDone(): boolean {
    return this.at >= this.end;
  }

  /** Number and wire type of the next field: `number * 8 + type`. */
  tag(): number {
    return this.varint();
  }

  /** Whole numbers up to 2^53; of larger ones, and of negative ones, only the lowest 32 bits are right. */
  varint(): number {
    const { bytes } = this;
    let byte = this.#byte(bytes);
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let factor = 0x80, count = 1; count < 10; factor *= 0x80, count += 1) {
      byte = this.#byte(bytes);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new DecodeFailure("a number is longer than ten bytes");
  }

  double(): number {
    const start = this.#take(8);
    return this.bytes.readDoubleLE(start);
  }

  /** The length of the bytes field that comes now; `at` is then where it begins. */
  length(): number {
    const length = this.varint();
    if (length > this.end - this.at) throw new DecodeFailure("a field reaches beyond its message");
    return length;
  }

  /** A message in a field. The outer reader goes on behind it. */
  message(): ProtoReader {
    const length = this.length();
    const start = this.#take(length);
    return new ProtoReader(this.bytes, start, start + length);
  }

  /** A view of the bytes in a field, not a copy. */
  view(): Buffer {
    const length = this.length();
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  text(): string {
    const length = this.length();
    const start = this.#take(length);
    return this.bytes.toString("utf8", start, start + length);
  }

  /** Passes over the value of a field that nobody wants. */
  skip(tag: number): void {
    switch (tag & 7) {
      case wireType.varint:
        this.varint();
        return;
      case wireType.fixed64:
        this.#take(8);
        return;
      case wireType.bytes:
        this.#take(this.length());
        return;
      case wireType.fixed32:
        this.#take(4);
        return;
      default:
        throw new DecodeFailure(`wire type ${tag & 7} is not known`);
    }
  }

  #byte(bytes: Buffer): number {
    if (this.at >= this.end) throw new DecodeFailure("the message ends in the middle of a field");
    return bytes[this.at++] ?? 0;
  }

  #take(count: number): number {
    const start = this.at;
    if (count > this.end - start) throw new DecodeFailure("the message ends in the middle of a field");
    this.at = start + count;
    return start;
  }
}
