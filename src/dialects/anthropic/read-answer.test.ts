import { describe, expect, test } from "bun:test";
import { grammarProblems } from "../ir/check-grammar.ts";
import type { IrEvent } from "../ir/events.ts";
import { foldEvents } from "../ir/fold.ts";
import { chain } from "../stage.ts";
import { bytesOf, cutEverywhere, messageSse, runStage } from "../testing.ts";
import { SseReader } from "../wire/sse.ts";
import { MessageReader, readMessage } from "./read-answer.ts";

const delta = (index: number, change: object) => ({ type: "content_block_delta", index, delta: change });
const start = (index: number, content_block: object) => ({
  type: "content_block_start",
  index,
  content_block,
});
const stop = (index: number) => ({ type: "content_block_stop", index });
const begin = (usage?: object) => ({
  type: "message_start",
  message: { id: "msg_1", type: "message", role: "assistant", model: "claude-x", content: [], usage },
});
const end = (stop_reason: string | null, usage?: object) => [
  { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage },
  { type: "message_stop" },
];
const citation = {
  type: "web_search_result_location",
  url: "https://example.com",
  title: "Rivers",
  cited_text: "Rhine",
};
const search = { type: "server_tool_use", id: "srv_1", name: "web_search", input: { n: 1 } };

/** The same answer, streamed and whole. */
const twins = [
  {
    name: "thinking, text with a citation, a server tool and two calls",
    stream: [
      begin({
        input_tokens: 4,
        cache_read_input_tokens: 12,
        cache_creation_input_tokens: 8,
        output_tokens: 1,
      }),
      start(0, { type: "thinking", thinking: "", signature: "" }),
      delta(0, { type: "thinking_delta", thinking: "On the " }),
      { type: "ping" },
      delta(0, { type: "thinking_delta", thinking: "Rhine – ä🐟." }),
      delta(0, { type: "signature_delta", signature: "c2ln" }),
      stop(0),
      start(1, { type: "redacted_thinking", data: "aGlkZGVu" }),
      stop(1),
      start(2, search),
      stop(2),
      start(3, { type: "text", text: "" }),
      delta(3, { type: "text_delta", text: "The " }),
      delta(3, { type: "citations_delta", citation }),
      delta(3, { type: "text_delta", text: "Rhine." }),
      stop(3),
      start(4, { type: "tool_use", id: "toolu_1", name: "find_river", input: {} }),
      delta(4, { type: "input_json_delta", partial_json: "" }),
      delta(4, { type: "input_json_delta", partial_json: '{"id":1234567890' }),
      delta(4, { type: "input_json_delta", partial_json: '1234567890,"n":1.0}' }),
      stop(4),
      start(5, { type: "tool_use", id: "toolu_2", name: "ping", input: {} }),
      stop(5),
      ...end("tool_use", { output_tokens: 9, output_tokens_details: { thinking_tokens: 5 } }),
    ],
    whole: `{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[
      {"type":"thinking","thinking":"On the Rhine – ä🐟.","signature":"c2ln"},
      {"type":"redacted_thinking","data":"aGlkZGVu"},
      ${JSON.stringify(search)},
      {"type":"text","text":"The Rhine.","citations":[${JSON.stringify(citation)}]},
      {"type":"tool_use","id":"toolu_1","name":"find_river","input":{"id":12345678901234567890,"n":1.0}},
      {"type":"tool_use","id":"toolu_2","name":"ping","input":{}}
    ],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":4,"cache_read_input_tokens":12,
      "cache_creation_input_tokens":8,"output_tokens":9,"output_tokens_details":{"thinking_tokens":5}}}`,
  },
  {
    name: "an answer without blocks that stopped at a sequence",
    stream: [
      begin({ input_tokens: 3, output_tokens: 1 }),
      {
        type: "message_delta",
        delta: { stop_reason: "stop_sequence", stop_sequence: "END" },
        usage: { output_tokens: 2 },
      },
      { type: "message_stop" },
    ],
    whole:
      '{"id":"msg_1","type":"message","model":"claude-x","content":[],"stop_reason":"stop_sequence","stop_sequence":"END","usage":{"input_tokens":3,"output_tokens":2}}',
  },
];

function readStream(pieces: Uint8Array[], isCut = false): IrEvent[] {
  return runStage(chain(new SseReader(), new MessageReader()), pieces, isCut);
}

