/** The official SDK asks Claude through the responses API: its accumulator decides what a stream must be. */
import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import type { ResponseInputItem, ResponseStreamEvent } from "openai/resources/responses/responses";
import type { Schema } from "../../model/ai.ts";
import { anthropicBackend } from "../anthropic/backend.ts";
import { nativeHost } from "../anthropic/hosts.ts";
import type { Meter, Passage } from "../passage.ts";
import { bytesOf, clientRequest, cutEverywhere, deepFreeze, messageSse, runStage } from "../testing.ts";
import { translate } from "../translate.ts";
import { eventProblems, eventsIn } from "./check-events.ts";
import { openaiResponsesClient } from "./client.ts";

const schema: Schema = { name: "Anthropic", prefix: "v1" };
const clock = { nowMs: () => 1_750_000_000_000, newId: (prefix: string) => `${prefix}1` };
const passage = translate(openaiResponsesClient, anthropicBackend, nativeHost, clock);

const block = (index: number, content_block: object, ...deltas: object[]) => [
  { type: "content_block_start", index, content_block },
  ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
  { type: "content_block_stop", index },
];
const begin = {
  type: "message_start",
  message: { id: "msg_01", model: "claude-x", usage: { input_tokens: 11, output_tokens: 1 } },
};
const end = (stop_reason: string) => [
  { type: "message_delta", delta: { stop_reason }, usage: { output_tokens: 9 } },
  { type: "message_stop" },
];
const longId = '{"id":12345678901234567890}';
const streamed = messageSse(
  begin,
  ...block(
    0,
    { type: "thinking", thinking: "" },
    { type: "thinking_delta", thinking: "Let me " },
    { type: "thinking_delta", thinking: "look." },
    { type: "signature_delta", signature: "c2ln" },
  ),
  ...block(1, { type: "redacted_thinking", data: "aGlkZGVu" }),
  { type: "ping" },
  ...block(
    2,
    { type: "text", text: "" },
    { type: "text_delta", text: "Köln" },
    { type: "text_delta", text: " 🐟." },
  ),
  ...block(
    3,
    { type: "tool_use", id: "toolu_1", name: "find_river", input: {} },
    { type: "input_json_delta", partial_json: longId.slice(0, 12) },
    { type: "input_json_delta", partial_json: longId.slice(12) },
  ),
  ...block(4, { type: "tool_use", id: "toolu_2", name: "ping", input: {} }),
  ...end("tool_use"),
);
const whole = JSON.stringify({
  type: "message",
  id: "msg_01",
  model: "claude-x",
  content: [
    { type: "thinking", thinking: "Let me look.", signature: "c2ln" },
    { type: "redacted_thinking", data: "aGlkZGVu" },
    { type: "text", text: "Köln 🐟." },
    { type: "tool_use", id: "toolu_1", name: "find_river", input: { id: 0 } },
    { type: "tool_use", id: "toolu_2", name: "ping", input: {} },
  ],
  stop_reason: "tool_use",
  usage: { input_tokens: 11, output_tokens: 9 },
}).replace('{"id":0}', longId);
const output = [
  {
    id: "rs_01_0",
    type: "reasoning",
    summary: [{ type: "summary_text", text: "Let me look." }],
    encrypted_content: "aigw.anthropic.text.c2ln",
  },
  { id: "rs_01_1", type: "reasoning", encrypted_content: "aigw.redacted.aigw.anthropic.text.aGlkZGVu" },
  {
    id: "msg_01_2",
    type: "message",
    status: "completed",
    content: [{ type: "output_text", text: "Köln 🐟." }],
  },
  { id: "fc_01_3", type: "function_call", call_id: "toolu_1", name: "find_river", arguments: longId },
  { id: "fc_01_4", type: "function_call", call_id: "toolu_2", name: "ping", arguments: "{}" },
];

function recorder() {
  const told: unknown[] = [];
  const meter: Meter = {
    usage: (usage) => told.push(usage),
    model: (name) => told.push(name),
    firstToken: () => told.includes("first") || told.push("first"),
    complete: () => told.push("complete"),
    failed: (reason) => told.push(`failed: ${reason}`),
  };
  return { meter, told };
}

