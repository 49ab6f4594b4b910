import { describe, expect, test } from "bun:test";
import type { IrEvent, IrFinishReason } from "../ir/events.ts";
import { foldEvents } from "../ir/fold.ts";
import { clientRequest, testContext } from "../testing.ts";
import { eventProblems, eventsIn } from "./check-events.ts";
import { ResponseStreamWriter } from "./stream-writer.ts";
import { writeResponse } from "./write-response.ts";

const start: IrEvent = { type: "message-start", id: "msg_01", model: "claude-x", createdAt: 1_750_000_000 };
const finish = (reason: IrFinishReason = "stop"): IrEvent[] => [
  { type: "finish", choice: 0, reason },
  { type: "message-end" },
];

function context(body: object = {}) {
  return testContext({ request: clientRequest("responses", { model: "m", input: "Hi", ...body }) });
}

function write(events: readonly IrEvent[], body: object = {}) {
  const own = context(body);
  const writer = new ResponseStreamWriter(own);
  let text = "";
  for (const event of events) writer.push(event, (piece) => (text += piece));
  writer.end();
  const written = eventsIn(text);
  return { text, events: written, last: written.at(-1)?.["response"] as object, warnings: own.warnings };
}

const text = (block: number, ...words: string[]): IrEvent[] => [
  { type: "text-start", isRefusal: false, choice: 0, block },
  ...words.map((word): IrEvent => ({ type: "text-delta", text: word, choice: 0, block })),
  { type: "text-end", choice: 0, block },
];
const seal = { value: "c2ln", form: "text", family: "anthropic" } as const;
const reasoning = (block: number, said: string, signature?: typeof seal): IrEvent[] => [
  { type: "reasoning-start", isSummary: false, choice: 0, block },
  { type: "reasoning-delta", text: said, choice: 0, block },
  { type: "reasoning-end", signature, choice: 0, block },
];
const toolStart = (block: number, id: string, more: object = {}): IrEvent => ({
  type: "tool-start",
  id,
  name: "f",
  kind: "function",
  choice: 0,
  block,
  ...more,
});
const toolDelta = (block: number, piece: string): IrEvent => ({
  type: "tool-delta",
  text: piece,
  choice: 0,
  block,
});
const toolEnd = (block: number): IrEvent => ({ type: "tool-end", choice: 0, block });
const call = (block: number, id: string, ...pieces: string[]): IrEvent[] => [
  toolStart(block, id),
  ...pieces.map((piece) => toolDelta(block, piece)),
  toolEnd(block),
];
const outputText = (said: string) => ({ type: "output_text", text: said, annotations: [], logprobs: [] });

