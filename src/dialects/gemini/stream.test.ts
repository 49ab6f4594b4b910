import { describe, expect, test } from "bun:test";
import type { WireEvent } from "../dialect.ts";
import { grammarProblems } from "../ir/check-grammar.ts";
import type { IrEvent } from "../ir/events.ts";
import { foldEvents } from "../ir/fold.ts";
import { chain } from "../stage.ts";
import { bytesOf, cutEverywhere, runStage, testContext } from "../testing.ts";
import { geminiHost } from "./host.ts";
import { GeminiStreamReader, readResponse } from "./stream.ts";

const head = { responseId: "r1", modelVersion: "gemini-up", createTime: "2025-06-15T15:06:40.123456Z" };
const start: IrEvent = { type: "message-start", id: "r1", model: "gemini-up", createdAt: 1_750_000_000 };
const at = (block: number, choice = 0) => ({ choice, block });
const seal = (value: string) => ({ signature: { value, form: "text", family: "google" } }) as const;
const end: IrEvent = { type: "message-end" };
const cut = expect.objectContaining({
  type: "error",
  error: expect.objectContaining({ kind: "stream-cut" }),
});

/** One event with one candidate. */
function event(parts: unknown[], finishReason?: string, more: object = {}): object {
  return { ...head, candidates: [{ content: { role: "model", parts }, finishReason, index: 0, ...more }] };
}
function textBlock(block: number, ...pieces: string[]): IrEvent[] {
  return [
    { type: "text-start", isRefusal: false, ...at(block) },
    ...pieces.map((text): IrEvent => ({ type: "text-delta", text, ...at(block) })),
    { type: "text-end", ...at(block) },
  ];
}
function callBlock(block: number, id: string, name: string, text: string, signature?: string): IrEvent[] {
  const sealed = signature === undefined ? {} : seal(signature);
  return [
    { type: "tool-start", id, name, kind: "function", ...sealed, ...at(block) },
    { type: "tool-delta", text, ...at(block) },
    { type: "tool-end", ...at(block) },
  ];
}
const finish = (reason: Extract<IrEvent, { type: "finish" }>["reason"], raw?: string): IrEvent => ({
  type: "finish",
  choice: 0,
  reason,
  raw,
});
const counts = { promptTokenCount: 20, candidatesTokenCount: 3, thoughtsTokenCount: 7, totalTokenCount: 35 };

