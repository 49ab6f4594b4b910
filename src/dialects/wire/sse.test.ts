import { describe, expect, test } from "bun:test";
import type { WireEvent } from "../dialect.ts";
import { bytesOf, cutEverywhere, runStage } from "../testing.ts";
import { SseReader } from "./sse.ts";

const read = (data: string): WireEvent => ({ event: undefined, data, isException: false });
const alive = read("");

const cases: { name: string; text: string; want: WireEvent[] }[] = [
  {
    name: "data with and without a space",
    text: "data: a\n\ndata:b\n\ndata:  c\n\n",
    want: [read("a"), read("b"), read(" c")],
  },
  {
    name: "the data of named events",
    text: "event: ping\ndata: {}\n\ndata: x\n\n",
    want: [read("{}"), read("x")],
  },
  {
    name: "CRLF line ends",
    text: "event: a\r\ndata: x\r\n\r\ndata: y\r\n\r\n",
    want: [read("x"), read("y")],
  },
  {
    name: "CR line ends",
    text: "data: x\r\rdata: y\r\r",
    want: [read("x"), read("y")],
  },
  { name: "several data lines as one text", text: "data: {\ndata: }\n\n", want: [read("{\n}")] },
  { name: "a BOM as nothing", text: "\uFEFFdata: x\n\n", want: [read("x")] },
  {
    name: "comments as signs of life",
    text: ": processing\n\ndata: x\n\n",
    want: [alive, read("x")],
  },
  {
    name: "empty data and a bare name as signs of life",
    text: "data:\n\nevent: hb\n\n",
    want: [alive, read("")],
  },
  {
    name: "ids, retries and other fields as nothing",
    text: "id: 7\nretry: 5\nfoo: x\nbar\ndata: x\n\n",
    want: [read("x")],
  },
  {
    name: "letters of several bytes",
    text: "data: Köln 🐟 – äöü\n\n",
    want: [read("Köln 🐟 – äöü")],
  },
  {
    name: "a last event without its blank line",
    text: "data: x\n\ndata: y",
    want: [read("x"), read("y")],
  },
  {
    name: "blank lines between events as nothing",
    text: "\n\ndata: x\n\n\n\ndata: y\n\n",
    want: [read("x"), read("y")],
  },
];

describe("SseReader", () => {
  test.each(cases)("reads $name, cut anywhere", ({ text, want }) => {
    for (const pieces of cutEverywhere(bytesOf(text))) {
      expect(runStage(new SseReader(), pieces)).toEqual(want);
    }
  });

  test("is linear in a long event that comes in small pieces", () => {
    const reader = new SseReader();
    const piece = bytesOf("x".repeat(1000));
    reader.push(bytesOf("data: "), () => {});
    for (let i = 0; i < 5000; i++) reader.push(piece, () => {});
    expect(runStage(reader, [])[0]?.data.length).toBe(5_000_000);
  });
});