/** A `fetch` whose upstream answers with this, and what it was sent. */
function upstream(answer: string, contentType = "text/event-stream", by: Passage = passage) {
  const sent: { messages: object[]; [member: string]: unknown }[] = [];
  const fetch = async (_url: unknown, init?: { body?: unknown }): Promise<Response> => {
    const request = deepFreeze(clientRequest("responses", String(init?.body)));
    const target = { schema, model: request.model };
    sent.push(JSON.parse(new TextDecoder().decode(by.request(request, target).body)));
    const head = { status: 200, headers: new Headers({ "content-type": contentType }), isEncoded: false };
    const plan = by.answer(request, target, recorder().meter).success(head);
    if (plan.type === "whole")
      return Response.json(JSON.parse(new TextDecoder().decode(plan.read(bytesOf(answer))?.body)));
    if (plan.type !== "rewrite") throw new Error("not translated");
    const bytes = bytesOf(answer);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, at) =>
      bytes.subarray(at * 7, at * 7 + 7),
    );
    return new Response(Buffer.concat(runStage(plan.stage, pieces)), {
      headers: { "content-type": "text/event-stream" },
    });
  };
  return { sdk: new OpenAI({ apiKey: "unused", maxRetries: 0, fetch }), sent };
}

const question = { model: "claude-opus-4-8", input: "Which river?" };

describe("OpenAI's SDK over Claude, by responses", () => {
  test("accumulates reasoning, text and calls", async () => {
    const stream = upstream(streamed).sdk.responses.stream(question);
    const snapshots: string[] = [];
    stream.on("response.output_text.delta", ({ snapshot }) => snapshots.push(snapshot));
    stream.on("response.function_call_arguments.delta", ({ snapshot }) => snapshots.push(snapshot));
    const response = await stream.finalResponse();
    expect(response).toMatchObject({
      id: "resp_msg_01",
      model: "claude-x",
      status: "completed",
      output,
    } as object);
    expect(response.output_text).toBe("Köln 🐟.");
    expect(response.usage).toMatchObject({ input_tokens: 11, output_tokens: 9, total_tokens: 20 });
    expect(snapshots).toEqual(["Köln", "Köln 🐟.", longId.slice(0, 12), longId, "{}"]);
  });

  test("gets the events in their order, each of a known type", async () => {
    const stream = await upstream(streamed).sdk.responses.create({ ...question, stream: true });
    const events: ResponseStreamEvent[] = await Array.fromAsync(stream);
    expect(events.map(({ type }) => type.replace("response.", "")).join(" ")).toBe(
      [
        "created in_progress",
        "output_item.added reasoning_summary_part.added reasoning_summary_text.delta reasoning_summary_text.delta",
        "reasoning_summary_text.done reasoning_summary_part.done output_item.done",
        "output_item.added output_item.done",
        "output_item.added content_part.added output_text.delta output_text.delta",
        "output_text.done content_part.done output_item.done",
        "output_item.added function_call_arguments.delta function_call_arguments.delta",
        "function_call_arguments.done output_item.done",
        "output_item.added function_call_arguments.delta function_call_arguments.done output_item.done",
        "completed",
      ].join(" "),
    );
  });

  test("reads a whole answer, which says the same", async () => {
    const response = await upstream(whole, "application/json").sdk.responses.create(question);
    const { output_text, output: items } = await upstream(streamed)
      .sdk.responses.stream(question)
      .finalResponse();
    expect(response).toMatchObject({ id: "resp_msg_01", status: "completed", output } as object);
    expect(response.output_text).toBe(output_text);
    expect(items).toMatchObject(response.output as object[]);
  });

  test("takes a whole answer to a stream request for a stream", async () => {
    const stream = upstream(whole, "application/json").sdk.responses.stream(question);
    expect((await stream.finalResponse()).output).toMatchObject(output);
  });

  test("gives an output back, and Claude gets it whole", async () => {
    const { sdk, sent } = upstream(streamed);
    const input: ResponseInputItem[] = [{ role: "user", content: "Which river?" }];
    const { output: items } = await sdk.responses.stream({ ...question, input }).finalResponse();
    for (const item of items) {
      input.push(item as ResponseInputItem);
      if (item.type === "function_call")
        input.push({ type: "function_call_output", call_id: item.call_id, output: "Rhine" });
    }
    await sdk.responses.stream({ ...question, input }).finalResponse();
    expect(sent[1]?.messages).toMatchObject([
      { role: "user" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Let me look.", signature: "c2ln" },
          { type: "redacted_thinking", data: "aGlkZGVu" },
          { type: "text", text: "Köln 🐟." },
          { type: "tool_use", id: "toolu_1", name: "find_river" },
        ],
      },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "toolu_1", content: [{ text: "Rhine" }] }],
      },
      { role: "assistant", content: [{ type: "tool_use", id: "toolu_2", name: "ping", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_2" }] },
    ]);
  });

  test("gives back thinking whose text was never shown", async () => {
    const hidden = block(
      0,
      { type: "thinking", thinking: "" },
      { type: "signature_delta", signature: "c2ln" },
    );
    const text = block(1, { type: "text", text: "" }, { type: "text_delta", text: "Four." });
    const { sdk, sent } = upstream(messageSse(begin, ...hidden, ...text, ...end("end_turn")));
    const { output: items } = await sdk.responses.stream(question).finalResponse();
    const input = [...(items as ResponseInputItem[]), { role: "user", content: "Why?" } as const];
    await sdk.responses.stream({ ...question, input }).finalResponse();
    expect(sent[1]?.messages[0]).toEqual({
      role: "assistant",
      content: [
        { type: "thinking", thinking: "", signature: "c2ln" },
        { type: "text", text: "Four." },
      ],
    });
  });

  test("parses structured output", async () => {
    const said = block(0, { type: "text", text: "" }, { type: "text_delta", text: '{"river":"Rhine"}' });
    const { sdk, sent } = upstream(messageSse(begin, ...said, ...end("end_turn")));
    const schema = { type: "object", properties: { river: { type: "string" } }, additionalProperties: false };
    const format = { type: "json_schema", name: "answer", schema, strict: true } as const;
    const response = await sdk.responses.stream({ ...question, text: { format } }).finalResponse();
    expect(JSON.parse(response.output_text)).toEqual({ river: "Rhine" });
    expect(sent[0]).toMatchObject({ output_config: { format: { type: "json_schema", schema } } });
  });

  const stopped = [
    { stop: "max_tokens", status: "incomplete", details: { reason: "max_output_tokens" } },
    { stop: "end_turn", status: "completed", details: null },
    { stop: "refusal", status: "completed", details: null },
  ];
  test.each(stopped)("accumulates an answer that stopped by $stop", async ({ stop, status, details }) => {
    const said = block(0, { type: "text", text: "" }, { type: "text_delta", text: "Well" });
    const { sdk } = upstream(messageSse(begin, ...said, ...end(stop)));
    const response = await sdk.responses.stream(question).finalResponse();
    expect(response).toMatchObject({ status, incomplete_details: details, output_text: "Well" } as object);
  });

  const overloaded = { type: "error", error: { type: "overloaded_error", message: "Busy" } };
  const broken = [
    {
      name: "an error in the stream",
      body: messageSse(begin, ...block(0, { type: "text", text: "Hi" }), overloaded),
      says: "Busy",
      code: "529",
      type: "overloaded_error",
    },
    {
      name: "a stream that ends early",
      body: messageSse(begin, ...block(0, { type: "text", text: "Hi" })),
      says: "closed the stream",
      code: "502",
      type: "stream_cut",
    },
    { name: "no event at all", body: "", says: "closed the stream", code: "502", type: "stream_cut" },
  ];
  test.each(broken)("throws on $name, accumulating or not", async ({ body, says, code, type }) => {
    const caught = async (promise: Promise<unknown>) => promise.then(undefined, (error: unknown) => error);
    const accumulated = await caught(upstream(body).sdk.responses.stream(question).finalResponse());
    const stream = await upstream(body).sdk.responses.create({ ...question, stream: true });
    const iterated = await caught(Array.fromAsync(stream));
    for (const error of [accumulated, iterated]) {
      expect(error).toBeInstanceOf(OpenAI.APIError);
      expect(error).toMatchObject({ code, type });
      expect(String(error)).toContain(says);
    }
  });
});

