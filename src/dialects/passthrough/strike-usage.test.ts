import { describe, expect, test } from "bun:test";
import { bytesOf, cutEverywhere } from "../wire/testing.ts";
import { ChatEvents } from "./events/chat-events.ts";
import { UsageStrike } from "./strike-usage.ts";
import { RecordingMeter, run, sse } from "./testing.ts";

const chunk = (content: string) => ({ model: "m", choices: [{ index: 0, delta: { content } }], usage: null });
const counts = { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 };
const usageChunk = { model: "m", choices: [], usage: counts };
const metered = { usage: { inputTokens: 9, outputTokens: 1, totalTokens: 10 }, model: "m" };

const cases: { name: string; body: string; want: string }[] = [
  {
    name: "the usage chunk, and no other byte",
    body: sse(chunk("ä"), usageChunk, "[DONE]"),
    want: sse(chunk("ä"), "[DONE]"),
  },
  {
    name: "the usage chunk with its event name and comment",
    body: `${sse(chunk("a"))}: here it comes\nevent: x\nid: 7\n${sse(usageChunk, "[DONE]")}`,
    want: sse(chunk("a"), "[DONE]"),
  },
  {
    name: "a usage chunk without a blank line between it and the one before",
    body: sse(chunk("a")).slice(0, -1) + sse(usageChunk, "[DONE]"),
    want: sse(chunk("a"), "[DONE]"),
  },
  {
    name: "a usage chunk without a blank line between it and the end",
    body: sse(chunk("a"), usageChunk).slice(0, -1) + sse("[DONE]"),
    want: sse(chunk("a"), "[DONE]"),
  },
  { name: "a usage chunk at the very start", body: sse(usageChunk, "[DONE]"), want: sse("[DONE]") },
  {
    name: "each of several usage chunks",
    body: sse(usageChunk, chunk("a"), usageChunk, usageChunk),
    want: sse(chunk("a")),
  },
  {
    name: "a usage chunk that the stream ends with, unfinished",
    body: `${sse(chunk("a"))}data: ${JSON.stringify(usageChunk)}`,
    want: sse(chunk("a")),
  },
  {
    name: "spaced JSON",
    body: `${sse(chunk("a"))}data: {"choices": [ ], "usage" : {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}, "model": "m"}\n\n`,
    want: sse(chunk("a")),
  },
];

describe("UsageStrike takes out", () => {
  for (const lineEnd of ["\n", "\r\n", "\r"]) {
    test.each(cases)(`$name, with lines that end with ${JSON.stringify(lineEnd)}`, ({ body, want }) => {
      for (const pieces of cutEverywhere(bytesOf(body.replaceAll("\n", lineEnd)))) {
        const meter = new RecordingMeter();
        const { text } = run(new UsageStrike(new ChatEvents(meter)), pieces, meter);
        expect(text).toBe(want.replaceAll("\n", lineEnd));
        expect(meter.metered).toMatchObject(metered);
      }
    });
  }
});

const kept: { name: string; body: string }[] = [
  {
    name: "a chunk without choices and usage",
    body: sse({ choices: [], prompt_filter_results: [] }, chunk("a"), "[DONE]"),
  },
  {
    name: "a chunk with choices and usage",
    body: sse({ choices: [{ delta: {}, finish_reason: "stop" }], usage: counts }),
  },
  { name: "text that looks like a usage chunk", body: sse(chunk(JSON.stringify(usageChunk)), "[DONE]") },
  { name: "an error", body: sse(chunk("a"), { error: { message: "no" }, choices: [] }) },
  { name: "usage that is null", body: sse({ choices: [], usage: null }) },
  {
    name: "comments, blank lines and broken events",
    body: `: hi\n\n\n\ndata: {"choices":[],"usage":{\n\nid: 1\n\ndata:{}\n\nretry: 5`,
  },
  { name: "nothing", body: "" },
];

test.each(kept)("UsageStrike leaves $name as it came", ({ body }) => {
  for (const pieces of cutEverywhere(bytesOf(body))) {
    expect(run(new UsageStrike(new ChatEvents(new RecordingMeter())), pieces).text).toBe(body);
  }
});

test("UsageStrike sends a piece with whole events on as the same bytes", () => {
  const piece = bytesOf(sse(chunk("a"), chunk("b")));
  const sent: Uint8Array[] = [];
  new UsageStrike(new ChatEvents(new RecordingMeter())).push(piece, (bytes) => sent.push(bytes));
  expect(sent).toHaveLength(1);
  expect(sent[0]).toBe(piece);
});

test("UsageStrike sends whole events on while the next one waits for its end", () => {
  const strike = new UsageStrike(new ChatEvents(new RecordingMeter()));
  const sent: Uint8Array[] = [];
  strike.push(bytesOf(`${sse(chunk("a"))}data: {"cho`), (bytes) => sent.push(bytes));
  expect(sent.map((bytes) => bytes.length)).toEqual([bytesOf(sse(chunk("a"))).length]);
});

test("UsageStrike lets go of an event that is too long to be a usage chunk, and strikes the next one", () => {
  const long = sse(chunk("x".repeat(200_000)));
  const body = bytesOf(long + sse(usageChunk, "[DONE]"));
  const pieces = Array.from({ length: Math.ceil(body.length / 1000) }, (_, i) =>
    body.slice(i * 1000, i * 1000 + 1000),
  );
  const strike = new UsageStrike(new ChatEvents(new RecordingMeter()));
  let held = 0;
  let sentBytes = 0;
  for (const piece of pieces.slice(0, 200)) {
    strike.push(piece, (bytes) => {
      sentBytes += bytes.length;
    });
    held += piece.length;
    expect(held - sentBytes).toBeLessThan(70_000);
  }
  const meter = new RecordingMeter();
  const { text } = run(new UsageStrike(new ChatEvents(meter)), pieces, meter);
  expect(text).toBe(long + sse("[DONE]"));
  expect(meter.metered).toMatchObject({ ...metered, isComplete: true });
});
