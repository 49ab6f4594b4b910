/** The official SDKs ask through a passage and read what comes back: their accumulators decide what a stream must be. */
import { describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { Schema } from "../model/ai.ts";
import type { EndpointName, Meter } from "./passage.ts";
import { bytesOf, chunkSse, clientRequest, messageSse } from "./testing.ts";
import { translatedPassages } from "./translated.ts";

const meter: Meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };

/** A `fetch` whose upstream answers with these bytes, a few at a time. */
function through(endpoint: EndpointName, schema: Schema, body: string, contentType = "text/event-stream") {
  const passage = translatedPassages[schema.name]?.[endpoint];
  if (passage === undefined) throw new Error("no such pair");
  return async (_url: unknown, init?: { body?: unknown; headers?: HeadersInit }): Promise<Response> => {
    const request = clientRequest(
      endpoint,
      String(init?.body),
      Object.fromEntries(new Headers(init?.headers)),
    );
    const target = { schema, model: request.model };
    passage.request(request, target);
    const head = { status: 200, headers: new Headers({ "content-type": contentType }), isEncoded: false };
    const plan = passage.answer(request, target, meter).success(head);
    if (plan.type === "whole")
      return Response.json(JSON.parse(new TextDecoder().decode(plan.read(bytesOf(body))?.body)));
    if (plan.type !== "rewrite") throw new Error("not translated");
    const out: Uint8Array[] = [];
    const bytes = bytesOf(body);
    for (let at = 0; at < bytes.length; at += 7)
      plan.stage.push(bytes.subarray(at, at + 7), (piece) => out.push(piece));
    plan.stage.end((piece) => out.push(piece), false);
    return new Response(Buffer.concat(out), { headers: { "content-type": "text/event-stream" } });
  };
}

const openaiSchema: Schema = { name: "OpenAI", prefix: "v1" };
const anthropicSchema: Schema = { name: "Anthropic", prefix: "v1" };

function anthropicSdk(body: string, contentType?: string): Anthropic {
  return new Anthropic({
    apiKey: "unused",
    maxRetries: 0,
    fetch: through("messages", openaiSchema, body, contentType),
  });
}

function openaiSdk(body: string, contentType?: string): OpenAI {
  return new OpenAI({
    apiKey: "unused",
    maxRetries: 0,
    fetch: through("chat", anthropicSchema, body, contentType),
  });
}

