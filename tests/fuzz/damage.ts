/** Random damage to good bodies: to their bytes, and to the values in their JSON. The same seed does the same damage. */
import { randomNumbers } from "../../src/dialects/wire/testing.ts";

/** An integer from 0, less than `below`. */
export type Dice = (below: number) => number;

export function diceOf(seed: number): Dice {
  const next = randomNumbers(seed);
  return (below) => Math.floor(next() * below);
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
].map((text) => new TextEncoder().encode(text));

/** Cuts, doubles, swaps or overwrites pieces, a few times. */
export function damageBytes(body: Uint8Array, dice: Dice): Uint8Array {
  let bytes = body;
  for (let times = 1 + dice(4); times > 0; times--) {
    const from = dice(bytes.length + 1);
    const to = Math.min(bytes.length, from + dice(40));
    const middles = [splinters[dice(splinters.length)]!, bytes.subarray(from, to), Uint8Array.of(dice(256))];
    const hasTwice = dice(3) === 0;
    bytes = Buffer.concat([
      bytes.subarray(0, hasTwice ? to : from),
      middles[dice(middles.length)]!,
      bytes.subarray(to),
    ]);
  }
  return bytes;
}

type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

const oddValues: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1e308,
  "",
  "x",
  "__proto__",
  "\ud800",
  [],
  [[]],
  [null],
  {},
  { type: "text" },
  { "": {} },
];
const oddNames = ["type", "index", "__proto__", "constructor", "toString", "", "0"];

/** Puts odd values, missing, doubled and strange members into a JSON text, a few times. */
export function damageJson(text: string, dice: Dice): string {
  const root = { json: JSON.parse(text) as Json };
  for (let times = 1 + dice(3); times > 0; times--) damageOnce(root, dice);
  return JSON.stringify(root.json);
}

/** Walks down to somewhere, and does something there. */
function damageOnce(root: { json: Json }, dice: Dice): void {
  let holder: { [member: string]: Json } | Json[] = root;
  let name = "json";
  for (let depth = dice(8); depth > 0; depth--) {
    const value: Json | undefined = (holder as { [member: string]: Json })[name];
    if (typeof value !== "object" || value === null || Object.keys(value).length === 0) break;
    holder = value;
    const names = Object.keys(value);
    name = names[dice(names.length)]!;
  }
  damageMember(holder as { [member: string]: Json }, name, dice);
}

function damageMember(holder: { [member: string]: Json }, name: string, dice: Dice): void {
  const value = holder[name]!;
  switch (dice(5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(name), 1);
      else if (name !== "json") delete holder[name];
      break;
    case 1:
      if (Array.isArray(holder)) holder.push(structuredClone(value));
      else holder[oddNames[dice(oddNames.length)]!] = structuredClone(value);
      break;
    case 2:
      holder[name] = [value];
      break;
    default:
      holder[name] = structuredClone(oddValues[dice(oddValues.length)]!);
  }
}

/** In pieces of random length. */
export function cutRandomly(bytes: Uint8Array, dice: Dice): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + dice(dice(2) === 0 ? 8 : 200);
    pieces.push(bytes.slice(at, end));
    at = end;
  }
  return pieces;
}