function rewritten(pieces: readonly Uint8Array[]): { text: string; told: unknown[] } {
  const request = clientRequest("responses", { ...question, stream: true });
  const { meter, told } = recorder();
  const head = { status: 200, headers: new Headers(), isEncoded: false };
  const plan = passage.answer(request, { schema, model: question.model }, meter).success(head);
  if (plan.type !== "rewrite") throw new Error("not translated");
  return { text: new TextDecoder().decode(Buffer.concat(runStage(plan.stage, pieces))), told };
}

test("a stream cut anywhere gives the same events, and the meter hears of them", () => {
  const { text, told } = rewritten([bytesOf(streamed)]);
  expect(eventProblems(eventsIn(text))).toEqual([]);
  expect(told).toMatchObject(["claude-x", { inputTokens: 11 }, "first", { outputTokens: 9 }, "complete"]);
  for (const pieces of cutEverywhere(bytesOf(streamed))) expect(rewritten(pieces).text).toBe(text);
});

test("an error body has the shape of OpenAI's, and when to come back", () => {
  const request = clientRequest("responses", question);
  const headers = new Headers({ "content-type": "application/json", "retry-after": "3" });
  const body = JSON.stringify({ type: "error", error: { type: "rate_limit_error", message: "Slow down" } });
  const reader = passage.answer(request, { schema, model: question.model }, recorder().meter);
  const answer = reader.error({ status: 429, headers, isEncoded: false }, bytesOf(body));
  expect(JSON.parse(new TextDecoder().decode(answer?.body))).toEqual({
    type: "error",
    error: { type: "rate_limit_error", code: "429", message: "Slow down" },
  });
});