const cases: { name: string; events: IrEvent[]; reason?: IrFinishReason; status?: string; want: object[] }[] =
  [
    { name: "nothing", events: [], want: [] },
    { name: "no item for an empty text", events: text(0, ""), want: [] },
    { name: "no item for reasoning that says nothing", events: reasoning(0, ""), want: [] },
    {
      name: "text",
      events: text(0, "Kö", "", "ln 🐟"),
      want: [
        {
          id: "msg_01_0",
          type: "message",
          role: "assistant",
          status: "completed",
          content: [outputText("Köln 🐟")],
        },
      ],
    },
    {
      name: "texts in a row as parts of one message",
      events: [...text(0, "a"), ...text(1, ""), ...text(2, "b")],
      want: [{ id: "msg_01_0", type: "message", content: [outputText("a"), outputText("b")] }],
    },
    {
      name: "texts with something between them as two messages",
      events: [...text(0, "a"), ...call(1, "c1", "{}"), ...text(2, "b")],
      want: [
        { id: "msg_01_0", content: [outputText("a")], status: "completed" },
        {
          id: "fc_01_1",
          type: "function_call",
          call_id: "c1",
          name: "f",
          arguments: "{}",
          status: "completed",
        },
        { id: "msg_01_2", content: [outputText("b")] },
      ],
    },
    {
      name: "reasoning as a summary with its signature marked",
      events: [...reasoning(0, "Let me look.", seal), ...text(1, "Here.")],
      want: [
        {
          id: "rs_01_0",
          type: "reasoning",
          summary: [{ type: "summary_text", text: "Let me look." }],
          encrypted_content: "aigw.anthropic.text.c2ln",
        },
        { type: "message" },
      ],
    },
    {
      name: "reasoning that shows nothing but has to come back",
      events: reasoning(0, "", seal),
      want: [
        { id: "rs_01_0", type: "reasoning", summary: [], encrypted_content: "aigw.anthropic.text.c2ln" },
      ],
    },
    {
      name: "hidden reasoning, unlike a signature",
      events: [{ type: "redacted", data: seal, choice: 0, block: 0 }],
      want: [
        {
          id: "rs_01_0",
          type: "reasoning",
          summary: [],
          encrypted_content: "aigw.redacted.aigw.anthropic.text.c2ln",
        },
      ],
    },
    {
      name: "a call's signature as reasoning before it",
      events: [
        toolStart(0, "c1", { signature: { ...seal, family: "google" } }),
        toolDelta(0, "{}"),
        toolEnd(0),
      ],
      want: [
        { type: "reasoning", summary: [], encrypted_content: "aigw.google.text.c2ln" },
        { id: "fc_01_1", type: "function_call" },
      ],
    },
    {
      name: "a text's signature as reasoning behind it",
      events: [
        ...text(0, "a").slice(0, -1),
        { type: "text-end", signature: seal, choice: 0, block: 0 },
        ...text(1, "b"),
      ],
      want: [
        { id: "msg_01_0", content: [outputText("a"), outputText("b")] },
        { id: "rs_01_1", type: "reasoning", summary: [], encrypted_content: "aigw.anthropic.text.c2ln" },
      ],
    },
    {
      name: "numbers of twenty digits in arguments",
      events: call(0, "c1", '{"id":123456789', "01234567890}"),
      reason: "tool-calls",
      want: [{ type: "function_call", arguments: '{"id":12345678901234567890}' }],
    },
    {
      name: "calls that interleave",
      events: [
        ...text(0, "Looking."),
        toolStart(1, "c1"),
        toolDelta(1, '{"a":'),
        toolStart(2, "c2"),
        toolDelta(2, "{"),
        toolDelta(1, "1}"),
        toolDelta(2, "}"),
        toolEnd(1),
        toolEnd(2),
      ],
      reason: "tool-calls",
      want: [
        { type: "message" },
        { id: "fc_01_1", call_id: "c1", arguments: '{"a":1}', status: "completed" },
        { id: "fc_01_2", call_id: "c2", arguments: "{}", status: "completed" },
      ],
    },
    {
      name: "a text that the limit broke off",
      events: text(0, "a"),
      reason: "length",
      status: "incomplete",
      want: [{ type: "message", status: "incomplete" }],
    },
    {
      name: "a call that the limit broke off, behind one that is whole",
      events: [...call(0, "c1", "{}"), ...call(1, "c2", '{"a":')],
      reason: "context-window",
      status: "incomplete",
      want: [
        { call_id: "c1", status: "completed" },
        { call_id: "c2", arguments: '{"a":', status: "incomplete" },
      ],
    },
    {
      name: "a text that a filter broke off",
      events: text(0, "a"),
      reason: "content-filter",
      status: "incomplete",
      want: [{ type: "message", status: "incomplete" }],
    },
    {
      name: "a refusal that says so itself",
      events: [
        { type: "text-start", isRefusal: true, choice: 0, block: 0 },
        { type: "text-delta", text: "I will not.", choice: 0, block: 0 },
        { type: "text-end", choice: 0, block: 0 },
      ],
      reason: "refusal",
      want: [{ type: "message", content: [{ type: "refusal", refusal: "I will not." }] }],
    },
    {
      name: "a refusal that only the end tells",
      events: text(0, "Well"),
      reason: "refusal",
      want: [
        {
          type: "message",
          content: [outputText("Well"), { type: "refusal", refusal: "The model refused to go on." }],
        },
      ],
    },
    {
      name: "a refusal without a word",
      events: [],
      reason: "refusal",
      want: [{ type: "message", content: [{ type: "refusal", refusal: "The model refused to go on." }] }],
    },
    {
      name: "citations, of the open text and of one before",
      events: [
        ...text(0, "abc"),
        ...text(1, "de"),
        {
          type: "citation",
          citation: { url: "https://e.com", title: "E", startIndex: 1, endIndex: 2 },
          choice: 0,
          block: 1,
        },
        { type: "citation", citation: { url: "https://f.com" }, choice: 0, block: 1 },
        { type: "citation", citation: { citedText: "no address" }, choice: 0, block: 1 },
      ],
      want: [
        {
          content: [
            outputText("abc"),
            {
              text: "de",
              annotations: [
                { type: "url_citation", url: "https://e.com", title: "E", start_index: 1, end_index: 2 },
                {
                  type: "url_citation",
                  url: "https://f.com",
                  title: "https://f.com",
                  start_index: 0,
                  end_index: 2,
                },
              ],
            },
          ],
        },
      ],
    },
    {
      name: "probabilities, with bytes that nobody told",
      events: [
        { type: "text-start", isRefusal: false, choice: 0, block: 0 },
        {
          type: "text-delta",
          text: "a",
          logprobs: [{ token: "a", logprob: -1, top: [{ token: "b", logprob: -2, bytes: [98] }] }],
          choice: 0,
          block: 0,
        },
        { type: "text-end", choice: 0, block: 0 },
      ],
      want: [
        {
          content: [
            {
              logprobs: [
                {
                  token: "a",
                  logprob: -1,
                  bytes: [97],
                  top_logprobs: [{ token: "b", logprob: -2, bytes: [98] }],
                },
              ],
            },
          ],
        },
      ],
    },
  ];

