import type { HeaderView } from "../../model/headers.ts";

/** What the web's `DecompressionStream` calls the encodings of HTTP. */
const formats: { readonly [encoding: string]: string } = {
  gzip: "gzip",
  "x-gzip": "gzip",
  br: "brotli",
  deflate: "deflate",
  zstd: "zstd",
};

/** `undefined` where the body is plain. Lists and unknown words come back as they are, and cannot be decoded. */
export function contentEncoding(headers: HeaderView): string | undefined {
  const value = headers.get("content-encoding");
  if (value === null) return undefined;
  const encoding = value.trim().toLowerCase();
  return encoding === "" || encoding === "identity" ? undefined : encoding;
}

/** A decoder for pieces; `undefined` for an encoding that is not known. */
export function decompressionOf(encoding: string): DecompressionStream | undefined {
  const format = formats[encoding];
  // Bun has two formats more than the types know of.
  return format === undefined ? undefined : new DecompressionStream(format as CompressionFormat);
}
