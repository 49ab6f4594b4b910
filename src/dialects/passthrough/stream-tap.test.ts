import { describe, expect, test } from "bun:test";
import type { Meter } from "../passage.ts";
import { bytesOf, cutEverywhere } from "../wire/testing.ts";
import { readTranscriptUsage } from "../wire/usage.ts";
import type { EventReader } from "./event-reader.ts";
import { ChatEvents } from "./events/chat-events.ts";
import { MediaEvents } from "./events/media-events.ts";
import { MessagesEvents } from "./events/messages-events.ts";
import { ResponsesEvents } from "./events/responses-events.ts";
import { StreamTap } from "./stream-tap.ts";
import { type Metered, namedSse, RecordingMeter, run, sse } from "./testing.ts";

const delta = (delta: object) => ({
  id: "c",
  model: "gpt-x",
  choices: [{ index: 0, delta, finish_reason: null }],
  usage: null,
});
const chatUsage = { prompt_tokens: 13, completion_tokens: 9, total_tokens: 22 };
const chatCounts = { inputTokens: 13, outputTokens: 9, totalTokens: 22 };

const response = (changes: object) => ({
  id: "resp_1",
  model: "gpt-x",
  tools: [
    {
      type: "function",
      parameters: { properties: { usage: { type: "object" }, error: { type: "string" } } },
    },
  ],
  usage: null,
  error: null,
  ...changes,
});
const responsesUsage = { input_tokens: 10, output_tokens: 6, total_tokens: 16 };

const start = (usage?: object) => ({
  type: "message_start",
  message: { id: "msg_1", model: "claude-x", content: [], usage },
});
const block = (type: string) => ({ type: "content_block_start", index: 0, content_block: { type } });
const blockDelta = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } };

const transcript = (meter: Meter) =>
  new MediaEvents(meter, {
    content: "transcript.text.",
    last: "transcript.text.done",
    readUsage: readTranscriptUsage,
    lastCount: 1,
  });

const chat = (meter: Meter) => new ChatEvents(meter);
const responses = (meter: Meter) => new ResponsesEvents(meter);
const messages = (meter: Meter) => new MessagesEvents(meter);

