import type { ByteReader } from "./byte-reader.ts";

export interface TarEntry {
  readonly path: string;
  readonly mode: number;
  readonly type: "file" | "directory";
}

const blockBytes = 512;

export function isTar(start: Uint8Array): boolean {
  return start.length >= blockBytes && text(start, 257, 5) === "ustar";
}

/**
 * Visits the files and directories of a tar archive: ustar, with the long names of GNU and pax. Whatever else there is
 * is passed over, and so is content that the visitor does not read.
 */
export async function readTar(
  reader: ByteReader,
  visit: (entry: TarEntry, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  let longName: string | undefined;
  for (;;) {
    const header = await reader.take(blockBytes);
    // Two blocks of zeros are the end; one will do.
    if (header === undefined || header.every((byte) => byte === 0)) return;
    checkSum(header);
    const size = number(header, 124, 12);
    const kind = String.fromCharCode(header[156] || 0x30);
    if (kind === "L" || kind === "x") {
      longName = readLongName(kind, new TextDecoder().decode(await reader.take(size))) ?? longName;
    } else {
      const content = reader.pieces(size);
      const type = typeOf(kind);
      const path = longName ?? nameOf(header);
      longName = undefined;
      if (type !== undefined) await visit({ path, type, mode: number(header, 100, 8) & 0o777 }, content);
      for await (const _ of content);
    }
    await reader.skip((blockBytes - (size % blockBytes)) % blockBytes);
  }
}

function typeOf(kind: string): TarEntry["type"] | undefined {
  if (kind === "0" || kind === "7") return "file";
  return kind === "5" ? "directory" : undefined;
}

/** GNU's is the name and a zero; that of pax is `27 path=some/very/long/name` among other such lines. */
function readLongName(kind: string, content: string): string | undefined {
  return kind === "L" ? content.replace(/\0.*$/s, "") : /^\d+ path=(.*)$/m.exec(content)?.[1];
}

function nameOf(header: Uint8Array): string {
  const prefix = text(header, 345, 155);
  const name = text(header, 0, 100);
  return prefix === "" ? name : `${prefix}/${name}`;
}

function text(block: Uint8Array, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** Octal, or in base 256 where the first bit is set. */
function number(block: Uint8Array, start: number, length: number): number {
  const field = block.subarray(start, start + length);
  if (((field[0] ?? 0) & 0x80) === 0) return Number.parseInt(text(block, start, length).trim() || "0", 8);
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
}

function checkSum(header: Uint8Array): void {
  const isOfSum = (index: number) => index >= 148 && index < 156;
  const sum = header.reduce((total, byte, index) => total + (isOfSum(index) ? 0x20 : byte), 0);
  if (sum !== number(header, 148, 8)) throw new Error("the archive is no tar file, or is damaged");
}
