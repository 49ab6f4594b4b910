import { describe, expect, test } from "bun:test";
import { ExchangeFailure } from "../../model/failure.ts";
import { grammarProblems } from "../ir/check-grammar.ts";
import type { IrEvent } from "../ir/events.ts";
import { foldEvents } from "../ir/fold.ts";
import { chain } from "../stage.ts";
import { awsEvent, cutEverywhere, runStage } from "../testing.ts";
import { AwsEventStreamReader } from "../wire/aws-event-stream.ts";
import { readResponse } from "./read-response.ts";
import { ConverseStreamReader } from "./stream-reader.ts";
import { contextOf, framesOf } from "./testing.ts";

const claude = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const nova = "amazon.nova-pro-v1:0";
const at = (block: number) => ({ choice: 0, block });
const start: IrEvent = { type: "message-start", id: "r-1" };
const end: IrEvent = { type: "message-end" };
const usage = { inputTokens: 4, outputTokens: 3, totalTokens: 27, cacheReadInputTokens: 12 };
const usageEvent: IrEvent = {
  type: "usage",
  usage: { inputTokens: 16, cacheReadTokens: 12, outputTokens: 3 },
};
const finish = (reason: "stop" | "tool-calls" | "length", raw: string): IrEvent => ({
  type: "finish",
  choice: 0,
  reason,
  raw,
});

type Frame = [name: string, payload: object];
const messageStart: Frame = ["messageStart", { role: "assistant", p: "abc" }];
const delta = (index: number, content: object): Frame => [
  "contentBlockDelta",
  { contentBlockIndex: index, delta: content, p: "ab" },
];
const begin = (index: number, content: object): Frame => [
  "contentBlockStart",
  { contentBlockIndex: index, start: content },
];
const stop = (index: number): Frame => ["contentBlockStop", { contentBlockIndex: index }];
const messageStop = (stopReason: string): Frame => ["messageStop", { stopReason }];
const metadata: Frame = ["metadata", { usage, metrics: { latencyMs: 9 } }];

function read(pieces: Iterable<Uint8Array>, model = "m", isCut = false): IrEvent[] {
  return runStage(
    chain(new AwsEventStreamReader(), new ConverseStreamReader(contextOf(model))),
    pieces,
    isCut,
  );
}

function readWhole(body: object, model = "m"): IrEvent[] {
  const events: IrEvent[] = [];
  readResponse(JSON.stringify(body), contextOf(model), (event) => events.push(event));
  return events;
}

