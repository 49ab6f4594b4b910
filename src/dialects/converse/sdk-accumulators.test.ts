/** The official SDKs ask Bedrock through a passage, and their accumulators read what comes back. */
import { describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { EndpointName, Meter } from "../passage.ts";
import { awsEvent, bytesOf, clientRequest } from "../testing.ts";
import { translatedPassages } from "../translated.ts";
import { framesOf } from "./testing.ts";

const meter: Meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };

/** A `fetch` whose upstream answers with these bytes, a few at a time. */
function through(endpoint: EndpointName, body: Uint8Array) {
  const passage = translatedPassages.AWSBedrock?.[endpoint];
  if (passage === undefined) throw new Error("no such pair");
  return async (_url: unknown, init?: { body?: unknown }): Promise<Response> => {
    const request = clientRequest(endpoint, String(init?.body));
    const target = { schema: { name: "AWSBedrock" }, model: request.model } as const;
    passage.request(request, target);
    const headers = new Headers({ "x-amzn-requestid": "r-1" });
    const plan = passage.answer(request, target, meter).success({ status: 200, headers, isEncoded: false });
    if (plan.type === "whole")
      return Response.json(JSON.parse(new TextDecoder().decode(plan.read(body)?.body)));
    if (plan.type !== "rewrite") throw new Error("not translated");
    const out: Uint8Array[] = [];
    for (let at = 0; at < body.length; at += 7)
      plan.stage.push(body.subarray(at, at + 7), (piece) => out.push(piece));
    plan.stage.end((piece) => out.push(piece), false);
    return new Response(Buffer.concat(out), { headers: { "content-type": "text/event-stream" } });
  };
}

const options = { apiKey: "unused", maxRetries: 0 };
const anthropicSdk = (body: Uint8Array) => new Anthropic({ ...options, fetch: through("messages", body) });
const openaiSdk = (endpoint: "chat" | "embeddings", body: Uint8Array) =>
  new OpenAI({ ...options, fetch: through(endpoint, body) });

const model = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const question = { model, max_tokens: 100, messages: [{ role: "user" as const, content: "Which river?" }] };
const delta = (index: number, content: object) =>
  ["contentBlockDelta", { contentBlockIndex: index, delta: content, p: "ab" }] as const;
const stop = (index: number) => ["contentBlockStop", { contentBlockIndex: index }] as const;
const start = (index: number, toolUseId: string, name: string) =>
  ["contentBlockStart", { contentBlockIndex: index, start: { toolUse: { toolUseId, name } } }] as const;

const thoughts = [
  ["messageStart", { role: "assistant" }],
  delta(0, { reasoningContent: { text: "Look " } }),
  delta(0, { reasoningContent: { text: "it up." } }),
  delta(0, { reasoningContent: { signature: "c2ln" } }),
  stop(0),
  delta(1, { text: "Loo" }),
  delta(1, { text: "king." }),
  stop(1),
] as const;
const stream = framesOf(
  ...thoughts,
  start(2, "t1", "find_river"),
  start(3, "t2", "find_lake"),
  delta(3, { toolUse: { input: "{}" } }),
  delta(2, { toolUse: { input: '{"place":' } }),
  delta(2, { toolUse: { input: '"Bonn"}' } }),
  stop(2),
  stop(3),
  ["messageStop", { stopReason: "tool_use" }],
  ["metadata", { usage: { inputTokens: 8, outputTokens: 9, totalTokens: 29, cacheReadInputTokens: 12 } }],
);
const broken = new Uint8Array(
  Buffer.concat([
    framesOf(...thoughts),
    awsEvent("throttlingException", { message: "Too many." }, "exception"),
  ]),
);

describe("Anthropic's SDK over Bedrock", () => {
  test("accumulates thinking, text, calls and usage", async () => {
    const message = await anthropicSdk(stream).messages.stream(question).finalMessage();
    expect(message.content).toEqual([
      { type: "thinking", thinking: "Look it up.", signature: "c2ln" },
      { type: "text", text: "Looking." },
      { type: "tool_use", id: "t1", name: "find_river", input: { place: "Bonn" } },
      { type: "tool_use", id: "t2", name: "find_lake", input: {} },
    ] as never);
    expect(message).toMatchObject({
      id: "r-1",
      stop_reason: "tool_use",
      usage: { input_tokens: 8, output_tokens: 9, cache_read_input_tokens: 12 },
    });
  });

  test("throws the error that a stream ends with", async () => {
    const stream = anthropicSdk(broken).messages.stream(question);
    await expect(stream.finalMessage()).rejects.toThrow("Too many.");
  });

  test("reads a count of tokens", async () => {
    const sdk = new Anthropic({ ...options, fetch: through("count-tokens", bytesOf('{"inputTokens":42}')) });
    expect(await sdk.messages.countTokens({ model, messages: question.messages })).toEqual({
      input_tokens: 42,
    });
  });
});

describe("OpenAI's SDK over Bedrock", () => {
  test("accumulates text, calls and usage", async () => {
    const runner = openaiSdk("chat", stream).chat.completions.stream({
      ...question,
      stream_options: { include_usage: true },
    });
    const completion = await runner.finalChatCompletion();
    expect(completion.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        content: "Looking.",
        tool_calls: [
          { id: "t1", function: { name: "find_river", arguments: '{"place":"Bonn"}' } },
          { id: "t2", function: { name: "find_lake", arguments: "{}" } },
        ],
      },
    });
    expect(completion.usage).toMatchObject({
      prompt_tokens: 20,
      completion_tokens: 9,
      total_tokens: 29,
      prompt_tokens_details: { cached_tokens: 12 },
    });
  });

  test("throws the error that a stream ends with", async () => {
    const runner = openaiSdk("chat", broken).chat.completions.stream(question);
    await expect(runner.finalChatCompletion()).rejects.toThrow("Too many.");
  });

  test("decodes embeddings, which it asks for in base64", async () => {
    const body = bytesOf('{"embedding":[0.25,-0.5,1],"inputTextTokenCount":3}');
    const answer = await openaiSdk("embeddings", body).embeddings.create({
      model: "amazon.titan-embed-text-v2:0",
      input: "A river.",
    });
    expect(answer.data[0]?.embedding).toEqual([0.25, -0.5, 1]);
    expect(answer.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
  });
});
