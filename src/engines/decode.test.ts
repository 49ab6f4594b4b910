import { describe, expect, test } from "bun:test";
import { promisify } from "node:util";
import { brotliCompress, deflate, gzip, zstdCompress } from "node:zlib";
import { PieceDecoder } from "./decode.ts";

const text = Array.from({ length: 50 }, (_, index) => `data: {"n":${index}}\n\n`).join("");

const encoders: { readonly [encoding: string]: (text: string) => Promise<Buffer> } = {
  gzip: promisify(gzip),
  br: promisify(brotliCompress),
  deflate: promisify(deflate),
  zstd: promisify(zstdCompress),
};

async function decode(encoding: string, pieces: readonly Uint8Array[]): Promise<string> {
  const decoder = new PieceDecoder(encoding);
  const decoded: Uint8Array[] = [];
  for (const piece of pieces) decoded.push(...(await decoder.push(piece)));
  decoded.push(...(await decoder.end()));
  decoder.close();
  return Buffer.concat(decoded).toString();
}

describe.each(Object.keys(encoders))("a body in %s is decoded", (encoding) => {
  test("in one piece and byte by byte", async () => {
    const body = (await encoders[encoding]?.(text)) ?? Buffer.alloc(0);
    expect(await decode(encoding, [body])).toBe(text);
    expect(
      await decode(
        encoding,
        [...body].map((byte) => Buffer.from([byte])),
      ),
    ).toBe(text);
  });

  test("and refused where it is none, with every later piece", async () => {
    const decoder = new PieceDecoder(encoding);
    const garbage = Buffer.from("this is not what it says it is, and long enough to show");
    await expect(decoder.push(garbage)).rejects.toThrow();
    await expect(decoder.push(garbage)).rejects.toThrow();
    await expect(decoder.end()).rejects.toThrow();
  });
});

test("a body that ends too early gives what it held, then fails", async () => {
  const body = await promisify(gzip)(text);
  const decoder = new PieceDecoder("gzip");
  const decoded = await decoder.push(body.subarray(0, -6));
  expect(Buffer.concat(decoded).toString()).toBe(text);
  await expect(decoder.end()).rejects.toThrow("unexpected end");
});