const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1750000000, model: "gpt-x" };
const chunk = (delta: object, finish_reason: string | null = null) => ({
  ...head,
  choices: [{ index: 0, delta, finish_reason }],
});
const call = (index: number, id?: string, name?: string, text?: string) => ({
  tool_calls: [{ index, id, function: { name, arguments: text } }],
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

const question = {
  model: "m",
  max_tokens: 100,
  messages: [{ role: "user" as const, content: "Which river?" }],
};

describe("Anthropic's SDK over a chat backend", () => {
  const chunks = [
    chunk({ role: "assistant", reasoning_content: "Let me look." }),
    chunk({ content: "Look" }),
    chunk({ content: "ing." }),
    chunk(call(0, "call_1", "find_river", "")),
    chunk(call(1, "call_2", "find_lake", '{"place":')),
    chunk(call(0, undefined, undefined, '{"place":"Bonn"}')),
    chunk(call(1, undefined, undefined, '"Ulm"}')),
    chunk({}, "tool_calls"),
    usage,
  ];

  test("accumulates reasoning, text and interleaved calls", async () => {
    const stream = anthropicSdk(chunkSse(...chunks)).messages.stream(question);
    const inputs: unknown[] = [];
    stream.on("contentBlock", (block) => block.type === "tool_use" && inputs.push(block.input));
    const message = await stream.finalMessage();
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "Let me look." },
      { type: "text", text: "Looking." },
      { type: "tool_use", id: "call_1", name: "find_river", input: { place: "Bonn" } },
      { type: "tool_use", id: "call_2", name: "find_lake", input: { place: "Ulm" } },
    ]);
    expect(inputs).toEqual([{ place: "Bonn" }, { place: "Ulm" }]);
    expect(message).toMatchObject({
      id: "chatcmpl-1",
      model: "gpt-x",
      stop_reason: "tool_use",
      role: "assistant",
    });
    expect(message.usage).toMatchObject({ input_tokens: 8, output_tokens: 9, cache_read_input_tokens: 12 });
  });

  test("gets indexes without gaps, one block open at a time, and the closing pair last", async () => {
    const stream = await anthropicSdk(chunkSse(...chunks)).messages.create({ ...question, stream: true });
    const open = new Set<number>();
    let next = 0;
    const types: string[] = [];
    for await (const event of stream) {
      types.push(event.type);
      if (event.type === "content_block_start") {
        expect([...open]).toEqual([]);
        expect(event.index).toBe(next++);
        open.add(event.index);
      }
      if (event.type === "content_block_delta") expect(open.has(event.index)).toBe(true);
      if (event.type === "content_block_stop") open.delete(event.index);
    }
    expect(types[0]).toBe("message_start");
    expect(types.slice(-2)).toEqual(["message_delta", "message_stop"]);
  });

  test("takes a whole answer to a stream request for a stream", async () => {
    const whole = {
      ...head,
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "length" }],
    };
    const message = await anthropicSdk(JSON.stringify(whole), "application/json")
      .messages.stream(question)
      .finalMessage();
    expect(message).toMatchObject({ content: [{ type: "text", text: "Hi" }], stop_reason: "max_tokens" });
  });

  test("reads a whole message", async () => {
    const whole = {
      ...head,
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
    };
    const message = await anthropicSdk(JSON.stringify(whole), "application/json").messages.create(question);
    expect(message).toMatchObject({
      content: [{ type: "text", text: "Hi" }],
      stop_reason: "end_turn",
      stop_sequence: null,
    });
  });

  const broken = [
    {
      name: "an error in the stream",
      body: `${chunkSse(chunk({ content: "Hi" })).replace("data: [DONE]\n\n", "")}data: {"error":{"message":"Busy","type":"x","code":"503"}}\n\n`,
      says: "Busy",
    },
    {
      name: "a stream that ends early",
      body: chunkSse(chunk({ content: "Hi" })).replace("data: [DONE]\n\n", ""),
      says: "closed the stream",
    },
  ];
  test.each(broken)("throws on $name", async ({ body, says }) => {
    const stream = anthropicSdk(body).messages.stream(question);
    await expect(stream.finalMessage()).rejects.toThrow(says);
  });
});

const begin = {
  type: "message_start",
  message: { id: "msg_1", model: "claude-x", usage: { input_tokens: 11, output_tokens: 1 } },
};
const end = (stop_reason: string) => [
  { type: "message_delta", delta: { stop_reason }, usage: { output_tokens: 9 } },
  { type: "message_stop" },
];
const block = (index: number, content_block: object, ...deltas: object[]) => [
  { type: "content_block_start", index, content_block },
  ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
  { type: "content_block_stop", index },
];
const events = [
  begin,
  ...block(
    0,
    { type: "thinking", thinking: "" },
    { type: "thinking_delta", thinking: "Let me look." },
    { type: "signature_delta", signature: "c2ln" },
  ),
  ...block(1, { type: "redacted_thinking", data: "aGlkZGVu" }),
  { type: "ping" },
  ...block(
    2,
    { type: "text", text: "" },
    { type: "text_delta", text: "Look" },
    { type: "text_delta", text: "ing." },
  ),
  ...block(
    3,
    { type: "tool_use", id: "toolu_1", name: "find_river", input: {} },
    { type: "input_json_delta", partial_json: '{"id":123456789012' },
    { type: "input_json_delta", partial_json: "34567890}" },
  ),
  ...block(4, { type: "tool_use", id: "toolu_2", name: "ping", input: {} }),
  ...end("tool_use"),
];
const wanted = {
  content: "Looking.",
  reasoning_content: "Let me look.",
  tool_calls: [
    {
      id: "toolu_1",
      type: "function",
      function: { name: "find_river", arguments: '{"id":12345678901234567890}' },
    },
    { id: "toolu_2", type: "function", function: { name: "ping", arguments: "{}" } },
  ],
};

