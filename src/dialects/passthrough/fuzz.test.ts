import { expect, test } from "bun:test";
import { bytesOf, randomNumbers, textOf } from "../wire/testing.ts";
import type { EventReader } from "./event-reader.ts";
import { ChatEvents } from "./events/chat-events.ts";
import { MessagesEvents } from "./events/messages-events.ts";
import { ResponsesEvents } from "./events/responses-events.ts";
import { StreamTap } from "./stream-tap.ts";
import { UsageStrike } from "./strike-usage.ts";
import { namedSse, RecordingMeter, run, sse } from "./testing.ts";

const usage = { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 };
const usageChunk = { model: "m", choices: [], usage };
const streams = [
  sse(
    { model: "m", choices: [{ delta: { role: "assistant", content: "" } }], usage: null },
    { model: "m", choices: [{ delta: { content: 'ä\\"}]' } }], usage: null },
    usageChunk,
    "[DONE]",
  ),
  namedSse(
    { type: "response.created", ...{ response: { model: "m", usage: null, error: null } } },
    { type: "response.output_text.delta", ...{ delta: "a" } },
    { type: "response.completed", ...{ response: { model: "m", usage: { input_tokens: 1 } } } },
  ),
  namedSse(
    { type: "message_start", ...{ message: { model: "c", usage: { input_tokens: 1 } } } },
    { type: "content_block_delta", ...{ delta: { type: "text_delta", text: "a" } } },
    { type: "message_delta", ...{ usage: { output_tokens: 2 } } },
    { type: "message_stop" },
  ),
];
const inserts = [
  "\n",
  "data: ",
  '"usage":{',
  '"error":{',
  "{",
  "}",
  "[",
  '"',
  "\\",
  ": c\n",
  sse(usageChunk),
];

const random = randomNumbers(29);
const below = (limit: number) => Math.floor(random() * limit);

function mutated(text: string): string {
  let changed = text;
  for (let i = below(4); i > 0; i--) {
    const at = below(changed.length + 1);
    const rest = changed.slice(random() < 0.5 ? at : at + below(20));
    changed = changed.slice(0, at) + (random() < 0.5 ? (inserts[below(inserts.length)] ?? "") : "") + rest;
  }
  return changed;
}

function cut(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + below(random() < 0.5 ? 8 : 200);
    pieces.push(bytes.slice(at, end));
    at = end;
  }
  return pieces;
}

/** Which piece the first content is in, and whether `[DONE]` ends one, hangs on the cuts. */
function metered(meter: RecordingMeter): object {
  const { firstTokenIn, isComplete: _, ...rest } = meter.metered;
  return { ...rest, hasContent: firstTokenIn !== undefined };
}

const readers: ((meter: RecordingMeter) => EventReader)[] = [
  (meter) => new ChatEvents(meter),
  (meter) => new ResponsesEvents(meter),
  (meter) => new MessagesEvents(meter),
];

test("mutated streams are read the same however they are cut", () => {
  for (let i = 0; i < 2000; i++) {
    const bytes = bytesOf(mutated(streams[below(streams.length)] ?? ""));
    for (const open of readers) {
      const [whole, pieces] = [new RecordingMeter(), new RecordingMeter()];
      run(new StreamTap(open(whole)), [bytes]);
      run(new StreamTap(open(pieces)), cut(bytes));
      expect(metered(pieces)).toEqual(metered(whole));
    }
  }
});

test("mutated streams lose usage chunks and nothing else", () => {
  const isUsageChunk = (line: string) => {
    try {
      const { choices, usage } = JSON.parse(line.slice("data:".length));
      return Array.isArray(choices) && choices.length === 0 && typeof usage === "object" && usage !== null;
    } catch {
      return false;
    }
  };
  const dataLines = (text: string) => text.split("\n").filter((line) => line.startsWith("data:"));
  for (let i = 0; i < 2000; i++) {
    const bytes = bytesOf(mutated(streams[0] ?? ""));
    const { text } = run(new UsageStrike(new ChatEvents(new RecordingMeter())), cut(bytes));
    expect(dataLines(text)).toEqual(dataLines(textOf(bytes)).filter((line) => !isUsageChunk(line)));
  }
});