const cases: { name: string; events: object[]; want: IrEvent[] }[] = [
  {
    name: "pieces of text as one block",
    events: [event([{ text: "Fo" }]), event([{ text: "ur." }, { text: "" }], "STOP")],
    want: [start, ...textBlock(0, "Fo", "ur."), finish("stop", "STOP"), end],
  },
  {
    name: "thoughts, then a text that is signed",
    events: [
      event([{ text: "Hm.", thought: true }]),
      event([{ text: "Four.", thoughtSignature: "c2ln" }]),
      event([{ text: " Yes." }], "MAX_TOKENS"),
    ],
    want: [
      start,
      { type: "reasoning-start", isSummary: true, ...at(0) },
      { type: "reasoning-delta", text: "Hm.", ...at(0) },
      { type: "reasoning-end", ...at(0) },
      { type: "text-start", isRefusal: false, ...at(1) },
      { type: "text-delta", text: "Four.", ...at(1) },
      { type: "text-end", ...seal("c2ln"), ...at(1) },
      ...textBlock(2, " Yes."),
      finish("length", "MAX_TOKENS"),
      end,
    ],
  },
  {
    name: "a signature that comes alone as that of what is open",
    events: [event([{ text: "Four." }]), event([{ text: "", thoughtSignature: "c2ln" }], "STOP")],
    want: [
      start,
      { type: "text-start", isRefusal: false, ...at(0) },
      { type: "text-delta", text: "Four.", ...at(0) },
      { type: "text-end", ...seal("c2ln"), ...at(0) },
      finish("stop", "STOP"),
      end,
    ],
  },
  {
    name: "a signature of nothing as that of an empty text",
    events: [event([{ thoughtSignature: "c2ln" }], "STOP")],
    want: [
      start,
      { type: "text-start", isRefusal: false, ...at(0) },
      { type: "text-end", ...seal("c2ln"), ...at(0) },
      finish("stop", "STOP"),
      end,
    ],
  },
  {
    name: "parallel calls, the first of them signed, and STOP an event later",
    events: [
      event([
        { functionCall: { name: "f", args: { id: 1 }, id: "own" }, thoughtSignature: "c2ln" },
        { functionCall: { name: "g" } },
      ]),
      event([{ text: "" }], "STOP"),
    ],
    want: [
      start,
      ...callBlock(0, "own", "f", '{"id":1}', "c2ln"),
      ...callBlock(1, "call_1", "g", "{}"),
      finish("tool-calls", "STOP"),
      end,
    ],
  },
  {
    name: "choices by their index, blocks over all of them",
    events: [
      {
        ...head,
        candidates: [
          { content: { parts: [{ text: "a" }] }, index: 1 },
          { content: { parts: [{ text: "b" }] } },
        ],
      },
      { ...head, candidates: [{ content: { parts: [{ text: "c" }] }, finishReason: "STOP", index: 1 }] },
    ],
    want: [
      start,
      { type: "text-start", isRefusal: false, ...at(0, 1) },
      { type: "text-delta", text: "a", ...at(0, 1) },
      { type: "text-start", isRefusal: false, ...at(1) },
      { type: "text-delta", text: "b", ...at(1) },
      { type: "text-delta", text: "c", ...at(0, 1) },
      { type: "text-end", ...at(0, 1) },
      { type: "finish", choice: 1, reason: "stop", raw: "STOP" },
      { type: "text-end", ...at(1) },
      finish("stop"),
      end,
    ],
  },
  {
    name: "images and code as blocks that come whole, speech in pieces",
    events: [
      event([
        { text: "Look." },
        { inlineData: { mimeType: "image/png", data: "AAAA" }, thoughtSignature: "c2ln" },
        { executableCode: { language: "PYTHON", code: "1" } },
      ]),
      event([{ inlineData: { mimeType: "audio/L16;rate=24000", data: "AQID" } }]),
      event([{ inlineData: { mimeType: "audio/L16;rate=24000", data: "BAUG" } }], "STOP"),
    ],
    want: [
      start,
      ...textBlock(0, "Look."),
      {
        type: "media",
        media: {
          type: "media",
          kind: "image",
          mediaType: "image/png",
          source: { type: "base64", data: "AAAA" },
          extras: { google: { thoughtSignature: "c2ln" } },
        },
        ...at(1),
      },
      {
        type: "opaque",
        part: {
          type: "opaque",
          family: "google",
          name: "executableCode",
          block: { executableCode: { language: "PYTHON", code: "1" } },
        },
        ...at(2),
      },
      { type: "audio-delta", data: "AQID", transcript: "", ...at(3) },
      { type: "audio-delta", data: "BAUG", transcript: "", ...at(3) },
      finish("stop", "STOP"),
      end,
    ],
  },
  {
    name: "usage with every event that counts, tool use as input and thoughts as output",
    events: [
      { ...event([{ text: "a" }]), usageMetadata: { trafficType: "ON_DEMAND" } },
      {
        ...event([], "STOP"),
        usageMetadata: {
          ...counts,
          toolUsePromptTokenCount: 5,
          cachedContentTokenCount: 12,
          promptTokensDetails: [
            { modality: "TEXT", tokenCount: 11 },
            { modality: "IMAGE", tokenCount: 9 },
          ],
          candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 2 }],
        },
      },
    ],
    want: [
      start,
      { type: "text-start", isRefusal: false, ...at(0) },
      { type: "text-delta", text: "a", ...at(0) },
      {
        type: "usage",
        usage: {
          inputTokens: 25,
          cacheReadTokens: 12,
          outputTokens: 10,
          reasoningTokens: 7,
          totalTokens: 35,
          inputImageTokens: 9,
          outputAudioTokens: 2,
        },
      },
      { type: "text-end", ...at(0) },
      finish("stop", "STOP"),
      end,
    ],
  },
  {
    name: "a blocked prompt as a refusal",
    events: [{ ...head, promptFeedback: { blockReason: "SAFETY", blockReasonMessage: "No." } }],
    want: [
      start,
      { type: "text-start", isRefusal: true, ...at(0) },
      { type: "text-delta", text: "No.", ...at(0) },
      { type: "text-end", ...at(0) },
      finish("content-filter", "SAFETY"),
      end,
    ],
  },
  {
    name: "log probabilities with the first text of their event",
    events: [
      event([{ text: "hm", thought: true }, { text: "Four." }, { text: "!" }], "STOP", {
        logprobsResult: {
          chosenCandidates: [
            { token: "Four", logProbability: -0.5 },
            { token: ".", logProbability: -0.25 },
          ],
          topCandidates: [
            {
              candidates: [
                { token: "Four", logProbability: -0.5 },
                { token: "4", logProbability: -1 },
              ],
            },
          ],
        },
      }),
    ],
    want: [
      start,
      { type: "reasoning-start", isSummary: true, ...at(0) },
      { type: "reasoning-delta", text: "hm", ...at(0) },
      { type: "reasoning-end", ...at(0) },
      { type: "text-start", isRefusal: false, ...at(1) },
      {
        type: "text-delta",
        text: "Four.",
        logprobs: [
          {
            token: "Four",
            logprob: -0.5,
            top: [
              { token: "Four", logprob: -0.5 },
              { token: "4", logprob: -1 },
            ],
          },
          { token: ".", logprob: -0.25, top: [] },
        ],
        ...at(1),
      },
      { type: "text-delta", text: "!", ...at(1) },
      { type: "text-end", ...at(1) },
      finish("stop", "STOP"),
      end,
    ],
  },
];

