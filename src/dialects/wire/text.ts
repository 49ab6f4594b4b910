const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Whole texts only. Broken UTF-8 becomes U+FFFD, and a BOM is left out. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
