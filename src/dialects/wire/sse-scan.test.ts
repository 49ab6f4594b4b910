import { describe, expect, test } from "bun:test";
import { needle } from "./bytes.ts";
import { dataStart, isSentinel, SseScan } from "./sse-scan.ts";
import { bytesOf, cutEverywhere, textOf } from "./testing.ts";

function visited(pieces: readonly Uint8Array[], wantsAll = false, maxLineBytes?: number): string[] {
  const lines: string[] = [];
  const scan = new SseScan({
    markers: [{ needle: needle('"usage"'), isNullable: true }],
    hasSentinel: true,
    wantsAll,
    visit: (bytes, start, end) => lines.push(textOf(bytes.subarray(start, end))),
    ...(maxLineBytes === undefined ? {} : { maxLineBytes }),
  });
  for (const piece of pieces) scan.push(piece);
  scan.end();
  return lines;
}

const lines = [
  'data: {"a":1,"usage":null}',
  "",
  ": a comment",
  "",
  'data: {"usage" : {"n":1}}',
  "",
  'data: {"text":"\\"usage\\":{"}',
  "",
  'data: {"b":[{"usage":7}]}',
  "",
  "data: [DONE]",
  "",
  "",
];
const want = ['data: {"usage" : {"n":1}}', 'data: {"b":[{"usage":7}]}', "data: [DONE]"];

describe("SseScan", () => {
  test.each(["\n", "\r\n", "\r"])("visits marked lines that end with %j, cut anywhere", (lineEnd) => {
    const body = bytesOf(lines.join(lineEnd));
    for (const pieces of cutEverywhere(body)) expect(visited(pieces)).toEqual(want);
  });

  test("visits every line while it wants all", () => {
    const body = bytesOf(lines.join("\n"));
    for (const pieces of cutEverywhere(body)) {
      expect(visited(pieces, true).filter((line) => line !== "")).toEqual(
        lines.filter((line) => line !== ""),
      );
    }
  });

  test("visits a last line that nothing ends", () => {
    for (const pieces of cutEverywhere(bytesOf('data: {"usage":{}}\n\ndata: {"usage":1}'))) {
      expect(visited(pieces)).toEqual(['data: {"usage":{}}', 'data: {"usage":1}']);
    }
  });

  test("goes on after a line that is too long, and holds no more than is allowed", () => {
    const long = `data: {"usage":"${"x".repeat(100)}"}`;
    const body = bytesOf(`${long}\n\ndata: {"usage":2}\n\n`);
    const bytes = Array.from(body, (byte) => Uint8Array.of(byte));
    expect(visited(bytes, false, 50)).toEqual(['data: {"usage":2}']);
  });

  test("keeps what it holds from a caller that uses its memory again", () => {
    const memory = bytesOf('data: {"usage":{"n":1}}\n');
    const lines: string[] = [];
    const scan = new SseScan({
      markers: [{ needle: needle('"usage"'), isNullable: true }],
      hasSentinel: false,
      wantsAll: false,
      visit: (bytes, start, end) => lines.push(textOf(bytes.subarray(start, end))),
    });
    scan.push(bytesOf(": hello\n"));
    const reused = memory.slice(0, 10);
    scan.push(reused);
    reused.fill(0);
    scan.push(memory.slice(10));
    expect(lines).toEqual(['data: {"usage":{"n":1}}']);
  });

  test("stops visiting all lines when told so from a visit", () => {
    const lines: string[] = [];
    const scan = new SseScan({
      markers: [],
      hasSentinel: false,
      wantsAll: true,
      visit(bytes, start, end) {
        lines.push(textOf(bytes.subarray(start, end)));
        scan.wantsAll = lines.length < 2;
      },
    });
    scan.push(bytesOf("data: 1\ndata: 2\ndata: 3\n"));
    expect(lines).toEqual(["data: 1", "data: 2"]);
  });
});

test.each([
  ["data: {}", 6],
  ["data:{}", 5],
  ["data:  {}", 6],
  ["\uFEFFdata: {}", 9],
  ["event: x", -1],
  [": data: x", -1],
  ["dat", -1],
  ["", -1],
])("dataStart of %j is %d", (line, start) => {
  const bytes = bytesOf(line);
  expect(dataStart(bytes, 0, bytes.length)).toBe(start);
});

test("isSentinel is exact", () => {
  const is = (text: string) => isSentinel(bytesOf(text), 0, bytesOf(text).length);
  expect(is("[DONE]")).toBe(true);
  for (const text of ["[DONE] ", "[DONE", '"[DONE]"', ""]) expect(is(text)).toBe(false);
});
