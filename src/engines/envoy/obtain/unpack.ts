import { createReadStream, mkdirSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { ByteReader } from "./byte-reader.ts";
import { isTar, readTar } from "./tar.ts";

const xz = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const gzip = [0x1f, 0x8b];

/**
 * Unpacks an archive, or a bare executable, into a directory that has `bin/envoy` then. Packed with xz, gzip or not at
 * all; the first part of each path in an archive is dropped.
 */
export async function unpack(archive: string, target: string): Promise<void> {
  const packed = new ByteReader(createReadStream(archive) as AsyncIterable<Uint8Array>);
  const start = await packed.peek(xz.length);
  const plain = new ByteReader(await decompress(packed, start));
  if (isTar(await plain.peek(512))) {
    await unpackTar(plain, target);
  } else {
    mkdirSync(join(target, "bin"), { recursive: true, mode: 0o750 });
    await writeFile(join(target, "bin/envoy"), 0o755, plain.all());
  }
}

async function decompress(packed: ByteReader, start: Uint8Array): Promise<AsyncIterable<Uint8Array>> {
  if (beginsWith(start, xz)) return readXz(packed.all());
  if (beginsWith(start, gzip)) return Readable.from(packed.all()).pipe(createGunzip());
  return packed.all();
}

function beginsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

/** The decoder is loaded only by who needs it. */
async function* readXz(packed: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { XzReadableStream } = await import("xz-decompress");
  const source = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await packed.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
  const reader = new XzReadableStream(source).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw new Error("it is no xz file, is damaged, or is packed in a way that is not known", {
      cause: error,
    });
  }
}

function unpackTar(reader: ByteReader, target: string): Promise<void> {
  return readTar(reader, async ({ path, type, mode }, content) => {
    const inside = placeOf(path);
    if (inside === undefined) return;
    const place = join(target, inside);
    const directory = type === "directory" ? place : dirname(place);
    mkdirSync(directory, { recursive: true, mode: 0o750 });
    if (type === "file") await writeFile(place, mode, content);
  });
}

/** Without its first part; `undefined` for that itself. Throws for a path that would lead out of the directory. */
function placeOf(path: string): string | undefined {
  const whole = normalize(path);
  if (path.startsWith("/") || whole === ".." || whole.startsWith("../")) {
    throw new Error(`the archive holds a path that leads out of it: ${path}`);
  }
  const inside = normalize(path.replace(/^(?:\.\/)+/, "").replace(/^[^/]*\/?/, ""));
  if (inside.startsWith("..")) throw new Error(`the archive holds a path that leads out of it: ${path}`);
  return inside === "." || inside === "" ? undefined : inside;
}

async function writeFile(path: string, mode: number, content: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    for await (const piece of content) {
      for (let at = 0; at < piece.length; ) at += (await file.write(piece, at)).bytesWritten;
    }
    await file.chmod(mode);
  } finally {
    await file.close();
  }
}
