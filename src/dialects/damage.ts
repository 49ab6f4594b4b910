/** Random damage for tests. */
import { bytesOf } from "./testing.ts";

/** A small generator with a seed, so that a failure can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), state | 1) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 14)) >>> 0) % below;
  };
}

const splinters = [
  "",
  "null",
  "{}",
  "[]",
  "1e999",
  '"',
  "\\",
  "\n\n",
  "data: ",
  "-1",
  "true",
  "\u0000",
  "🐟",
  '{"type":"error"}',
  ",",
  "[DONE]",
];

/** Cuts, doubles, swaps or overwrites pieces, a few times. */
export function damaged(body: Uint8Array, seed: number): Uint8Array {
  const next = random(seed);
  let bytes: Uint8Array = body;
  for (let times = 1 + next(4); times > 0; times--) {
    const from = next(bytes.length + 1);
    const to = Math.min(bytes.length, from + next(40));
    const middle = [
      bytesOf(splinters[next(splinters.length)]!),
      bytes.subarray(from, to),
      Uint8Array.of(next(256)),
    ][next(3)]!;
    const hasTwice = next(3) === 0;
    bytes = Buffer.concat([bytes.subarray(0, hasTwice ? to : from), middle, bytes.subarray(to)]);
  }
  return bytes;
}
