/** OpenAI's SDK asks Claude through aigw, from source: what Anthropic would be sent, and what the SDK makes of the answers. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import type { ResponseInput } from "openai/resources/responses/responses";
import { z } from "zod";
import { gatewayYaml } from "../support/config.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { sseResponse } from "../support/sse.ts";
import { type Seen, startUpstream, type Upstream } from "../support/upstream.ts";

const model = "claude-opus-4-8";
const gatewayKey = "unused";
const startLimitMs = 60_000;
let upstream: Upstream;
let gateway: Gateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = startUpstream();
  const backends = [{ name: "claude", schema: "Anthropic", url: upstream.url, apiKey: gatewayKey }] as const;
  gateway = await startGateway({ program: "source", config: gatewayYaml({ port: freePort(), backends }) });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "sk-of-the-client", maxRetries: 0 });
}, startLimitMs);
beforeEach(() => void upstream.seen.splice(0));
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  upstream?.[Symbol.dispose]();
});

const usage = { input_tokens: 11, output_tokens: 7, cache_read_input_tokens: 4 };
const message = (content: object[], stop_reason = "end_turn") => ({
  id: "msg_01",
  type: "message",
  role: "assistant",
  model: "claude-opus-4-8-20260101",
  content,
  stop_reason,
  usage,
});
const thinking = { type: "thinking", thinking: "They ask for a city.", signature: "c2ln" };
const call = { type: "tool_use", id: "toolu_1", name: "get_weather", input: { city: "Köln" } };
const said = (text: string) => ({ type: "text", text });

/** The message as a stream: each block in two deltas, each event in a piece of its own. */
function streamOf(whole: ReturnType<typeof message>): string[] {
  const events: { type: string; [member: string]: unknown }[] = [
    { type: "message_start", message: { ...whole, content: [], stop_reason: null } },
    { type: "ping" },
  ];
  for (const [index, block] of whole.content.entries()) {
    events.push({ type: "content_block_start", index, content_block: opened(block) });
    for (const delta of deltasOf(block)) events.push({ type: "content_block_delta", index, delta });
    events.push({ type: "content_block_stop", index });
  }
  events.push({
    type: "message_delta",
    delta: { stop_reason: whole.stop_reason },
    usage: { output_tokens: 7 },
  });
  events.push({ type: "message_stop" });
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

type Block = Partial<typeof thinking & typeof call & ReturnType<typeof said>>;

function opened(block: Block): object {
  if (block.thinking !== undefined) return { type: "thinking", thinking: "", signature: "" };
  return block.text === undefined ? { ...block, input: {} } : { type: "text", text: "" };
}

function deltasOf(block: Block): object[] {
  const halves = (text: string) => [text.slice(0, 5), text.slice(5)];
  if (block.text !== undefined) return halves(block.text).map((text) => ({ type: "text_delta", text }));
  if (block.thinking === undefined)
    return halves(JSON.stringify(block.input)).map((partial_json) => ({
      type: "input_json_delta",
      partial_json,
    }));
  const deltas = halves(block.thinking).map((text) => ({ type: "thinking_delta", thinking: text }));
  return [...deltas, { type: "signature_delta", signature: block.signature }];
}

/** Answers one message after another, streamed to who asks for a stream. */
function answerWith(...messages: ReturnType<typeof message>[]): void {
  let next = 0;
  upstream.answerWith(({ text }: Seen) => {
    const whole = messages[next++]!;
    return JSON.parse(text).stream === true ? sseResponse(streamOf(whole), 1) : Response.json(whole);
  });
}

const sentBody = (index = 0) => JSON.parse(upstream.seen[index]?.text ?? "");
const tools = [
  {
    type: "function",
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } } },
    strict: null,
  },
] as const;

/** Asks and gets the whole response, in either way. */
const ways = {
  whole: (body: OpenAI.Responses.ResponseCreateParamsNonStreaming) => client.responses.create(body),
  streamed: ({ stream: _, ...body }: OpenAI.Responses.ResponseCreateParamsNonStreaming) =>
    client.responses.stream(body).finalResponse(),
};