const streams: { name: string; frames: Frame[]; model?: string; want: IrEvent[] }[] = [
  {
    name: "text that no start announces",
    frames: [
      messageStart,
      delta(0, { text: "Fo" }),
      delta(0, { text: "" }),
      delta(0, { text: "ur." }),
      stop(0),
      messageStop("end_turn"),
      metadata,
    ],
    want: [
      start,
      { type: "text-start", isRefusal: false, ...at(0) },
      { type: "text-delta", text: "Fo", ...at(0) },
      { type: "text-delta", text: "ur.", ...at(0) },
      { type: "text-end", ...at(0) },
      finish("stop", "end_turn"),
      usageEvent,
      end,
    ],
  },
  {
    name: "text that an empty start announces, and a block that stays empty",
    frames: [
      messageStart,
      begin(0, {}),
      stop(0),
      begin(1, {}),
      delta(1, { text: "A" }),
      stop(1),
      messageStop("max_tokens"),
      metadata,
    ],
    want: [
      start,
      { type: "text-start", isRefusal: false, ...at(0) },
      { type: "text-delta", text: "A", ...at(0) },
      { type: "text-end", ...at(0) },
      finish("length", "max_tokens"),
      usageEvent,
      end,
    ],
  },
  {
    name: "Claude's reasoning with its signature, then text",
    model: claude,
    frames: [
      messageStart,
      delta(0, { reasoningContent: { text: "Hm." } }),
      delta(0, { reasoningContent: { signature: "c2ln" } }),
      stop(0),
      delta(1, { text: "A" }),
      stop(1),
      messageStop("end_turn"),
      metadata,
    ],
    want: [
      start,
      { type: "reasoning-start", isSummary: false, ...at(0) },
      { type: "reasoning-delta", text: "Hm.", ...at(0) },
      {
        type: "reasoning-end",
        signature: { value: "c2ln", form: "text", family: "anthropic" },
        ...at(0),
      },
      { type: "text-start", isRefusal: false, ...at(1) },
      { type: "text-delta", text: "A", ...at(1) },
      { type: "text-end", ...at(1) },
      finish("stop", "end_turn"),
      usageEvent,
      end,
    ],
  },
  {
    name: "hidden reasoning and text under one number as two blocks",
    model: nova,
    frames: [
      messageStart,
      delta(0, { reasoningContent: { redactedContent: "aGlkZGVu" } }),
      delta(0, { text: "A" }),
      stop(0),
      messageStop("end_turn"),
      metadata,
    ],
    want: [
      start,
      { type: "redacted", data: { value: "aGlkZGVu", form: "base64", family: "aws" }, ...at(0) },
      { type: "text-start", isRefusal: false, ...at(1) },
      { type: "text-delta", text: "A", ...at(1) },
      { type: "text-end", ...at(1) },
      finish("stop", "end_turn"),
      usageEvent,
      end,
    ],
  },
  {
    name: "calls that interleave, one of them without arguments, and a stop reason that forgets them",
    frames: [
      messageStart,
      begin(0, { toolUse: { toolUseId: "t1", name: "f" } }),
      begin(1, { toolUse: { toolUseId: "t2", name: "g" } }),
      delta(0, { toolUse: { input: '{"n":12345678901234567890' } }),
      delta(1, { toolUse: { input: "" } }),
      delta(0, { toolUse: { input: "}" } }),
      stop(1),
      stop(0),
      messageStop("end_turn"),
      metadata,
    ],
    want: [
      start,
      { type: "tool-start", id: "t1", name: "f", kind: "function", ...at(0) },
      { type: "tool-start", id: "t2", name: "g", kind: "function", ...at(1) },
      { type: "tool-delta", text: '{"n":12345678901234567890', ...at(0) },
      { type: "tool-delta", text: "}", ...at(0) },
      { type: "tool-delta", text: "{}", ...at(1) },
      { type: "tool-end", ...at(1) },
      { type: "tool-end", ...at(0) },
      finish("tool-calls", "end_turn"),
      usageEvent,
      end,
    ],
  },
  {
    name: "a tool that ran at Amazon as nothing to do",
    frames: [
      messageStart,
      begin(0, { toolUse: { toolUseId: "t1", name: "nova_grounding", type: "server_tool_use" } }),
      delta(0, { toolUse: { input: "{}" } }),
      stop(0),
      delta(1, { text: "A" }),
      delta(1, {
        citation: {
          title: "T",
          location: { web: { url: "https://x", domain: "x" } },
          sourceContent: [{ text: "c" }],
        },
      }),
      stop(1),
      messageStop("end_turn"),
      metadata,
    ],
    want: [
      start,
      {
        type: "opaque",
        part: {
          type: "opaque",
          family: "aws",
          name: "toolUse",
          block: { toolUse: { toolUseId: "t1", name: "nova_grounding", type: "server_tool_use" } },
        },
        ...at(0),
      },
      { type: "text-start", isRefusal: false, ...at(1) },
      { type: "text-delta", text: "A", ...at(1) },
      {
        type: "citation",
        citation: {
          url: "https://x",
          title: "T",
          citedText: "c",
          startIndex: 0,
          endIndex: 1,
          extras: {
            aws: {
              title: "T",
              location: { web: { url: "https://x", domain: "x" } },
              sourceContent: [{ text: "c" }],
            },
          },
        },
        ...at(1),
      },
      { type: "text-end", ...at(1) },
      finish("stop", "end_turn"),
      usageEvent,
      end,
    ],
  },
  {
    name: "an image",
    frames: [
      begin(0, { image: { format: "png" } }),
      delta(0, { image: { source: { bytes: "AAAA" } } }),
      stop(0),
      messageStop("end_turn"),
      ["metadata", { serviceTier: { type: "flex" } }],
    ],
    want: [
      start,
      {
        type: "media",
        media: {
          type: "media",
          kind: "image",
          source: { type: "base64", data: "AAAA" },
          mediaType: "image/png",
        },
        ...at(0),
      },
      finish("stop", "end_turn"),
      { type: "message-end", serviceTier: "flex" },
    ],
  },
  {
    name: "an end without metadata as an end",
    frames: [messageStart, messageStop("end_turn")],
    want: [start, finish("stop", "end_turn"), end],
  },
  {
    name: "blocks that nothing closed, and what nobody knows",
    frames: [
      messageStart,
      ["novelty", { a: 1 }],
      delta(0, { text: "A" }),
      delta(0, { novelty: 1 }),
      messageStop("something_new"),
      delta(0, { text: "late" }),
      metadata,
    ],
    want: [
      start,
      { type: "text-start", isRefusal: false, ...at(0) },
      { type: "text-delta", text: "A", ...at(0) },
      { type: "text-end", ...at(0) },
      finish("stop", "something_new"),
      usageEvent,
      end,
    ],
  },
];

