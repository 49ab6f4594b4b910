import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";

/** Upper bound of a decoded body that is held in memory; a compressed body can be a thousand times its size. */
const maxDecodedBytes = 256 * 1024 * 1024;

const options = { maxOutputLength: maxDecodedBytes };
const decoders: { readonly [encoding: string]: (bytes: Uint8Array) => Promise<Uint8Array> } = {
  gzip: (bytes) => promisify(gunzip)(bytes, options),
  "x-gzip": (bytes) => promisify(gunzip)(bytes, options),
  br: (bytes) => promisify(brotliDecompress)(bytes, options),
  deflate: (bytes) => promisify(inflate)(bytes, options),
  zstd: (bytes) => promisify(zstdDecompress)(bytes, options),
};

const streamFormats: { readonly [encoding: string]: string } = {
  gzip: "gzip",
  "x-gzip": "gzip",
  br: "brotli",
  deflate: "deflate",
  zstd: "zstd",
};

/** `undefined` where the body is plain. Lists and unknown words come back as they are, and cannot be decoded. */
export function contentEncoding(headers: Headers): string | undefined {
  const value = headers.get("content-encoding");
  if (value === null) return undefined;
  const encoding = value.trim().toLowerCase();
  return encoding === "" || encoding === "identity" ? undefined : encoding;
}

export function canDecode(encoding: string): boolean {
  return encoding in decoders;
}

/** A whole body, decoded. Rejects for bytes that are not what their encoding says. An empty body stays empty. */
export async function decodeWhole(bytes: Uint8Array, encoding: string | undefined): Promise<Uint8Array> {
  if (encoding === undefined || bytes.length === 0) return bytes;
  const decode = decoders[encoding];
  if (decode === undefined) throw new Error(`content-encoding "${encoding}" is not known`);
  return await decode(bytes);
}

/** A stream, decoded as it comes. */
export function decodeStream(body: ReadableStream<Uint8Array>, encoding: string): ReadableStream<Uint8Array> {
  const { readable, writable } = decoder(encoding);
  return body.pipeThrough({ readable, writable: writable as WritableStream<Uint8Array> });
}

/** A decoder to feed by hand, for looking on beside bytes that go on as they came. */
export function decoder(encoding: string): DecompressionStream {
  return new DecompressionStream((streamFormats[encoding] ?? encoding) as CompressionFormat);
}
