import { expect, test } from "bun:test";
import { type SseEvent, SseEventReader } from "./event-reader.ts";

const encoder = new TextEncoder();
const show = ({ data, id }: SseEvent): string => `${id ?? ""}|${new TextDecoder().decode(data)}`;

function readAll(pieces: readonly Uint8Array[]): string[] {
  const reader = new SseEventReader(1000);
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()].map(show);
}

const cases: { name: string; body: string; want: string[] }[] = [
  { name: "events that end with LF", body: "data: a\n\ndata: b\n\n", want: ["|a", "|b"] },
  { name: "events that end with CRLF", body: "data: a\r\n\r\ndata: b\r\n\r\n", want: ["|a", "|b"] },
  { name: "events that end with CR", body: "data: a\r\rdata: b\r\r", want: ["|a", "|b"] },
  { name: "all line ends mixed", body: "id: 1\r\ndata: a\n\r\ndata: b\r\n\n", want: ["1|a", "|b"] },
  { name: "several data lines as one", body: 'data: {"a":\ndata:1}\n\n', want: ['|{"a":\n1}'] },
  { name: "a byte order mark", body: "\ufeffdata: a\n\n", want: ["|a"] },
  {
    name: "comments, names and unknown fields",
    body: ": hi\nevent: message\nfoo: bar\ndata: a\n\n:\n\n",
    want: ["|a"],
  },
  { name: "an event without data but with an id", body: "id: 7\nretry: 50\ndata:\n\n", want: ["7|"] },
  { name: "an id with NUL as none", body: "id: a\0b\ndata: a\n\n", want: ["|a"] },
  { name: "a last event without a blank line", body: "data: a\n\ndata: b", want: ["|a", "|b"] },
  { name: "one space and no more behind the colon", body: "data:  a\ndata:b\n\n", want: ["| a\nb"] },
  { name: "a field without a colon", body: "data\ndata: a\n\n", want: ["|\na"] },
  { name: "characters of several bytes", body: "data: ä€😀\n\n", want: ["|ä€😀"] },
];

test.each(cases)("SseEventReader reads $name", ({ body, want }) => {
  const bytes = encoder.encode(body);
  expect(readAll([bytes])).toEqual(want);
  for (let cut = 1; cut < bytes.length; cut++) {
    expect(readAll([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(want);
  }
  expect(readAll([...bytes].map((byte) => new Uint8Array([byte])))).toEqual(want);
});

test("SseEventReader keeps the last id and the time to wait", () => {
  const reader = new SseEventReader(1000);
  reader.push(encoder.encode("id: 1\nretry: 250\ndata: a\n\ndata: b\n\nretry: soon\nid: 2"));
  expect([reader.lastEventId, reader.retryMs]).toEqual(["1", 250]);
  reader.end();
  expect(reader.lastEventId).toBe("2");
});

test("SseEventReader refuses an event that is too long, in one line or in many", () => {
  const long = encoder.encode(`data: ${"x".repeat(600)}\n`);
  const reader = new SseEventReader(1000);
  reader.push(long);
  expect(() => reader.push(long)).toThrow("sent an event larger than 1000 bytes");
  expect(() => new SseEventReader(100).push(encoder.encode("x".repeat(101)))).toThrow("larger than 100");
});

test("SseEventReader forgets the size of events that are over", () => {
  const reader = new SseEventReader(100);
  for (let i = 0; i < 50; i++)
    expect(reader.push(encoder.encode(`data: ${"x".repeat(60)}\n\n`))).toHaveLength(1);
});