describe.each(["whole", "streamed"] as const)("a %s response", (way) => {
  const ask = ways[way];

  test("is asked of Anthropic with the gateway's key, and answered", async () => {
    answerWith(message([said("Hello there.")]));
    const response = await ask({ model, input: "hello", instructions: "Be brief." });
    expect(response.output_text).toBe("Hello there.");
    expect(response).toMatchObject({
      id: "resp_msg_01",
      model: "claude-opus-4-8-20260101",
      status: "completed",
    });
    expect(response.usage).toMatchObject({ input_tokens: 15, output_tokens: 7, total_tokens: 22 });
    const [seen] = upstream.seen;
    expect(seen?.path).toBe("/v1/messages");
    expect(seen?.headers.get("x-api-key")).toBe(gatewayKey);
    expect(seen?.headers.get("authorization")).toBeNull();
    expect(sentBody()).toMatchObject({
      model,
      system: [said("Be brief.")],
      messages: [{ role: "user", content: [said("hello")] }],
    });
  });

  test("calls a tool, and goes on with its result and with what was thought", async () => {
    answerWith(message([thinking, call], "tool_use"), message([said("It is sunny in Köln.")]));
    const input: ResponseInput = [{ role: "user", content: "What is the weather in Köln?" }];
    const reasoning = { effort: "low", summary: "auto" } as const;
    const asked = await ask({ model, input, tools: [...tools], reasoning });
    expect(asked.output).toMatchObject([
      { type: "reasoning", summary: [{ text: "They ask for a city." }] },
      { type: "function_call", call_id: "toolu_1", name: "get_weather", arguments: '{"city":"Köln"}' },
    ]);
    expect(sentBody()).toMatchObject({
      thinking: { type: "adaptive", display: "summarized" },
      output_config: { effort: "low" },
    });
    input.push(...(asked.output as ResponseInput));
    input.push({ type: "function_call_output", call_id: "toolu_1", output: "sunny" });
    const answer = await ask({ model, input, tools: [...tools], reasoning });
    expect(answer.output_text).toBe("It is sunny in Köln.");
    expect(sentBody(1).messages).toMatchObject([
      { role: "user" },
      { role: "assistant", content: [thinking, call] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: [said("sunny")] }] },
    ]);
  });

  test("that the limit broke off is incomplete", async () => {
    answerWith(message([said("Once upon")], "max_tokens"));
    const response = await ask({ model, input: "hello", max_output_tokens: 3 });
    expect(response).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
    });
    expect(sentBody().max_tokens).toBe(3);
  });

  test("that failed upstream is the SDK's error", async () => {
    const error = { type: "error", error: { type: "rate_limit_error", message: "Slow down" } };
    upstream.answerWith(() => Response.json(error, { status: 429, headers: { "retry-after": "7" } }));
    const caught = await ask({ model, input: "hello" }).then(undefined, (thrown: unknown) => thrown);
    expect(caught).toBeInstanceOf(OpenAI.RateLimitError);
    expect(caught).toMatchObject({ type: "rate_limit_error", code: "429", message: "429 Slow down" });
    expect((caught as InstanceType<typeof OpenAI.RateLimitError>).headers?.get("retry-after")).toBe("7");
  });

  test("that needs a memory is refused, and nobody is asked", async () => {
    const body = { model, input: "hello", previous_response_id: "resp_1" };
    const caught = await ask(body).then(undefined, (thrown: unknown) => thrown);
    expect(caught).toBeInstanceOf(OpenAI.UnprocessableEntityError);
    expect(String(caught)).toContain("previous_response_id: responses are not kept here");
    expect(upstream.seen).toEqual([]);
  });

  test("that needs a tool of OpenAI's is refused", async () => {
    const tool: OpenAI.Responses.Tool = { type: "file_search", vector_store_ids: ["vs_1"] };
    const caught = await ask({ model, input: "hello", tools: [tool] }).then(
      undefined,
      (thrown: unknown) => thrown,
    );
    expect(caught).toBeInstanceOf(OpenAI.UnprocessableEntityError);
    expect(String(caught)).toContain("tools.file_search: Claude has no such tool");
  });

  test("in a form that was asked for is parsed", async () => {
    answerWith(message([said('{"city":"Köln"}')]));
    const format = zodTextFormat(z.object({ city: z.string() }), "place");
    const body = { model, input: "Where?", text: { format } };
    const response =
      way === "whole"
        ? await client.responses.parse(body)
        : await client.responses.stream(body).finalResponse();
    expect(response.output_parsed).toEqual({ city: "Köln" });
    expect(sentBody().output_config.format.schema).toMatchObject({
      properties: { city: { type: "string" } },
    });
  });
});

test("the text of a streamed response comes while it is written", async () => {
  const go = Promise.withResolvers<void>();
  const pieces = streamOf(message([said("Hello there.")]));
  const encoder = new TextEncoder();
  upstream.answerWith(() => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (const piece of pieces.slice(0, 4)) controller.enqueue(encoder.encode(piece));
        await go.promise;
        for (const piece of pieces.slice(4)) controller.enqueue(encoder.encode(piece));
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  const stream = await client.responses.create({ model, input: "hello", stream: true });
  const texts: string[] = [];
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") texts.push(event.delta);
    // The upstream says the rest only now.
    if (texts.length === 1) go.resolve();
  }
  expect(texts).toEqual(["Hello", " there."]);
});

test("a stream that breaks off is an error, not a short answer", async () => {
  upstream.answerWith(() => sseResponse(streamOf(message([said("Hello there.")])).slice(0, 5)));
  const caught = await ways.streamed({ model, input: "hello" }).then(undefined, (thrown: unknown) => thrown);
  expect(caught).toBeInstanceOf(OpenAI.APIError);
  expect(caught).toMatchObject({ type: "stream_cut", code: "502" });
});

test("the tokens of an input are counted", async () => {
  upstream.answerWith({ input_tokens: 42 });
  const count = await client.responses.inputTokens.count({ model, input: "hello" });
  expect(count).toEqual({ object: "response.input_tokens", input_tokens: 42 });
  expect(upstream.seen[0]?.path).toBe("/v1/messages/count_tokens");
  expect(sentBody()).toEqual({ model, messages: [{ role: "user", content: [said("hello")] }] });
});

test("an old completion is answered, whole and streamed", async () => {
  answerWith(message([said("a time.")]), message([said("a time.")]));
  const whole = await client.completions.create({ model, prompt: "Once upon" });
  expect(whole.choices[0]?.text).toBe("a time.");
  const stream = await client.completions.create({ model, prompt: "Once upon", stream: true });
  const chunks = await Array.fromAsync(stream);
  expect(chunks.map(({ choices }) => choices[0]?.text ?? "").join("")).toBe("a time.");
  const refused = client.completions.create({ model, prompt: "Once", suffix: "end" });
  expect(String(await refused.then(undefined, (thrown: unknown) => thrown))).toContain(
    "suffix: this model chats",
  );
});
