import { describe, expect, test } from "bun:test";
import type { IrEvent } from "../ir/events.ts";
import { testContext } from "../testing.ts";
import { MessageStreamWriter } from "./stream-writer.ts";

const start: IrEvent = { type: "message-start", id: "m1", model: "x" };
const end: IrEvent[] = [{ type: "finish", choice: 0, reason: "stop" }, { type: "message-end" }];

function written(groups: IrEvent[][]) {
  const context = testContext();
  const writer = new MessageStreamWriter(context);
  const out: string[] = [];
  const emit = (text: string) => out.push(text);
  for (const group of groups) {
    for (const event of group) writer.push(event, emit);
    writer.flush(emit);
  }
  writer.end();
  const text = out.join("");
  const events = [...text.matchAll(/event: (\w+)\ndata: (.+)\n\n/g)].map(([, name, data]) => ({
    name,
    ...JSON.parse(data ?? ""),
  }));
  return { text, events, short: events.map(shortly).join(" "), warnings: context.warnings };
}

function shortly(event: {
  name: string;
  index?: number;
  content_block?: { type: string };
  delta?: { type?: string };
}): string {
  if (event.name === "content_block_start") return `+${event.index}:${event.content_block?.type}`;
  if (event.name === "content_block_delta") return `${event.index}:${event.delta?.type}`;
  return event.name === "content_block_stop" ? `-${event.index}` : event.name;
}

const text = (block: number, ...words: string[]): IrEvent[] => [
  { type: "text-start", isRefusal: false, choice: 0, block },
  ...words.map((word): IrEvent => ({ type: "text-delta", text: word, choice: 0, block })),
  { type: "text-end", choice: 0, block },
];
const seal = { value: "c2ln", form: "base64", family: "google" } as const;

const cases: { name: string; events: IrEvent[]; want: string }[] = [
  {
    name: "no block for an empty text",
    events: text(0, ""),
    want: "message_start message_delta message_stop",
  },
  {
    name: "indexes without gaps",
    events: [...text(0, "a"), ...text(1, ""), ...text(2, "b", "", "c")],
    want: "message_start +0:text 0:text_delta -0 +1:text 1:text_delta 1:text_delta -1 message_delta message_stop",
  },
  {
    name: "thinking with its signature before its stop",
    events: [
      { type: "reasoning-start", isSummary: false, choice: 0, block: 0 },
      { type: "reasoning-delta", text: "Hm", choice: 0, block: 0 },
      { type: "reasoning-end", signature: seal, choice: 0, block: 0 },
    ],
    want: "message_start +0:thinking 0:thinking_delta 0:signature_delta -0 message_delta message_stop",
  },
  {
    name: "a call's signature as a thinking block before it",
    events: [
      { type: "tool-start", id: "a", name: "f", kind: "function", signature: seal, choice: 0, block: 0 },
      { type: "tool-delta", text: "", choice: 0, block: 0 },
      { type: "tool-delta", text: "{}", choice: 0, block: 0 },
      { type: "tool-end", choice: 0, block: 0 },
    ],
    want: "message_start +0:thinking 0:signature_delta -0 +1:tool_use 1:input_json_delta -1 message_delta message_stop",
  },
  {
    name: "whole blocks of Anthropic's own, and hidden reasoning",
    events: [
      { type: "redacted", data: { value: "x", form: "text", family: "anthropic" }, choice: 0, block: 0 },
      {
        type: "opaque",
        part: {
          type: "opaque",
          family: "anthropic",
          name: "server_tool_use",
          block: { type: "server_tool_use" },
        },
        choice: 0,
        block: 1,
      },
      {
        type: "opaque",
        part: { type: "opaque", family: "google", name: "executableCode", block: {} },
        choice: 0,
        block: 2,
      },
    ],
    want: "message_start +0:redacted_thinking -0 +1:server_tool_use -1 message_delta message_stop",
  },
];

describe("MessageStreamWriter", () => {
  test.each(cases)("writes $name", ({ events, want }) => {
    expect(written([[start], ...events.map((event) => [event]), end]).short).toBe(want);
  });

  test("takes usage that is known into message_start, and the last into message_delta", () => {
    const { events } = written([
      [start, { type: "usage", usage: { inputTokens: 20, cacheReadTokens: 12 } }],
      text(0, "a"),
      [{ type: "usage", usage: { outputTokens: 9 } }],
      end,
    ]);
    expect(events[0].message.usage).toEqual({
      input_tokens: 8,
      output_tokens: 0,
      cache_read_input_tokens: 12,
    });
    expect(events.at(-2).usage).toEqual({ input_tokens: 8, output_tokens: 9, cache_read_input_tokens: 12 });
  });

  test("starts an answer that nobody started, and one without anything", () => {
    expect(written([end]).short).toBe("message_start message_delta message_stop");
    expect(written([[start], end]).events[0].message).toMatchObject({
      id: "m1",
      content: [],
      stop_reason: null,
      stop_sequence: null,
    });
  });

  test("marks signatures of others", () => {
    const { text: out } = written([
      [start],
      [{ type: "reasoning-end", signature: seal, choice: 0, block: 0 }],
    ]);
    expect(out).toContain('"signature":"aigw.google.base64.c2ln"');
  });

  test("says refusal where the text was one", () => {
    const { events } = written([
      [start],
      [{ type: "text-start", isRefusal: true, choice: 0, block: 0 }],
      end,
    ]);
    expect(events.at(-2).delta).toEqual({ stop_reason: "refusal", stop_sequence: null });
  });

  test("gives the sequence that stopped the answer", () => {
    const finish: IrEvent = { type: "finish", choice: 0, reason: "stop-sequence", stopSequence: "END" };
    const { events } = written([[start], [finish, { type: "message-end" }]]);
    expect(events.at(-2).delta).toEqual({ stop_reason: "stop_sequence", stop_sequence: "END" });
  });

  test("gives back citations of Anthropic's own kind only", () => {
    const citation = { type: "char_location", cited_text: "a" };
    const cited = (extras: object): IrEvent => ({
      type: "citation",
      citation: { extras },
      choice: 0,
      block: 0,
    });
    const [open, first, close] = text(0, "a");
    const { short } = written([
      [start, open!, first!, cited({ anthropic: citation }), cited({ openai: {} }), close!],
      end,
    ]);
    expect(short).toContain("0:text_delta 0:citations_delta -0");
  });

  test("ends with an error and nothing after it, blocks left open", () => {
    const error: IrEvent = {
      type: "error",
      error: { kind: "rate-limit", status: 429, type: "throttlingException", message: "Slow" },
    };
    const [open, delta] = text(0, "a");
    const { short, events } = written([[start, open!, delta!], [error], end]);
    expect(short).toBe("message_start +0:text 0:text_delta error");
    expect(events.at(-1).error).toEqual({ type: "rate_limit_error", message: "Slow (throttlingException)" });
  });

  test("warns of media", () => {
    const media = { type: "media", kind: "image", source: { type: "base64", data: "AA" } } as const;
    expect(written([[start, { type: "media", media, choice: 0, block: 0 }], end]).warnings).toHaveLength(1);
  });
});
