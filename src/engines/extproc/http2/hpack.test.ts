import { describe, expect, test } from "bun:test";
import { HpackReader, writeHeaders } from "./hpack.ts";

const block = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");

/** RFC 7541, appendix C: three requests on one connection, plain and Huffman-coded. */
const wanted = [
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
  ],
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
    ["cache-control", "no-cache"],
  ],
  [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
];
const coded = {
  plain: [
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "8286 84be 5808 6e6f 2d63 6163 6865",
    "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
  ],
  Huffman: [
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    "8286 84be 5886 a8eb 1064 9cbf",
    "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
  ],
} as const;

test.each(["plain", "Huffman"] as const)("three requests of one connection are read, %s", (kind) => {
  const reader = new HpackReader();
  expect(coded[kind].map((hex) => reader.read(block(hex)))).toEqual(wanted as never);
});

test("what does not fit into the table is forgotten, the oldest first", () => {
  const reader = new HpackReader();
  const name = "n".repeat(1000);
  const add = (letter: string) => Buffer.concat([block("40"), text(name + letter), text("v".repeat(1000))]);
  for (const letter of ["a", "b", "c"]) reader.read(add(letter));
  // Two of them are left: 62 is the newest.
  expect(reader.read(block("be bf")).map(([found]) => found.at(-1))).toEqual(["c", "b"]);
  expect(() => reader.read(block("c0"))).toThrow("there is no header 64");
  reader.read(block("20"));
  expect(() => reader.read(block("be"))).toThrow("there is no header 62");
});

function text(value: string): Buffer {
  const { length } = value;
  const head = length < 127 ? [length] : [127, ((length - 127) & 0x7f) | 0x80, (length - 127) >> 7];
  return Buffer.concat([Buffer.from(head), Buffer.from(value)]);
}

test("every byte has its code: what a client writes comes as it was", () => {
  const all = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");
  const headers = [
    ["x-all", all],
    ["x-empty", ""],
    ["x-long", "0".repeat(500)],
  ] as const;
  expect(new HpackReader().read(Buffer.from(writeHeaders(headers)))).toEqual(headers as never);
});

describe("a block is refused", () => {
  test.each([
    ["that ends in a number", "ff"],
    ["that ends in a text", "40 05 61"],
    ["whose text is longer than it", "00 01 61 0a 62"],
    ["with a number that is too large", "ff ff ff ff ff ff 7f"],
    ["with a table that is larger than agreed", "3f ff ff 03"],
    ["that refers to nothing", "80"],
    ["whose Huffman code breaks off", "00 01 61 81 00"],
    ["that has the mark of the end", "00 01 61 84 ff ff ff fc"],
  ])("%s", (_, hex) => {
    expect(() => new HpackReader().read(block(hex))).toThrow();
  });
});