/** Sources cite bytes of the whole text; the blocks here hold letters of two and four bytes. */
const grounding = {
  groundingChunks: [
    { web: { uri: "https://a.example", title: "A" } },
    { retrievedContext: { uri: "gs://b", title: "B" } },
  ],
  groundingSupports: [
    { segment: { startIndex: 0, endIndex: 6, text: "Köln " }, groundingChunkIndices: [0, 1] },
    { segment: { startIndex: 11, endIndex: 16, text: "Rhine" }, groundingChunkIndices: [1, 7] },
    { segment: { startIndex: 900, endIndex: 999, text: "nowhere" }, groundingChunkIndices: [0] },
  ],
};

function sse(events: readonly object[], lineEnd = "\n"): Uint8Array {
  return bytesOf(events.map((item) => `data: ${JSON.stringify(item)}${lineEnd}${lineEnd}`).join(""));
}

function read(pieces: Uint8Array[], isCut = false): IrEvent[] {
  return runStage(chain(geminiHost.frames(), new GeminiStreamReader(context())), pieces, isCut);
}

function readWhole(text: string): IrEvent[] {
  const events: IrEvent[] = [];
  readResponse(text, context(), (item) => events.push(item));
  return events;
}

/** The same answer in one body: parts in a row, and the last of everything else. */
function wholeOf(events: object[]): string {
  const candidates: { [index: number]: { content: { parts: unknown[] } } } = {};
  const whole = {};
  for (const item of events as { candidates?: { index?: number; content?: { parts?: unknown[] } }[] }[]) {
    Object.assign(whole, item);
    for (const candidate of item.candidates ?? []) {
      const index = candidate.index ?? 0;
      const parts = [...(candidates[index]?.content.parts ?? []), ...(candidate.content?.parts ?? [])];
      candidates[index] = { ...candidates[index], ...candidate, content: { parts } };
    }
  }
  const list = Object.values(candidates);
  return JSON.stringify(list.length === 0 ? whole : { ...whole, candidates: list });
}

const context = () => testContext({ requestModel: "gemini-2.5-flash" });

