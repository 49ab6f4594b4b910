import { describe, expect, test } from "bun:test";
import { grammarProblems } from "../ir/check-grammar.ts";
import type { IrEvent } from "../ir/events.ts";
import { foldEvents } from "../ir/fold.ts";
import { chain } from "../stage.ts";
import { bytesOf, chunkSse, cutEverywhere, runStage, testContext } from "../testing.ts";
import { SseReader } from "../wire/sse.ts";
import { readResponse, streamReader } from "./read-answer.ts";

const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1750000000, model: "gpt-x" };
const chunk = (delta: object, finish_reason: string | null = null, index = 0) => ({
  ...head,
  choices: [{ index, delta, finish_reason }],
});
const usage = {
  ...head,
  choices: [],
  usage: {
    prompt_tokens: 20,
    completion_tokens: 9,
    total_tokens: 29,
    prompt_tokens_details: { cached_tokens: 12 },
  },
};
const call = (index: number, id?: string, name?: string, text?: string) => ({
  tool_calls: [{ index, id, type: "function", function: { name, arguments: text } }],
});

function readStream(pieces: Uint8Array[], isCut = false): IrEvent[] {
  return runStage(chain(new SseReader(), streamReader(testContext())), pieces, isCut);
}

function readChunks(...chunks: unknown[]): IrEvent[] {
  return readStream([bytesOf(chunkSse(...chunks))]);
}

/** The same answer, streamed and whole. */
const twins = [
  {
    name: "text, a refusal and calls whose numbers are long",
    stream: [
      chunk({ role: "assistant", content: "", refusal: null }),
      chunk({ content: "Köln " }),
      chunk({ content: "🐟." }),
      chunk({ refusal: "But no." }),
      chunk(call(0, "call_1", "find_river", "")),
      chunk(call(0, undefined, undefined, '{"id":12345678901')),
      chunk(call(0, undefined, undefined, "234567890}")),
      chunk(call(1, "call_2", "ping", "{}")),
      chunk({}, "tool_calls"),
      usage,
    ],
    message: {
      content: "Köln 🐟.",
      refusal: "But no.",
      tool_calls: [
        {
          id: "call_1",
          type: "function",
          function: { name: "find_river", arguments: '{"id":12345678901234567890}' },
        },
        { id: "call_2", type: "function", function: { name: "ping", arguments: "{}" } },
      ],
    },
    finish: "tool_calls",
  },
  {
    name: "reasoning with its signature",
    stream: [
      chunk({ role: "assistant", reasoning_content: "Two " }),
      chunk({ reasoning_content: "and two." }),
      chunk({ thinking_blocks: [{ type: "thinking", thinking: "Two and two.", signature: "c2ln" }] }),
      chunk({ content: "Four." }),
      chunk({}, "stop"),
      usage,
    ],
    message: {
      reasoning_content: "Two and two.",
      thinking_blocks: [{ type: "thinking", thinking: "Two and two.", signature: "c2ln" }],
      content: "Four.",
    },
    finish: "stop",
  },
];

