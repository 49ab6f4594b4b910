import { Buffer } from "node:buffer";

/**
 * Bits of each byte's code, and at the end those of the mark that ends a text (RFC 7541, appendix B). The code is
 * canonical: shorter codes come first, and those of one length in the order of their bytes.
 */
const lengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const endOfText = 256;

/** Two entries a node, for the bits 0 and 1: the next node, or a byte as its complement. */
const tree = makeTree();

function makeTree(): Int16Array {
  const nodes = new Int16Array(2 * 257);
  const order = lengths.map((_, symbol) => symbol).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  let used = 1;
  let code = 0;
  let bits = 0;
  for (const symbol of order) {
    code *= 2 ** (lengthOf(symbol) - bits);
    bits = lengthOf(symbol);
    let node = 0;
    for (let bit = bits - 1; bit > 0; bit -= 1) {
      const at = 2 * node + ((code >>> bit) & 1);
      if (nodes[at] === 0) nodes[at] = used++;
      node = nodes[at] ?? 0;
    }
    nodes[2 * node + (code & 1)] = ~symbol;
    code += 1;
  }
  return nodes;
}

function lengthOf(symbol: number): number {
  return lengths[symbol] ?? 0;
}

/** Throws for a text that is coded wrongly. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  // No code is shorter than five bits.
  const out = Buffer.allocUnsafe(Math.ceil(((end - start) * 8) / 5));
  let written = 0;
  let node = 0;
  let depth = 0;
  let onlyOnes = true;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    for (let bit = 7; bit >= 0; bit -= 1) {
      const value = (byte >> bit) & 1;
      const next = tree[2 * node + value] ?? 0;
      depth += 1;
      onlyOnes &&= value === 1;
      if (next >= 0) {
        node = next;
        continue;
      }
      if (~next === endOfText) throw new Error("the end mark stands in a text");
      out[written++] = ~next;
      node = 0;
      depth = 0;
      onlyOnes = true;
    }
  }
  if (depth > 7 || !onlyOnes) throw new Error("a text ends in the middle of a code");
  return out.toString("latin1", 0, written);
}