describe("MessageReader", () => {
  test.each(twins)("reads $name the same way wherever the stream is cut", ({ stream }) => {
    const body = bytesOf(messageSse(...stream));
    const events = readStream([body]);
    expect(grammarProblems(events)).toEqual([]);
    for (const pieces of cutEverywhere(body)) expect(readStream(pieces)).toEqual(events);
  });

  test.each(twins)("reads $name with CRLF as with LF", ({ stream }) => {
    const text = messageSse(...stream);
    expect(readStream([bytesOf(text.replaceAll("\n", "\r\n"))])).toEqual(readStream([bytesOf(text)]));
  });

  test.each(twins)("folds $name to the same answer, streamed and whole", ({ stream, whole }) => {
    const events: IrEvent[] = [];
    readMessage(whole, (event) => events.push(event));
    expect(grammarProblems(events)).toEqual([]);
    expect(foldEvents(events)).toEqual(foldEvents(readStream([bytesOf(messageSse(...stream))])));
  });

  test("keeps the text of numbers in whole inputs and in pieces", () => {
    const [first] = twins;
    const response = foldEvents(readStream([bytesOf(messageSse(...first!.stream))]));
    const inputs = response.choices[0]?.parts.map((part) =>
      part.type === "tool-call" ? part.input : undefined,
    );
    expect(inputs?.filter((input) => input !== undefined)).toEqual([
      '{"id":12345678901234567890,"n":1.0}',
      "{}",
    ]);
  });

  const usages = [
    {
      name: "a delta without usage as no news",
      deltas: [undefined],
      want: { inputTokens: 24, cacheReadTokens: 12, cacheWriteTokens: 8, outputTokens: 1 },
    },
    {
      name: "an output that is the last report",
      deltas: [{ output_tokens: 5 }, { output_tokens: 9 }],
      want: { inputTokens: 24, outputTokens: 9 },
    },
    {
      name: "an input that comes late",
      deltas: [{ input_tokens: 6 }],
      want: { inputTokens: 26, cacheReadTokens: 12 },
    },
    {
      name: "a cache read that comes late",
      deltas: [{ cache_read_input_tokens: 40 }],
      want: { inputTokens: 52, cacheReadTokens: 40 },
    },
    {
      name: "a count of 0 as 0",
      deltas: [{ cache_read_input_tokens: 0 }],
      want: { inputTokens: 12, cacheReadTokens: 0 },
    },
  ];
  test.each(usages)("counts $name", ({ deltas, want }) => {
    const first = begin({
      input_tokens: 4,
      cache_read_input_tokens: 12,
      cache_creation_input_tokens: 8,
      output_tokens: 1,
    });
    const later = deltas.map((usage) => ({ type: "message_delta", delta: {}, usage }));
    const events = readStream([bytesOf(messageSse(first, ...later, ...end("end_turn")))]);
    expect(foldEvents(events).usage).toMatchObject(want);
  });

  const text = [begin(), start(0, { type: "text", text: "" }), delta(0, { type: "text_delta", text: "Fo" })];
  const endings = [
    {
      name: "an event that is no JSON",
      more: ["oops" as unknown as { type: string }, { type: "message_stop" }],
      kind: "upstream",
    },
    {
      name: "an error event",
      more: [{ type: "error", error: { type: "overloaded_error", message: "Busy" } }, { type: "ping" }],
      kind: "overloaded",
    },
    { name: "an end without message_stop", more: [], kind: "stream-cut" },
    {
      name: "an error of a new type",
      more: [{ type: "error", error: { type: "new_error", message: "Hm" } }],
      kind: "upstream",
    },
  ];
  test.each(endings)("ends as an error after $name", ({ more, kind }) => {
    const events = readStream([bytesOf(messageSse(...text, ...more))], true);
    expect(grammarProblems(events)).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: "error", error: { kind } });
  });

  test("opens blocks that a server did not open, and closes those it left open", () => {
    const stream = [
      begin(),
      delta(0, { type: "thinking_delta", thinking: "Hm" }),
      delta(0, { type: "text_delta", text: "Yes" }),
      ...end("end_turn"),
    ];
    const events = readStream([bytesOf(messageSse(...stream))]);
    expect(grammarProblems(events)).toEqual([]);
    expect(foldEvents(events).choices[0]?.parts).toEqual([
      { type: "reasoning", text: "Hm" },
      { type: "text", text: "Yes" },
    ]);
  });

  test("leaves out events that it does not know", () => {
    const events = readStream([bytesOf(messageSse(...text, { type: "news" }, stop(0), ...end(null)))]);
    expect(grammarProblems(events)).toEqual([]);
    expect(foldEvents(events)).toMatchObject({ choices: [{ reason: "stop" }] });
  });

  test.each(["{", "[]", '{"type":"message"}'])("does not take %s for a message", (whole) => {
    expect(() => readMessage(whole, () => {})).toThrow();
  });
});