describe("GeminiStreamReader", () => {
  test.each(cases)("reads $name, cut anywhere", ({ events, want }) => {
    for (const lineEnd of ["\n", "\r\n"]) {
      for (const pieces of cutEverywhere(sse(events, lineEnd))) expect(read(pieces)).toEqual(want);
    }
    expect(grammarProblems(want)).toEqual([]);
  });

  test.each(cases)("reads $name whole into the same answer", ({ events, want }) => {
    const whole = readWhole(wholeOf(events));
    expect(grammarProblems(whole)).toEqual([]);
    expect(foldEvents(whole)).toEqual(foldEvents(want));
  });

  test("reads citations by the bytes that they count, in the block that they end in", () => {
    const events = [
      event([{ text: "Köln 🐟: ", thoughtSignature: "c2ln" }]),
      event([{ text: "Rhine" }], "STOP", { groundingMetadata: grounding, safetyRatings: [] }),
    ];
    const citations = read([sse(events)]).filter((item) => item.type === "citation");
    const [both, rhine] = grounding.groundingSupports;
    const from = (url: string, title: string) => ({ url, title });
    expect(citations.map(({ block, citation }) => ({ block, ...citation }))).toEqual([
      {
        block: 0,
        ...from("https://a.example", "A"),
        startIndex: 0,
        endIndex: 5,
        citedText: "Köln ",
        extras: { google: both! },
      },
      {
        block: 0,
        ...from("gs://b", "B"),
        startIndex: 0,
        endIndex: 5,
        citedText: "Köln ",
        extras: { google: both! },
      },
      {
        block: 1,
        ...from("gs://b", "B"),
        startIndex: 0,
        endIndex: 5,
        citedText: "Rhine",
        extras: { google: rhine! },
      },
    ]);
    const last = read([sse(events)]).at(-2);
    expect(last).toEqual({
      ...finish("stop", "STOP"),
      extras: { google: { grounding_metadata: grounding } },
    } as IrEvent);
  });

  test("keeps every digit of arguments", () => {
    const args = '{"id":12345678901234567890,"n":1.50}';
    const text = `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":${args}}}]},"finishReason":"STOP"}]}`;
    const delta = (events: IrEvent[]) => events.find((item) => item.type === "tool-delta")?.text;
    expect(delta(read([bytesOf(`data: ${text}\n\n`)]))).toBe(args);
    expect(delta(readWhole(text))).toBe(args);
  });

  test("takes a clean end after content for the finish, and a broken one for an error", () => {
    const events = sse([event([{ text: "Four." }])]);
    expect(read([events]).slice(-3)).toEqual([{ type: "text-end", ...at(0) }, finish("stop"), end]);
    const broken = read([events], true);
    expect(broken.at(-1)).toEqual(cut);
    expect(grammarProblems(broken)).toEqual([]);
  });

  test("takes a connection that breaks after the finish for an end", () => {
    expect(read([sse([event([{ text: "Four." }], "STOP")])], true).at(-1)).toEqual(end);
  });

  test.each([[[]], [[{ ...head, usageMetadata: counts }]]])(
    "takes a stream without content for cut: %j",
    (events) => {
      expect(read([sse(events)]).at(-1)).toEqual(cut);
    },
  );

  test("ends with an error inside the stream, and reads nothing after it", () => {
    const error = { code: 429, message: "Slow.", status: "RESOURCE_EXHAUSTED" };
    const events = read([sse([event([{ text: "Fo" }]), { error }, event([{ text: "ur." }], "STOP")])]);
    expect(events.at(-1)).toEqual({
      type: "error",
      error: { kind: "rate-limit", status: 429, type: "RESOURCE_EXHAUSTED", message: "Slow." },
    });
    expect(grammarProblems(events)).toEqual([]);
  });

  test.each([-1, 1.5, 1e9, "0", null])("takes an index of %j for none", (index) => {
    const wild = { candidates: [{ content: { parts: [{ text: "a" }] }, finishReason: "STOP", index }] };
    const events = read([sse([wild])]);
    expect(grammarProblems(events)).toEqual([]);
    expect(foldEvents(events).choices.map((choice) => choice.index)).toEqual([0]);
  });

  test("loses no text of a server that says STOP with every event", () => {
    const events = read([sse([event([{ text: "Fo" }], "STOP"), event([{ text: "ur." }], "STOP")])]);
    const [choice] = foldEvents(events).choices;
    expect(choice?.parts.map((part) => (part.type === "text" ? part.text : ""))).toEqual(["Fo", "ur."]);
    expect(events.filter((item) => item.type === "finish").length).toBe(1);
  });

  test("passes comments on as signs of life", () => {
    expect(read([bytesOf(": ping\n\n")])[0]).toEqual({ type: "keep-alive" });
  });

  test("gives every text the same shape", () => {
    const reader = new GeminiStreamReader(context());
    const wire: WireEvent = {
      event: undefined,
      data: JSON.stringify(event([{ text: "a" }])),
      isException: false,
    };
    const shapes = runStage(reader, [wire, wire, wire])
      .filter((item) => item.type === "text-delta")
      .map((item) => Object.keys(item).join());
    expect(new Set(shapes)).toEqual(new Set(["type,text,logprobs,choice,block"]));
  });
});

describe("readResponse", () => {
  test("reads an answer without anything as one without choices", () => {
    expect(readWhole("{}")).toEqual([{ type: "message-start", model: "gemini-2.5-flash" }, end]);
  });

  test("reads a list of events, as a stream without events is", () => {
    const text = JSON.stringify([event([{ text: "Fo" }]), event([{ text: "ur." }], "STOP")]);
    expect(readWhole(text)).toEqual([start, ...textBlock(0, "Fo", "ur."), finish("stop", "STOP"), end]);
  });

  test.each(["<h1>", "null", "[1]", '"x"'])("throws at %s", (text) =>
    expect(() => readWhole(text)).toThrow(),
  );
});

const reasons: [string, string][] = [
  ["STOP", "stop"],
  ["SAFETY", "content-filter"],
  ["MODEL_ARMOR", "content-filter"],
  ["IMAGE_RECITATION", "recitation"],
  ["LANGUAGE", "language"],
  ["NO_IMAGE", "no-image"],
  ["MALFORMED_FUNCTION_CALL", "malformed-tool-call"],
  ["UNEXPECTED_TOOL_CALL", "unexpected-tool-call"],
  ["OTHER", "other"],
  ["TOO_MANY_TOOL_CALLS", "other"],
];

test.each(reasons)("finish reason %s is %s", (word, reason) => {
  expect(read([sse([event([{ text: "a" }], word)])]).at(-2)).toEqual(finish(reason as "stop", word));
});