/** Each event is one piece, so `firstTokenIn` is the number of an event. */
const cases: { name: string; read: (meter: Meter) => EventReader; events: string[]; want: Metered }[] = [
  {
    name: "a chat: model, first content, usage and end",
    read: chat,
    events: [
      sse({ model: "", choices: [], prompt_filter_results: [] }),
      sse(delta({ role: "assistant", content: "" })),
      sse(delta({ content: "Hi" })),
      sse(delta({ content: "." })),
      sse({ model: "gpt-x", choices: [], usage: chatUsage }),
      sse("[DONE]"),
    ],
    want: { model: "gpt-x", firstTokenIn: 2, usage: chatCounts, isComplete: true },
  },
  {
    name: "a chat whose usage is on the last choice and runs on",
    read: chat,
    events: [
      sse({
        ...delta({ content: "a" }),
        usage: { prompt_tokens: 13, completion_tokens: 1, total_tokens: 14 },
      }),
      sse({ ...delta({}), usage: chatUsage }),
    ],
    want: { model: "gpt-x", firstTokenIn: 0, usage: chatCounts },
  },
  ...[
    { reasoning_content: "Hm" },
    { reasoning: "Hm" },
    { tool_calls: [{ index: 0, id: "call_1" }] },
    { refusal: "No" },
    { audio: { id: "a" } },
    { content: [{ type: "thinking" }] },
  ].map((content) => ({
    name: `a chat that begins with ${Object.keys(content)[0]}`,
    read: chat,
    events: [sse(delta({ role: "assistant" })), sse(delta(content))],
    want: { model: "gpt-x", firstTokenIn: 1 },
  })),
  {
    name: "a chat that breaks off with an error",
    read: chat,
    events: [
      sse(delta({ content: "Fo" })),
      sse({ error: { message: "overloaded", type: "server_error", code: null } }),
    ],
    want: { model: "gpt-x", firstTokenIn: 0, failure: "server_error: overloaded" },
  },
  {
    name: "a chat that says [DONE] and usage only in its text",
    read: chat,
    events: [sse(delta({ content: '[DONE] "usage":{"prompt_tokens":1} "error":{}' }))],
    want: { model: "gpt-x", firstTokenIn: 0 },
  },
  {
    name: "a completion",
    read: chat,
    events: [
      sse({ model: "text-x", choices: [{ text: "" }] }),
      sse({ model: "text-x", choices: [{ text: "a" }] }),
      sse("[DONE]"),
    ],
    want: { model: "text-x", firstTokenIn: 1, isComplete: true },
  },
  {
    name: "responses with tools that are called usage and error",
    read: responses,
    events: [
      namedSse({ type: "response.created", ...{ response: response({}) } }),
      namedSse({ type: "response.output_item.added", ...{ item: {} } }),
      namedSse({ type: "response.output_text.delta", ...{ delta: "Hi" } }),
      namedSse({ type: "response.completed", ...{ response: response({ usage: responsesUsage }) } }),
    ],
    want: {
      model: "gpt-x",
      firstTokenIn: 2,
      usage: { inputTokens: 10, outputTokens: 6, totalTokens: 16 },
      isComplete: true,
    },
  },
  {
    name: "responses that complete without usage",
    read: responses,
    events: [
      namedSse({ type: "response.reasoning_summary_text.delta", ...{ delta: "Hm" } }),
      namedSse({ type: "response.completed", ...{ response: response({}) } }),
    ],
    want: { model: "gpt-x", firstTokenIn: 0, isComplete: true },
  },
  {
    name: "responses that end incomplete",
    read: responses,
    events: [
      namedSse({ type: "response.output_text.delta", ...{ delta: "Hi" } }),
      namedSse({ type: "response.incomplete", ...{ response: response({}) } }),
    ],
    want: { model: "gpt-x", firstTokenIn: 0, isComplete: true },
  },
  {
    name: "responses that fail",
    read: responses,
    events: [
      namedSse({ type: "response.output_text.delta", ...{ delta: "Hi" } }),
      namedSse({
        type: "response.failed",
        ...{ response: response({ error: { code: "server_error", message: "no" } }) },
      }),
    ],
    want: { model: "gpt-x", firstTokenIn: 0, isComplete: true, failure: "server_error: no" },
  },
  {
    name: "an error among the events of responses",
    read: responses,
    events: [
      namedSse({ type: "response.output_text.delta", ...{ delta: "Hi" } }),
      sse({ type: "error", code: "rate_limit", message: "slow down", error: {} }),
    ],
    want: { firstTokenIn: 0, failure: "rate_limit: slow down" },
  },
  {
    name: "messages: model, merged usage and end",
    read: messages,
    events: [
      namedSse(start({ input_tokens: 12, output_tokens: 1, cache_read_input_tokens: 5 })),
      namedSse({ type: "ping" }),
      namedSse(block("text")),
      namedSse(blockDelta),
      namedSse({ type: "content_block_stop" }),
      namedSse({
        type: "message_delta",
        ...{ delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } },
      }),
      namedSse({ type: "message_stop" }),
    ],
    want: {
      model: "claude-x",
      firstTokenIn: 3,
      usage: { inputTokens: 17, cacheReadTokens: 5, cacheWriteTokens: 0, outputTokens: 9, totalTokens: 26 },
      isComplete: true,
    },
  },
  {
    name: "messages that begin with a tool call and count nothing",
    read: messages,
    events: [
      namedSse(start()),
      namedSse(block("tool_use")),
      namedSse({ type: "message_delta" }),
      namedSse({ type: "message_stop" }),
    ],
    want: { model: "claude-x", firstTokenIn: 1, isComplete: true },
  },
  {
    name: "messages that break off with an error",
    read: messages,
    events: [
      namedSse(start()),
      namedSse(blockDelta),
      namedSse({ type: "error", ...{ error: { type: "overloaded_error", message: "Overloaded" } } }),
    ],
    want: { model: "claude-x", firstTokenIn: 1, failure: "overloaded_error: Overloaded" },
  },
  {
    name: "a transcript",
    read: transcript,
    events: [
      sse({ type: "transcript.text.delta", delta: "Hel" }),
      sse({
        type: "transcript.text.done",
        text: "Hello",
        usage: { type: "tokens", input_tokens: 5, output_tokens: 2, total_tokens: 7 },
      }),
    ],
    want: { firstTokenIn: 0, usage: { inputTokens: 5, outputTokens: 2, totalTokens: 7 }, isComplete: true },
  },
];

describe("StreamTap reads", () => {
  test.each(cases)("$name", ({ read, events, want }) => {
    const meter = new RecordingMeter();
    run(new StreamTap(read(meter)), events.map(bytesOf), meter);
    expect(meter.metered).toEqual(want);
  });

  for (const lineEnd of ["\n", "\r\n", "\r"]) {
    test.each(cases)(
      `$name, cut anywhere, with lines that end with ${JSON.stringify(lineEnd)}`,
      ({ read, events, want }) => {
        const body = bytesOf(`\uFEFF: hello\n\n${events.join("")}`.replaceAll("\n", lineEnd));
        for (const pieces of cutEverywhere(body)) {
          const meter = new RecordingMeter();
          run(new StreamTap(read(meter)), pieces);
          const { firstTokenIn: _, ...rest } = want;
          expect(meter.metered).toEqual({
            ...rest,
            ...(want.firstTokenIn === undefined ? {} : { firstTokenIn: 0 }),
          });
        }
      },
    );
  }
});

test("StreamTap goes on after events that make no sense", () => {
  const meter = new RecordingMeter();
  const broken = [
    '{"usage":{',
    "{",
    "[1]",
    "7",
    '{"usage":"x","choices":{}}',
    '{"usage":{"prompt_tokens":}}',
    "{{{{",
  ];
  run(new StreamTap(new ChatEvents(meter)), [
    bytesOf(sse(...broken, { model: "m", choices: [], usage: chatUsage })),
  ]);
  expect(meter.metered).toEqual({ model: "m", usage: chatCounts });
});

test("images are complete after as many as were asked for", () => {
  const words = {
    content: "image_generation.",
    last: "image_generation.completed",
    readUsage: () => undefined,
  };
  const done = bytesOf(sse({ type: "image_generation.completed", b64_json: "aGk=" }));
  for (const [lastCount, isComplete] of [
    [2, undefined],
    [1, true],
  ] as const) {
    const meter = new RecordingMeter();
    run(new StreamTap(new MediaEvents(meter, { ...words, lastCount })), [done]);
    expect(meter.metered.isComplete).toBe(isComplete);
  }
});
