import { describe, expect, test } from "bun:test";
import type { WireEvent } from "../dialect.ts";
import { bytesOf, cutEverywhere, runStage } from "../testing.ts";
import { SseReader } from "./sse.ts";

const named = (event: string | undefined, data: string): WireEvent => ({ event, data, isException: false });
const alive = named(undefined, "");

const cases: { name: string; text: string; want: WireEvent[] }[] = [
  {
    name: "data with and without a space",
    text: "data: a\n\ndata:b\n\ndata:  c\n\n",
    want: [named(undefined, "a"), named(undefined, "b"), named(undefined, " c")],
  },
  {
    name: "names of events",
    text: "event: ping\ndata: {}\n\ndata: x\n\n",
    want: [named("ping", "{}"), named(undefined, "x")],
  },
  {
    name: "CRLF line ends",
    text: "event: a\r\ndata: x\r\n\r\ndata: y\r\n\r\n",
    want: [named("a", "x"), named(undefined, "y")],
  },
  {
    name: "CR line ends",
    text: "data: x\r\rdata: y\r\r",
    want: [named(undefined, "x"), named(undefined, "y")],
  },
  { name: "several data lines as one text", text: "data: {\ndata: }\n\n", want: [named(undefined, "{\n}")] },
  { name: "a BOM as nothing", text: "\uFEFFdata: x\n\n", want: [named(undefined, "x")] },
  {
    name: "comments as signs of life",
    text: ": processing\n\ndata: x\n\n",
    want: [alive, named(undefined, "x")],
  },
  {
    name: "empty data and a bare name as signs of life",
    text: "data:\n\nevent: hb\n\n",
    want: [alive, named("hb", "")],
  },
  {
    name: "ids, retries and other fields as nothing",
    text: "id: 7\nretry: 5\nfoo: x\nbar\ndata: x\n\n",
    want: [named(undefined, "x")],
  },
  {
    name: "letters of several bytes",
    text: "data: Köln 🐟 – äöü\n\n",
    want: [named(undefined, "Köln 🐟 – äöü")],
  },
  {
    name: "a last event without its blank line",
    text: "data: x\n\ndata: y",
    want: [named(undefined, "x"), named(undefined, "y")],
  },
  {
    name: "blank lines between events as nothing",
    text: "\n\ndata: x\n\n\n\ndata: y\n\n",
    want: [named(undefined, "x"), named(undefined, "y")],
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
