import { Buffer } from "node:buffer";
import { wireType } from "./proto-reader.ts";

/** Room for some hundred answers; what is larger gets a buffer of its own. */
const slabBytes = 64 * 1024;

/**
 * Writes protobuf messages from their end to their beginning, so that the length of an inner message is known when it
 * is to be written. Whoever uses it writes the last field first.
 *
 * Messages lie side by side in a buffer that is never written twice, so none has to be copied.
 */
export class ProtoWriter {
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  /** Begins a message of at most `maxBytes`. */
  begin(maxBytes: number): void {
    if (this.#at < maxBytes) {
      this.#buffer = Buffer.allocUnsafe(Math.max(maxBytes, slabBytes));
      this.#at = this.#buffer.length;
    }
    this.#end = this.#at;
  }

  finish(): Buffer {
    return this.#buffer.subarray(this.#at, this.#end);
  }

  /** Where an inner message ends; to be given to `close` when its fields are written. */
  open(): number {
    return this.#at;
  }

  close(field: number, end: number): void {
    this.#head(field, end - this.#at);
  }

  varint(field: number, value: number): void {
    this.#number(value);
    this.#number(field * 8 + wireType.varint);
  }

  double(field: number, value: number): void {
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
    this.#number(field * 8 + wireType.fixed64);
  }

  text(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#at -= length;
    this.#buffer.write(value, this.#at, length);
    this.#head(field, length);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#at -= value.length;
    this.#buffer.set(value, this.#at);
    this.#head(field, value.length);
  }

  #head(field: number, length: number): void {
    this.#number(length);
    this.#number(field * 8 + wireType.bytes);
  }

  #number(value: number): void {
    if (value < 0x80) {
      this.#buffer[--this.#at] = value;
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
    this.#at -= size;
    let at = this.#at;
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#buffer[at++] = (rest % 0x80) | 0x80;
    this.#buffer[at] = rest;
  }
}
