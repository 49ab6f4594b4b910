import type { Buffer } from "node:buffer";
import { decodeHuffman } from "./huffman.ts";

/** A header as it came: a name and a value. */
export type Header = readonly [name: string, value: string];

/** RFC 7541, appendix A; it counts from 1. */
const staticTable: readonly Header[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  ...["200", "204", "206", "304", "400", "404", "500"].map((status): Header => [":status", status]),
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ...[
    ...["accept-language", "accept-ranges", "accept", "access-control-allow-origin", "age", "allow"],
    ...["authorization", "cache-control", "content-disposition", "content-encoding", "content-language"],
    ...["content-length", "content-location", "content-range", "content-type", "cookie", "date", "etag"],
    ...["expect", "expires", "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range"],
    ...["if-unmodified-since", "last-modified", "link", "location", "max-forwards", "proxy-authenticate"],
    ...["proxy-authorization", "range", "referer", "refresh", "retry-after", "server", "set-cookie"],
    ...["strict-transport-security", "transfer-encoding", "user-agent", "vary", "via", "www-authenticate"],
  ].map((name): Header => [name, ""]),
];

/** What an entry costs beside its text (RFC 7541, 4.1). */
const entryOverhead = 32;
/** Ours; peers may use less, and must not use more. */
const maxTableBytes = 4096;

/** Reads the header blocks of one connection, in their order: each may refer to those before. */
export class HpackReader {
  /** The newest first. */
  readonly #dynamic: Header[] = [];
  #bytes = 0;
  #limit = maxTableBytes;

  /** Throws for a block that is coded wrongly; nothing that comes after on the connection can be read then. */
  read(block: Buffer): Header[] {
    const cursor = new Cursor(block);
    const headers: Header[] = [];
    while (cursor.at < block.length) {
      const first = block[cursor.at] ?? 0;
      if (first >= 0x80) headers.push(this.#entry(cursor.integer(7)));
      else if (first >= 0x40) headers.push(this.#remember(this.#literal(cursor, 6)));
      else if (first >= 0x20) this.#resize(cursor.integer(5));
      else headers.push(this.#literal(cursor, 4));
    }
    return headers;
  }

  #entry(index: number): Header {
    const found =
      index <= staticTable.length ? staticTable[index - 1] : this.#dynamic[index - staticTable.length - 1];
    if (found === undefined) throw new Error(`there is no header ${index} to refer to`);
    return found;
  }

  #literal(cursor: Cursor, prefixBits: number): Header {
    const index = cursor.integer(prefixBits);
    const name = index === 0 ? cursor.text() : this.#entry(index)[0];
    return [name, cursor.text()];
  }

  #remember(header: Header): Header {
    this.#dynamic.unshift(header);
    this.#bytes += sizeOf(header);
    this.#evict();
    return header;
  }

  #resize(limit: number): void {
    if (limit > maxTableBytes) throw new Error(`a table of ${limit} bytes is larger than agreed`);
    this.#limit = limit;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#limit) {
      const oldest = this.#dynamic.pop();
      if (oldest === undefined) return;
      this.#bytes -= sizeOf(oldest);
    }
  }
}

function sizeOf([name, value]: Header): number {
  return name.length + value.length + entryOverhead;
}

class Cursor {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** An integer whose first bits are the last ones of a byte. */
  integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Error("an integer is too large");
  }

  text(): string {
    const isHuffman = ((this.#bytes[this.at] ?? 0) & 0x80) !== 0;
    const length = this.integer(7);
    const start = this.at;
    this.at += length;
    if (this.at > this.#bytes.length) throw new Error("a text is longer than its block");
    return isHuffman
      ? decodeHuffman(this.#bytes, start, this.at)
      : this.#bytes.toString("latin1", start, this.at);
  }

  #byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw new Error("a block ends too early");
    this.at += 1;
    return byte;
  }
}

/** Writes headers as they are, so that the peer has nothing to remember. Names are lower-case. */
export function writeHeaders(headers: readonly Header[]): number[] {
  return headers.flatMap(([name, value]) => [0, ...textOf(name), ...textOf(value)]);
}

function textOf(text: string): number[] {
  const bytes = [...text].map((letter) => letter.charCodeAt(0) & 0xff);
  return [...integerOf(bytes.length, 7), ...bytes];
}

function integerOf(value: number, prefixBits: number): number[] {
  const mask = 2 ** prefixBits - 1;
  if (value < mask) return [value];
  const out = [mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest & 0x7f) | 0x80);
  return [...out, rest];
}
