import { describe, expect, test } from "bun:test";
import type { IrEvent } from "../ir/events.ts";
import { testContext } from "../testing.ts";
import { ChatStreamWriter } from "./stream-writer.ts";

const at = { choice: 0, block: 0 };
const start: IrEvent = { type: "message-start", id: "m1" };
const finish: IrEvent = { type: "finish", choice: 0, reason: "stop" };

/** The data of what is written; each inner list is what one upstream event gave. */
function written(groups: IrEvent[][], wantsUsage = true) {
  const context = testContext({ wantsUsage });
  const writer = new ChatStreamWriter(context);
  const out: string[] = [];
  const emit = (text: string) => out.push(text);
  for (const group of groups) {
    for (const event of group) writer.push(event, emit);
    writer.flush(emit);
  }
  writer.end();
  const lines = out.join("").split("\n\n").slice(0, -1);
  const data = lines.map((line) => (line.startsWith("data: {") ? JSON.parse(line.slice(6)) : line));
  return { data, deltas: data.map((item) => item.choices?.[0]?.delta), warnings: context.warnings };
}

describe("ChatStreamWriter", () => {
  test("sends what one upstream event gave as one chunk", () => {
    const { data } = written([
      [
        start,
        { type: "text-start", isRefusal: false, ...at },
        { type: "text-delta", text: "Fo", ...at },
        { type: "text-delta", text: "ur.", ...at },
        { type: "text-end", signature: { value: "c2ln", form: "base64", family: "google" }, ...at },
        { type: "tool-start", id: "a", name: "f", kind: "function", choice: 0, block: 1 },
        { type: "tool-delta", text: '{"x":1}', choice: 0, block: 1 },
        { type: "tool-end", choice: 0, block: 1 },
        { type: "tool-start", id: "b", name: "g", kind: "function", choice: 0, block: 2 },
        { type: "tool-delta", text: "{}", choice: 0, block: 2 },
        { type: "tool-end", choice: 0, block: 2 },
        { ...finish, reason: "tool-calls" },
        { type: "usage", usage: { inputTokens: 3 } },
        { type: "message-end" },
      ],
    ]);
    expect(data).toHaveLength(3);
    expect(data[0]).toEqual({
      id: "m1",
      object: "chat.completion.chunk",
      created: 1750000000,
      model: "model-1",
      choices: [
        {
          index: 0,
          delta: {
            role: "assistant",
            content: "Four.",
            tool_calls: [
              { index: 0, id: "a", type: "function", function: { name: "f", arguments: '{"x":1}' } },
              { index: 1, id: "b", type: "function", function: { name: "g", arguments: "{}" } },
            ],
            thinking_blocks: [{ type: "thinking", signature: "c2ln" }],
          },
          finish_reason: "tool_calls",
        },
      ],
    });
    expect(data[1]).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 0, total_tokens: 3 },
    });
    expect(data[2]).toBe("data: [DONE]");
  });

  test("gives role, id and name once, and an index to list entries that come later", () => {
    const reasoning = (block: number): IrEvent[] => [
      { type: "reasoning-start", isSummary: false, choice: 0, block },
      { type: "reasoning-delta", text: `${block}`, choice: 0, block },
      { type: "reasoning-end", signature: { value: `s${block}`, form: "text" }, choice: 0, block },
    ];
    const call: IrEvent = { type: "tool-start", id: "a", name: "f", kind: "function", choice: 0, block: 2 };
    const piece: IrEvent = { type: "tool-delta", text: "{}", choice: 0, block: 2 };
    const { deltas } = written([[start], reasoning(0), reasoning(1), [call], [piece]]);
    expect(deltas).toEqual([
      {
        role: "assistant",
        reasoning_content: "0",
        thinking_blocks: [{ type: "thinking", thinking: "0", signature: "s0" }],
      },
      {
        reasoning_content: "1",
        thinking_blocks: [{ index: 1, type: "thinking", thinking: "1", signature: "s1" }],
      },
      { tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }] },
      { tool_calls: [{ index: 0, function: { arguments: "{}" } }] },
    ]);
  });

  test("places citations of closed text by offset, before the finish", () => {
    const text = (block: number, words: string): IrEvent[] => [
      { type: "text-start", isRefusal: false, choice: 0, block },
      { type: "text-delta", text: words, choice: 0, block },
      { type: "text-end", choice: 0, block },
    ];
    const cited: IrEvent[] = [
      { type: "citation", citation: { url: "https://a.example", title: "A" }, choice: 0, block: 1 },
      {
        type: "citation",
        citation: { url: "https://b.example", startIndex: 1, endIndex: 3 },
        choice: 0,
        block: 0,
      },
      { type: "citation", citation: { title: "no address" }, choice: 0, block: 0 },
    ];
    const { data } = written([[start], text(0, "Rhine. "), text(1, "Danube."), cited, [finish]]);
    expect(data.at(-1).choices[0]).toMatchObject({
      finish_reason: "stop",
      delta: {
        annotations: [
          {
            type: "url_citation",
            url_citation: { url: "https://a.example", title: "A", start_index: 7, end_index: 14 },
          },
          { type: "url_citation", url_citation: { url: "https://b.example", start_index: 1, end_index: 3 } },
        ],
      },
    });
  });

  test("keeps choices apart", () => {
    const text = (choice: number, block: number, words: string): IrEvent => ({
      type: "text-delta",
      text: words,
      choice,
      block,
    });
    const { data } = written([[start, text(0, 0, "a"), text(1, 1, "b")], [text(1, 1, "B")]]);
    expect(data.map((item) => [item.choices[0].index, item.choices[0].delta])).toEqual([
      [0, { role: "assistant", content: "a" }],
      [1, { role: "assistant", content: "b" }],
      [1, { content: "B" }],
    ]);
  });

  test("sends refusals, log probabilities, pictures and sound", () => {
    const { data, deltas } = written([
      [start],
      [
        { type: "text-start", isRefusal: true, ...at },
        { type: "text-delta", text: "No.", ...at },
      ],
      [
        {
          type: "text-delta",
          text: "a",
          logprobs: [{ token: "a", logprob: -1, top: [] }],
          choice: 0,
          block: 1,
        },
      ],
      [
        {
          type: "media",
          media: {
            type: "media",
            kind: "image",
            mediaType: "image/png",
            source: { type: "base64", data: "AA" },
          },
          choice: 0,
          block: 2,
        },
      ],
      [{ type: "audio-delta", data: "AA", transcript: "Hi", choice: 0, block: 3 }],
      [{ type: "audio-delta", data: "BB", transcript: "", choice: 0, block: 3 }],
    ]);
    expect(deltas[0]).toEqual({ role: "assistant", refusal: "No." });
    expect(data[1].choices[0].logprobs.content).toEqual([
      { token: "a", logprob: -1, bytes: null, top_logprobs: [] },
    ]);
    expect(deltas[2].images).toEqual([{ type: "image_url", image_url: { url: "data:image/png;base64,AA" } }]);
    expect(deltas.slice(3)).toEqual([
      { audio: { id: "audio_1", data: "AA", transcript: "Hi" } },
      { audio: { data: "BB", transcript: "" } },
    ]);
  });

  test("warns of what has no form in chat", () => {
    const { data, warnings } = written([
      [start],
      [
        {
          type: "opaque",
          part: { type: "opaque", family: "anthropic", name: "server_tool_use", block: {} },
          ...at,
        },
      ],
      [
        {
          type: "media",
          media: { type: "media", kind: "video", source: { type: "url", url: "x" } },
          choice: 0,
          block: 1,
        },
      ],
    ]);
    expect(data).toEqual([]);
    expect(warnings.map(({ level }) => level)).toEqual(["quiet", "loud"]);
  });

  const reasons = [
    { reason: "context-window", raw: "model_context_window_exceeded", want: "length" },
    { reason: "recitation", raw: "RECITATION", want: "recitation" },
    { reason: "refusal", raw: "refusal", want: "content_filter" },
    { reason: "other", raw: "OTHER", want: "error" },
  ] as const;
  test.each(reasons)("says $want for $reason", ({ reason, raw, want }) => {
    const { data } = written([[start, { type: "finish", choice: 0, reason, raw }]]);
    expect(data[0].choices[0].finish_reason).toBe(want);
  });

  test("gives a malformed answer its provider's word", () => {
    const { data } = written([
      [start, { type: "finish", choice: 0, reason: "malformed", raw: "malformed_model_output" }],
    ]);
    expect(data[0].choices[0]).toMatchObject({
      finish_reason: "stop",
      native_finish_reason: "malformed_model_output",
    });
  });

  test("ends with an error and nothing after it", () => {
    const error: IrEvent = {
      type: "error",
      error: { kind: "overloaded", status: 529, type: "overloaded_error", message: 'Busy "x"' },
    };
    const { data } = written([
      [start, { type: "text-delta", text: "a", ...at }, error],
      [{ type: "message-end" }],
    ]);
    expect(data.at(-1)).toEqual({ error: { type: "overloaded_error", code: "529", message: 'Busy "x"' } });
    expect(data).toHaveLength(2);
  });

  test("sends no usage where none was asked for or none is known", () => {
    const usage: IrEvent = { type: "usage", usage: { inputTokens: 1 } };
    expect(written([[start, finish, usage, { type: "message-end" }]], false).data).toHaveLength(2);
    expect(written([[start, finish, { type: "message-end" }]]).data).toHaveLength(2);
  });
});
