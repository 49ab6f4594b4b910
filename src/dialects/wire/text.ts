const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Whole texts only. Broken UTF-8 becomes U+FFFD, and a BOM is left out. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/**
 * The same text in one piece of memory. A text that was joined from others stays a tree of them, which is walked
 * whenever a text that it is a part of is encoded: that shows where a text begins every event of a stream.
 */
export function flatten(text: string): string {
  return decodeText(encodeText(text));
}