describe("OpenAI's SDK over Claude", () => {
  test("accumulates text and calls, with the usage last", async () => {
    const stream = openaiSdk(messageSse(...events)).chat.completions.stream({
      ...question,
      stream_options: { include_usage: true },
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { content: wanted.content },
    });
    expect(completion.choices[0]?.message.tool_calls).toMatchObject(wanted.tool_calls);
    expect(completion.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 9, total_tokens: 20 });
  });

  test("finishes without usage if it asked for none", async () => {
    const stream = await openaiSdk(messageSse(...events)).chat.completions.create({
      ...question,
      stream: true,
    });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.every((item) => item.usage === undefined && item.choices.length === 1)).toBe(true);
    expect(new Set(chunks.map((item) => item.id))).toEqual(new Set(["msg_1"]));
    expect(chunks.filter((item) => item.choices[0]?.finish_reason != null)).toHaveLength(1);
  });

  test("the rules of the SDK for Python give the same message", async () => {
    const stream = await openaiSdk(messageSse(...events)).chat.completions.create({
      ...question,
      stream: true,
    });
    let message: { [member: string]: unknown } = {};
    for await (const item of stream) message = pythonAccumulate(message, { ...item.choices[0]?.delta });
    expect(message).toMatchObject({ role: "assistant", ...wanted });
    expect(message["thinking_blocks"]).toMatchObject([
      { type: "thinking", thinking: "Let me look.", signature: "c2ln" },
      { type: "redacted_thinking", data: "aGlkZGVu" },
    ]);
  });

  test("a whole answer and a streamed one say the same", async () => {
    const content = [
      { type: "thinking", thinking: "Let me look.", signature: "c2ln" },
      { type: "redacted_thinking", data: "aGlkZGVu" },
      { type: "text", text: "Looking." },
      { type: "tool_use", id: "toolu_1", name: "find_river", input: { id: 0 } },
      { type: "tool_use", id: "toolu_2", name: "ping", input: {} },
    ];
    const whole = JSON.stringify({ type: "message", id: "msg_1", content, stop_reason: "tool_use" }).replace(
      '"id":0',
      '"id":12345678901234567890',
    );
    const completion = await openaiSdk(whole, "application/json").chat.completions.create(question);
    expect(completion.choices[0]?.message).toMatchObject(wanted);
  });

  const broken = [
    {
      name: "an error in the stream",
      body: messageSse(begin, { type: "error", error: { type: "overloaded_error", message: "Busy" } } as {
        type: string;
      }),
      says: "Busy",
    },
    {
      name: "a stream that ends early",
      body: messageSse(begin, ...block(0, { type: "text", text: "Hi" })),
      says: "closed the stream",
    },
  ];
  test.each(broken)("throws on $name", async ({ body, says }) => {
    const stream = await openaiSdk(body).chat.completions.create({ ...question, stream: true });
    await expect(Array.fromAsync(stream)).rejects.toThrow(says);
  });
});

/** Joins a delta to what came before as the SDK for Python does: strings are joined, list entries go by their index. */
function pythonAccumulate(into: { [member: string]: unknown }, delta: { [member: string]: unknown }) {
  for (const [key, value] of Object.entries(delta)) {
    const known = into[key];
    if (known === undefined || known === null) into[key] = structuredClone(value);
    else if (key === "index" || key === "type") into[key] = value;
    else if (typeof known === "string" && typeof value === "string") into[key] = known + value;
    else if (Array.isArray(known) && Array.isArray(value)) {
      for (const entry of value) {
        if (typeof entry.index !== "number") throw new Error(`${key}: an entry needs an index`);
        if (entry.index < known.length) pythonAccumulate(known[entry.index], entry);
        else known.splice(entry.index, 0, structuredClone(entry));
      }
    } else if (typeof known === "object" && typeof value === "object" && value !== null) {
      pythonAccumulate(known as { [member: string]: unknown }, value as { [member: string]: unknown });
    }
  }
  return into;
}