describe("a response has", () => {
  test.each(cases)("$name", ({ events: middle, reason, status = "completed", want }) => {
    const all = [start, ...middle, ...finish(reason)];
    const { events, last } = write(all);
    expect(eventProblems(events)).toEqual([]);
    expect(last).toMatchObject({ status, output: want });
    expect((last as { output: unknown[] }).output).toHaveLength(want.length);
    expect(JSON.parse(writeResponse(foldEvents(all), context()))).toEqual(last);
  });
});

describe("the events of a response", () => {
  test("begin before anything is known, and tell what was asked", () => {
    const asked = { instructions: "Be brief.", tools: [{ type: "function", name: "f" }], temperature: 0.5 };
    const { events } = write([start], asked);
    expect(events.map(({ type }) => type)).toEqual(["response.created", "response.in_progress"]);
    expect(events[1]?.["response"]).toEqual({
      id: "resp_msg_01",
      object: "response",
      created_at: 1_750_000_000,
      model: "claude-x",
      status: "in_progress",
      background: false,
      completed_at: null,
      error: null,
      incomplete_details: null,
      instructions: "Be brief.",
      max_output_tokens: null,
      max_tool_calls: null,
      metadata: {},
      output: [],
      parallel_tool_calls: true,
      previous_response_id: null,
      prompt_cache_key: null,
      reasoning: { effort: null, summary: null },
      safety_identifier: null,
      service_tier: null,
      store: false,
      temperature: 0.5,
      text: { format: { type: "text" } },
      tool_choice: "auto",
      tools: [{ type: "function", name: "f" }],
      top_logprobs: 0,
      top_p: null,
      truncation: "disabled",
      usage: null,
      user: null,
    });
  });

  test("tell tools with their numbers as they were written", () => {
    const body =
      '{"model":"m","input":"x","tools":[{"type":"function","name":"f","parameters":{"maximum":12345678901234567890}}]}';
    const writer = new ResponseStreamWriter(testContext({ request: clientRequest("responses", body) }));
    let written = "";
    writer.push(start, (piece) => (written += piece));
    expect(written).toContain(
      '"tools":[{"type":"function","name":"f","parameters":{"maximum":12345678901234567890}}]',
    );
  });

  const ids = [
    { id: undefined, response: "resp_1", item: "msg_1_0" },
    { id: "resp_abc", response: "resp_abc", item: "msg_abc_0" },
    { id: "chatcmpl-abc", response: "resp_chatcmpl-abc", item: "msg_abc_0" },
    { id: "a.b/c", response: "resp_a.b/c", item: "msg_a-b-c_0" },
    { id: "x".repeat(99), response: `resp_${"x".repeat(99)}`, item: `msg_${"x".repeat(48)}_0` },
  ];
  test.each(ids)("call an item of the answer $id $item", ({ id, response, item }) => {
    const { last } = write([{ type: "message-start", id }, ...text(0, "a"), ...finish()]);
    expect(last).toMatchObject({ id: response, output: [{ id: item }] });
  });

  test("end with every count, whenever it was told", () => {
    const usage = (counts: object): IrEvent => ({ type: "usage", usage: counts });
    const { last } = write([
      start,
      usage({ inputTokens: 11, cacheReadTokens: 4, cacheWriteTokens: 2, outputTokens: 1 }),
      ...text(0, "a"),
      { type: "finish", choice: 0, reason: "stop" },
      usage({ outputTokens: 5, reasoningTokens: 3 }),
      { type: "message-end", serviceTier: "priority" },
    ]);
    expect(last).toMatchObject({
      completed_at: 1_750_000_000,
      service_tier: "priority",
      usage: {
        input_tokens: 11,
        input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 3 },
        total_tokens: 16,
      },
    });
    expect(write([start, ...finish()]).last).toMatchObject({
      usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0 },
    });
  });

  test("say why an answer is incomplete", () => {
    const reasonOf = (reason: IrFinishReason) => write([start, ...text(0, "a"), ...finish(reason)]).last;
    expect(reasonOf("length")).toMatchObject({ incomplete_details: { reason: "max_output_tokens" } });
    expect(reasonOf("context-window")).toMatchObject({ incomplete_details: { reason: "max_output_tokens" } });
    expect(reasonOf("content-filter")).toMatchObject({ incomplete_details: { reason: "content_filter" } });
    for (const reason of ["stop", "stop-sequence", "pause", "malformed", "recitation", "other"] as const)
      expect(reasonOf(reason)).toMatchObject({ status: "completed", incomplete_details: null });
  });

  const failures = [
    { kind: "rate-limit", status: 429, type: "rate_limit_error", code: "rate_limit_exceeded" },
    { kind: "overloaded", status: 529, type: "overloaded_error", code: "server_error" },
    { kind: "invalid-request", status: 400, type: "invalid_request_error", code: "invalid_prompt" },
    { kind: "stream-cut", status: 502, type: "stream_cut", code: "server_error" },
  ] as const;
  test.each(failures)("end with an error and a failed response for $kind", ({ kind, status, type, code }) => {
    const message = "No luck.";
    const { events, last } = write([
      start,
      ...reasoning(0, "Hm.", seal),
      ...text(1, "He"),
      toolStart(2, "c1"),
      toolDelta(2, '{"a'),
      { type: "error", error: { kind, status, type, message } },
      ...finish(),
    ]);
    expect(eventProblems(events)).toEqual([]);
    expect(events.at(-2)).toMatchObject({
      type: "error",
      code: String(status),
      message,
      param: null,
      error: { type, code: String(status), message, param: null },
    });
    expect(last).toMatchObject({
      status: "failed",
      error: { code, message },
      output: [
        { type: "reasoning" },
        { type: "message", status: "completed" },
        { type: "function_call", arguments: '{"a', status: "incomplete" },
      ],
    });
  });

  test("begin even where an error is all there is", () => {
    const error = { kind: "upstream", status: 500, type: "api_error", message: "Ouch." } as const;
    const { events } = write([{ type: "error", error }]);
    expect(eventProblems(events)).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual([
      "response.created",
      "response.in_progress",
      "error",
      "response.failed",
    ]);
  });

  test("have comments for what only keeps the connection alive", () => {
    const { text: written, events } = write([
      { type: "keep-alive" },
      start,
      { type: "keep-alive" },
      ...finish(),
    ]);
    expect(written.split(": keep-alive\n\n")).toHaveLength(3);
    expect(eventProblems(events)).toEqual([]);
  });

  test("leave out what the API cannot say, and other answers than the first", () => {
    const image = { type: "media", kind: "image", source: { type: "base64", data: "AA==" } } as const;
    const block = { type: "opaque", family: "anthropic", name: "server_tool_use", block: {} } as const;
    const { events, last, warnings } = write([
      start,
      { type: "media", media: image, choice: 0, block: 0 },
      { type: "opaque", part: block, choice: 0, block: 1 },
      { type: "audio-delta", data: "AA==", transcript: "", choice: 0, block: 2 },
      { type: "text-start", isRefusal: false, choice: 1, block: 3 },
      { type: "text-delta", text: "other", choice: 1, block: 3 },
      { type: "text-end", choice: 1, block: 3 },
      { type: "finish", choice: 1, reason: "length" },
      ...finish(),
    ]);
    expect(eventProblems(events)).toEqual([]);
    expect(last).toMatchObject({ status: "completed", output: [] });
    expect(warnings.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      "loud: image has no form in responses; left out",
      "quiet: server_tool_use has no form in responses; left out",
      "loud: audio has no form in responses; left out",
    ]);
  });
});