describe("reading chat answers", () => {
  test.each(twins)("$name: the same events wherever the stream is cut", ({ stream }) => {
    const body = bytesOf(chunkSse(...stream));
    const events = readStream([body]);
    expect(grammarProblems(events)).toEqual([]);
    for (const pieces of cutEverywhere(body)) expect(readStream(pieces)).toEqual(events);
  });

  test.each(twins)("$name: the same answer, streamed and whole", ({ stream, message, finish }) => {
    const whole = {
      ...head,
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: finish }],
      usage: usage.usage,
    };
    const events: IrEvent[] = [];
    readResponse(JSON.stringify(whole), testContext(), (event) => events.push(event));
    expect(grammarProblems(events)).toEqual([]);
    expect(foldEvents(events)).toEqual(foldEvents(readChunks(...stream)));
  });

  const quirks: { name: string; chunks: unknown[]; want: object }[] = [
    {
      name: "usage on a chunk with a choice",
      chunks: [chunk({ content: "x" }), { ...chunk({}, "stop"), usage: usage.usage }],
      want: { usage: { inputTokens: 20, outputTokens: 9, totalTokens: 29, cacheReadTokens: 12 } },
    },
    {
      name: "a first chunk of Azure's without choices",
      chunks: [
        { id: "", object: "", created: 0, model: "", choices: [], prompt_filter_results: [] },
        chunk({ content: "x" }, "stop"),
      ],
      want: { id: "chatcmpl-1", model: "gpt-x", createdAt: 1750000000 },
    },
    {
      name: "a call whose name comes after its arguments began",
      chunks: [
        chunk(call(0, "call_1", undefined, '{"a"')),
        chunk(call(0, undefined, "f", ":1}")),
        chunk({}, "tool_calls"),
      ],
      want: { choices: [{ parts: [{ type: "tool-call", id: "call_1", name: "f", input: '{"a":1}' }] }] },
    },
    {
      name: "a call without an id, as one with a fresh id",
      chunks: [chunk(call(0, undefined, "f", "{}")), chunk({}, "tool_calls")],
      want: { choices: [{ parts: [{ type: "tool-call", id: "call_1", name: "f" }] }] },
    },
    {
      name: "calls that are all numbered 0 by their ids",
      chunks: [chunk(call(0, "a", "f", "{}")), chunk(call(0, "b", "g", "{}")), chunk({}, "tool_calls")],
      want: {
        choices: [
          {
            parts: [
              { id: "a", input: "{}" },
              { id: "b", input: "{}" },
            ],
          },
        ],
      },
    },
    {
      name: "interleaved calls",
      chunks: [
        chunk(call(0, "a", "f", "")),
        chunk(call(1, "b", "g", "[")),
        chunk(call(0, undefined, undefined, "{}")),
        chunk(call(1, undefined, undefined, "]")),
        chunk({}, "tool_calls"),
      ],
      want: {
        choices: [
          {
            parts: [
              { id: "a", input: "{}" },
              { id: "b", input: "[]" },
            ],
          },
        ],
      },
    },
    {
      name: "the word stop after calls as tool-calls",
      chunks: [chunk(call(0, "a", "f", "{}")), chunk({}, "stop")],
      want: { choices: [{ reason: "tool-calls", raw: "stop" }] },
    },
    {
      name: "the old function_call",
      chunks: [
        chunk({ function_call: { name: "f", arguments: "{" } }),
        chunk({ function_call: { arguments: "}" } }),
        chunk({}, "function_call"),
      ],
      want: { choices: [{ parts: [{ type: "tool-call", name: "f", input: "{}" }], reason: "tool-calls" }] },
    },
    {
      name: "a reason that nobody knows as stop",
      chunks: [chunk({ content: "x" }, "eos")],
      want: { choices: [{ reason: "stop", raw: "eos" }] },
    },
    {
      name: "reasoning under its other name",
      chunks: [chunk({ reasoning: "Hm." }), chunk({ content: "Yes" }, "stop")],
      want: {
        choices: [
          {
            parts: [
              { type: "reasoning", text: "Hm." },
              { type: "text", text: "Yes" },
            ],
          },
        ],
      },
    },
    {
      name: "reasoning that comes twice in a chunk once",
      chunks: [
        chunk({
          reasoning_content: "Hm.",
          thinking_blocks: [{ type: "thinking", thinking: "Hm.", signature: null }],
        }),
        chunk({ content: "Yes" }, "stop"),
      ],
      want: {
        choices: [
          {
            parts: [
              { type: "reasoning", text: "Hm." },
              { type: "text", text: "Yes" },
            ],
          },
        ],
      },
    },
    {
      name: "reasoning as an object",
      chunks: [
        chunk({ reasoning_content: { text: "Hm.", signature: "s" } }),
        chunk({ content: "Yes" }, "stop"),
      ],
      want: {
        choices: [
          { parts: [{ type: "reasoning", text: "Hm.", signature: { value: "s" } }, { type: "text" }] },
        ],
      },
    },
    {
      name: "content as parts",
      chunks: [
        chunk(
          {
            content: [
              { type: "thinking", thinking: [{ type: "text", text: "Hm." }] },
              { type: "text", text: "Yes" },
            ],
          },
          "stop",
        ),
      ],
      want: {
        choices: [
          {
            parts: [
              { type: "reasoning", text: "Hm." },
              { type: "text", text: "Yes" },
            ],
          },
        ],
      },
    },
    {
      name: "two choices that interleave",
      chunks: [
        chunk({ content: "a" }),
        chunk({ content: "b" }, null, 1),
        chunk({ content: "A" }, "stop"),
        chunk({ content: "B" }, "length", 1),
      ],
      want: {
        choices: [
          { parts: [{ text: "aA" }], reason: "stop" },
          { parts: [{ text: "bB" }], reason: "length" },
        ],
      },
    },
    {
      name: "log probabilities on their text",
      chunks: [
        {
          ...head,
          choices: [
            {
              index: 0,
              delta: { content: "a" },
              logprobs: { content: [{ token: "a", logprob: -0.5, bytes: [97], top_logprobs: [] }] },
              finish_reason: "stop",
            },
          ],
        },
      ],
      want: { choices: [{ logprobs: [{ token: "a", logprob: -0.5, bytes: [97], top: [] }] }] },
    },
    {
      name: "pictures, sound and citations",
      chunks: [
        chunk({ content: "See" }),
        chunk({ images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] }),
        chunk({ audio: { id: "a", data: "BBBB", transcript: "Hi" } }),
        chunk(
          {
            annotations: [
              {
                type: "url_citation",
                url_citation: { url: "https://example.com", title: "T", start_index: 0, end_index: 3 },
              },
            ],
          },
          "stop",
        ),
      ],
      want: {
        choices: [
          {
            parts: [
              {
                type: "text",
                text: "See",
                citations: [{ url: "https://example.com", startIndex: 0, endIndex: 3 }],
              },
              {
                type: "media",
                kind: "image",
                mediaType: "image/png",
                source: { type: "base64", data: "AAAA" },
              },
              { type: "media", kind: "audio", transcript: "Hi", source: { type: "base64", data: "BBBB" } },
            ],
          },
        ],
      },
    },
    {
      name: "choices whose numbers make no sense by their position",
      chunks: [chunk({ content: "x" }, "stop", 1e12)],
      want: { choices: [{ index: 0, parts: [{ type: "text", text: "x" }] }] },
    },
    {
      name: "an end without finish_reason",
      chunks: [chunk({ content: "x" })],
      want: { choices: [{ parts: [{ type: "text", text: "x" }], reason: "stop" }] },
    },
    {
      name: "a chunk that is no JSON as a warning",
      chunks: ["oops"],
      want: { choices: [], warnings: [{ level: "loud" }] },
    },
  ];
  test.each(quirks)("read $name", ({ chunks, want }) => {
    const events = readChunks(...chunks);
    expect(grammarProblems(events)).toEqual([]);
    expect(foldEvents(events)).toMatchObject(want);
  });

  const partial = `data: ${JSON.stringify(chunk({ content: "x" }))}\n\n`;
  const finished = `${partial}data: ${JSON.stringify(chunk({}, "stop"))}\n\n`;
  const endings = [
    {
      name: "no sentinel but a clean end after the finish",
      body: finished,
      isCut: false,
      want: { type: "message-end" },
    },
    {
      name: "a broken connection after the finish",
      body: finished,
      isCut: true,
      want: { type: "error", error: { kind: "stream-cut" } },
    },
    {
      name: "a clean end before the finish",
      body: partial,
      isCut: false,
      want: { type: "error", error: { kind: "stream-cut" } },
    },
    {
      name: "nothing at all",
      body: "",
      isCut: false,
      want: { type: "error", error: { kind: "stream-cut" } },
    },
    {
      name: "an error with a numeric code",
      body: `${partial}data: {"error":{"message":"Busy","type":"x","code":429}}\n\ndata: [DONE]\n\n`,
      isCut: false,
      want: { type: "error", error: { kind: "rate-limit", status: 429, message: "Busy" } },
    },
    {
      name: "an error that is a text",
      body: `data: {"error":"Busy"}\n\n`,
      isCut: false,
      want: { type: "error", error: { message: "Busy" } },
    },
  ];
  test.each(endings)("end rightly after $name", ({ body, isCut, want }) => {
    const events = readStream([bytesOf(body)], isCut);
    expect(grammarProblems(events)).toEqual([]);
    expect(events.at(-1)).toMatchObject(want);
  });

  test("comments and empty events keep the client's connection alive", () => {
    const events = readStream([bytesOf(`: processing\n\n${partial}data:\n\n`)]);
    expect(events.filter((event) => event.type === "keep-alive")).toHaveLength(2);
  });

  test("an error with a good status is an error", () => {
    const events: IrEvent[] = [];
    readResponse('{"error":{"message":"No","type":"t"}}', testContext(), (event) => events.push(event));
    expect(events.at(-1)).toMatchObject({ type: "error", error: { message: "No" } });
  });

  test.each(["{", "[]", '{"id":"x"}'])("%s is no completion", (whole) => {
    expect(() => readResponse(whole, testContext(), () => {})).toThrow();
  });
});