const failures: { name: string; body: Uint8Array; want: object; isCut?: boolean }[] = [
  {
    name: "an exception frame",
    body: new Uint8Array(
      Buffer.concat([
        framesOf(messageStart, delta(0, { text: "A" })),
        awsEvent("throttlingException", { message: "Too many." }, "exception"),
      ]),
    ),
    want: {
      kind: "rate-limit",
      status: 429,
      type: "throttlingException",
      message: "Too many.",
      requestId: "r-1",
    },
  },
  {
    name: "a wrong checksum",
    body: framesOf(messageStart, delta(0, { text: "A" })).map((byte, i) => (i === 200 ? byte ^ 1 : byte)),
    want: { kind: "upstream", type: "brokenFrame" },
  },
  {
    name: "an end before messageStop",
    body: framesOf(messageStart, delta(0, { text: "A" }), stop(0)),
    want: { kind: "stream-cut" },
  },
  {
    name: "an end within a frame",
    body: framesOf(messageStart, messageStop("end_turn"), metadata).slice(0, -1),
    want: { kind: "stream-cut", type: "cutFrame" },
  },
  {
    name: "a connection that breaks before the metadata",
    body: framesOf(messageStart, messageStop("end_turn")),
    isCut: true,
    want: { kind: "stream-cut" },
  },
  { name: "an empty body", body: new Uint8Array(0), want: { kind: "stream-cut" } },
];

describe("ConverseStreamReader", () => {
  test.each(streams)("reads $name, cut anywhere", ({ frames, model, want }) => {
    expect(grammarProblems(want)).toEqual([]);
    for (const pieces of cutEverywhere(framesOf(...frames))) expect(read(pieces, model)).toEqual(want);
  });

  test.each(failures)("ends $name as an error, cut anywhere", ({ body, want, isCut }) => {
    for (const pieces of cutEverywhere(body)) {
      const events = read(pieces, "m", isCut);
      const [last] = events.slice(-1);
      expect(grammarProblems(events)).toEqual([]);
      expect(last?.type === "error" && last.error).toMatchObject(want);
    }
  });

  test("tells of a frame that is not JSON and reads on", () => {
    const events = runStage(new ConverseStreamReader(contextOf()), [
      { event: "contentBlockDelta", data: "{", isException: false },
      { event: "messageStop", data: "{}", isException: false },
    ]);
    expect(events.map(({ type }) => type)).toEqual(["warning", "message-start", "finish", "message-end"]);
  });
});

