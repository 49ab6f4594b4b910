import { describe, expect, test } from "bun:test";
import type { IrEvent } from "./events.ts";
import { Fold, foldEvents, type IrResponse } from "./fold.ts";

const at = (block: number, choice = 0) => ({ choice, block });
const seal = { value: "c2ln", form: "text", family: "anthropic" } as const;

const cases: { name: string; events: IrEvent[]; want: IrResponse }[] = [
  {
    name: "an answer without any block as a choice without parts",
    events: [
      { type: "message-start", id: "m1", model: "m" },
      { type: "finish", choice: 0, reason: "stop" },
      { type: "message-end" },
    ],
    want: { id: "m1", model: "m", choices: [{ index: 0, parts: [], reason: "stop" }], warnings: [] },
  },
  {
    name: "reasoning, text and a call in the order in which they began",
    events: [
      { type: "message-start" },
      { type: "reasoning-start", isSummary: false, ...at(0) },
      { type: "reasoning-delta", text: "Two ", ...at(0) },
      { type: "reasoning-delta", text: "and two.", ...at(0) },
      { type: "reasoning-end", signature: seal, ...at(0) },
      { type: "text-start", isRefusal: false, ...at(1) },
      { type: "text-delta", text: "Fo", ...at(1) },
      { type: "keep-alive" },
      { type: "text-delta", text: "ur.", ...at(1) },
      { type: "text-end", ...at(1) },
      { type: "tool-start", id: "c1", name: "f", kind: "function", ...at(2) },
      { type: "tool-delta", text: '{"n":', ...at(2) },
      { type: "tool-delta", text: "12345678901234567890}", ...at(2) },
      { type: "tool-end", ...at(2) },
      { type: "citation", citation: { url: "https://example.com" }, ...at(1) },
      { type: "finish", choice: 0, reason: "tool-calls", raw: "tool_use" },
      { type: "message-end" },
    ],
    want: {
      choices: [
        {
          index: 0,
          parts: [
            { type: "reasoning", text: "Two and two.", signature: seal },
            { type: "text", text: "Four.", citations: [{ url: "https://example.com" }] },
            { type: "tool-call", id: "c1", name: "f", kind: "function", input: '{"n":12345678901234567890}' },
          ],
          reason: "tool-calls",
          raw: "tool_use",
        },
      ],
      warnings: [],
    },
  },
  {
    name: "usage reports member by member, never added",
    events: [
      { type: "message-start" },
      { type: "usage", usage: { inputTokens: 11, outputTokens: 1, cacheReadTokens: 4 } },
      { type: "usage", usage: { outputTokens: 9 } },
      { type: "finish", choice: 0, reason: "stop" },
      { type: "message-end" },
    ],
    want: {
      choices: [{ index: 0, parts: [], reason: "stop" }],
      usage: { inputTokens: 11, outputTokens: 9, cacheReadTokens: 4 },
      warnings: [],
    },
  },
  {
    name: "choices that interleave apart",
    events: [
      { type: "message-start" },
      { type: "text-start", isRefusal: false, ...at(0, 1) },
      { type: "text-start", isRefusal: false, ...at(1, 0) },
      { type: "text-delta", text: "b", logprobs: [{ token: "b", logprob: -1, top: [] }], ...at(0, 1) },
      { type: "text-delta", text: "a", ...at(1, 0) },
      { type: "text-end", ...at(0, 1) },
      { type: "finish", choice: 1, reason: "length" },
      { type: "text-end", ...at(1, 0) },
      { type: "finish", choice: 0, reason: "stop" },
      { type: "message-end" },
    ],
    want: {
      choices: [
        { index: 0, parts: [{ type: "text", text: "a" }], reason: "stop" },
        {
          index: 1,
          parts: [{ type: "text", text: "b" }],
          reason: "length",
          logprobs: [{ token: "b", logprob: -1, top: [] }],
        },
      ],
      warnings: [],
    },
  },
  {
    name: "audio pieces as one medium",
    events: [
      { type: "message-start" },
      { type: "audio-delta", data: "AAAA", transcript: "Hel", ...at(0) },
      { type: "audio-delta", data: "BBBB", transcript: "lo", ...at(0) },
      { type: "finish", choice: 0, reason: "stop" },
      { type: "message-end" },
    ],
    want: {
      choices: [
        {
          index: 0,
          parts: [
            {
              type: "media",
              kind: "audio",
              source: { type: "base64", data: "AAAABBBB" },
              transcript: "Hello",
            },
          ],
          reason: "stop",
        },
      ],
      warnings: [],
    },
  },
];

describe("Fold", () => {
  test.each(cases)("builds $name", ({ events, want }) => {
    expect(foldEvents(events)).toEqual(want);
  });

  test("keeps the error that ended the answer", () => {
    const fold = new Fold();
    fold.push({ type: "message-start" });
    fold.push({
      type: "error",
      error: { kind: "overloaded", status: 529, type: "overloaded_error", message: "Busy" },
    });
    expect(fold.error?.type).toBe("overloaded_error");
  });

  test("leaves the parts that events carry as they are", () => {
    const media = Object.freeze({
      type: "media",
      kind: "image",
      source: Object.freeze({ type: "base64", data: "AA" }),
    } as const);
    const part = Object.freeze({ type: "opaque", family: "anthropic", name: "x", block: {} } as const);
    const response = foldEvents([
      { type: "message-start" },
      { type: "media", media, ...at(0) },
      { type: "opaque", part, ...at(1) },
    ]);
    expect(response.choices[0]?.parts).toEqual([media, part]);
  });
});