const wholes: { name: string; model: string; content: object[]; frames: Frame[] }[] = [
  {
    name: "text in two blocks",
    model: "m",
    content: [{ text: "The " }, { text: "Rhine." }, { text: "" }],
    frames: [
      delta(0, { text: "The " }),
      stop(0),
      delta(1, { text: "Rhine." }),
      stop(1),
      delta(2, { text: "" }),
    ],
  },
  {
    name: "reasoning, hidden reasoning and calls",
    model: claude,
    content: [
      { reasoningContent: { reasoningText: { text: "Hm.", signature: "c2ln" } } },
      { reasoningContent: { redactedContent: "aGlkZGVu" } },
      { toolUse: { toolUseId: "t1", name: "f", input: { place: "Köln", n: [1, 2] } } },
      { toolUse: { toolUseId: "t2", name: "g", input: {} } },
    ],
    frames: [
      delta(0, { reasoningContent: { text: "Hm." } }),
      delta(0, { reasoningContent: { signature: "c2ln" } }),
      stop(0),
      delta(1, { reasoningContent: { redactedContent: "aGlkZGVu" } }),
      stop(1),
      begin(2, { toolUse: { toolUseId: "t1", name: "f" } }),
      delta(2, { toolUse: { input: '{"place":"Kö' } }),
      delta(2, { toolUse: { input: 'ln","n":[1,2]}' } }),
      stop(2),
      begin(3, { toolUse: { toolUseId: "t2", name: "g" } }),
      stop(3),
    ],
  },
  {
    name: "cited text and an image",
    model: "m",
    content: [
      { citationsContent: { content: [{ text: "A" }, { text: "B" }], citations: [{ source: "https://x" }] } },
      { image: { format: "png", source: { bytes: "AAAA" } } },
    ],
    frames: [
      delta(0, { text: "AB" }),
      delta(0, { citation: { source: "https://x" } }),
      stop(0),
      begin(1, { image: { format: "png" } }),
      delta(1, { image: { source: { bytes: "AAAA" } } }),
      stop(1),
    ],
  },
];

describe("readResponse", () => {
  test.each(wholes)("reads $name as the same answer whole and streamed", ({ model, content, frames }) => {
    const body = {
      output: { message: { role: "assistant", content } },
      stopReason: "end_turn",
      usage,
      serviceTier: { type: "flex" },
    };
    const whole = readWhole(body, model);
    const streamed = read(
      [
        framesOf(messageStart, ...frames, messageStop("end_turn"), [
          "metadata",
          { usage, serviceTier: { type: "flex" } },
        ]),
      ],
      model,
    );
    expect(grammarProblems(whole)).toEqual([]);
    expect(foldEvents(whole)).toEqual(foldEvents(streamed));
  });

  const reasons: [stopReason: string | undefined, reason: string][] = [
    ["end_turn", "stop"],
    ["stop_sequence", "stop-sequence"],
    ["max_tokens", "length"],
    ["model_context_window_exceeded", "context-window"],
    ["tool_use", "tool-calls"],
    ["content_filtered", "content-filter"],
    ["guardrail_intervened", "content-filter"],
    ["malformed_tool_use", "malformed"],
    ["something_new", "stop"],
    [undefined, "stop"],
  ];
  test.each(reasons)("reads the stop reason %s as %s", (stopReason, reason) => {
    const events = readWhole({ output: { message: { content: [] } }, stopReason });
    expect(foldEvents(events).choices).toEqual([{ index: 0, parts: [], reason, raw: stopReason } as never]);
  });

  test("keeps numbers in arguments as they were written", () => {
    const events: IrEvent[] = [];
    const input = '{"id":12345678901234567890,"x":1.50}';
    readResponse(
      `{"output":{"message":{"content":[{"toolUse":{"toolUseId":"t","name":"f","input":${input}}}]}}}`,
      contextOf(),
      (event) => events.push(event),
    );
    expect(foldEvents(events).choices[0]?.parts).toEqual([expect.objectContaining({ input })]);
  });

  test("tells which sequence stopped it, if Bedrock does", () => {
    const events = readWhole({
      output: { message: { content: [] } },
      stopReason: "stop_sequence",
      additionalModelResponseFields: { stop_sequence: "END" },
    });
    expect(foldEvents(events).choices[0]?.stopSequence).toBe("END");
  });

  test.each(["{}", '{"stopReason":"guardrail_intervened"}', "not JSON", '{"output":{}}'])(
    "fails on %s, which has no message",
    (body) => {
      expect(() => readResponse(body, contextOf(), () => {})).toThrow(ExchangeFailure);
    },
  );

  test("counts nothing that was not counted", () => {
    const types = readWhole({ output: { message: { content: [] } }, usage: {} }).map(({ type }) => type);
    expect(types).toEqual(["message-start", "finish", "message-end"]);
  });
});
