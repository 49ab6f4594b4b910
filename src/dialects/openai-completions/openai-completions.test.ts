import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import type { Schema } from "../../model/ai.ts";
import { ExchangeFailure } from "../../model/failure.ts";
import { anthropicBackend } from "../anthropic/backend.ts";
import { nativeHost } from "../anthropic/hosts.ts";
import type { IrEvent } from "../ir/events.ts";
import { foldEvents } from "../ir/fold.ts";
import type { Meter } from "../passage.ts";
import {
  bytesOf,
  clientRequest,
  cutEverywhere,
  deepFreeze,
  messageSse,
  runStage,
  testContext,
} from "../testing.ts";
import { translate } from "../translate.ts";
import { openaiCompletionsClient } from "./client.ts";

const schema: Schema = { name: "Anthropic", prefix: "v1" };
const clock = { nowMs: () => 1_750_000_000_000, newId: (prefix: string) => `${prefix}1` };
const passage = translate(openaiCompletionsClient, anthropicBackend, nativeHost, clock);
const meter: Meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };
const prompt = "Once upon";

function toClaude(body: object) {
  const request = deepFreeze(clientRequest("completions", { model: "claude-x", ...body }));
  return JSON.parse(new TextDecoder().decode(passage.request(request, { schema, model: "claude-x" }).body));
}

describe("a completion asked of Claude", () => {
  const asked = { messages: [{ role: "user", content: [{ type: "text", text: prompt }] }] };
  const bodies: { name: string; body: object; want: object }[] = [
    { name: "a prompt", body: { prompt }, want: asked },
    { name: "a list of one prompt", body: { prompt: [prompt] }, want: asked },
    {
      name: "settings",
      body: { prompt, max_tokens: 7, temperature: 0.5, top_p: 0.9, stop: "\n", user: "u", stream: true },
      want: { ...asked, max_tokens: 7, temperature: 0.5, top_p: 0.9, stop_sequences: ["\n"], stream: true },
    },
    {
      name: "members that ask for nothing",
      body: { prompt, suffix: "", echo: false, best_of: 1, logprobs: null, n: 1, logit_bias: null },
      want: asked,
    },
  ];
  test.each(bodies)("has $name", ({ body, want }) => {
    expect(toClaude(body)).toMatchObject(want);
  });

  const refused: { name: string; body: object; says: string; code?: ExchangeFailure["code"] }[] = [
    {
      name: "several prompts",
      body: { prompt: [prompt, "b"] },
      says: "prompt: this model chats, so it takes one prompt",
    },
    { name: "tokens", body: { prompt: [1, 2] }, says: "prompt: this model has tokens of its own" },
    { name: "lists of tokens", body: { prompt: [[1, 2]] }, says: "prompt: this model has tokens of its own" },
    { name: "no prompt", body: {}, says: "prompt: this model chats, so it needs a prompt" },
    { name: "an empty prompt", body: { prompt: "" }, says: "prompt: this model chats, so it needs a prompt" },
    { name: "an empty list", body: { prompt: [] }, says: "prompt: this model chats, so it needs a prompt" },
    { name: "a suffix", body: { prompt, suffix: "end" }, says: "suffix: this model chats" },
    { name: "an echo", body: { prompt, echo: true }, says: "echo: this model chats" },
    { name: "the best of several", body: { prompt, best_of: 3 }, says: "best_of: this model gives" },
    {
      name: "probabilities",
      body: { prompt, logprobs: 0 },
      says: "logprobs: this model tells no probabilities",
    },
    { name: "several answers", body: { prompt, n: 2 }, says: "n: Claude gives one choice" },
    {
      name: "a prompt of another type",
      body: { prompt: { a: 1 } },
      says: "prompt: must be",
      code: "invalid_request",
    },
  ];
  test.each(refused)("is refused for $name", ({ body, says, code = "untranslatable" }) => {
    let thrown: unknown;
    try {
      toClaude(body);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ExchangeFailure);
    expect((thrown as ExchangeFailure).code).toBe(code);
    expect((thrown as ExchangeFailure).message).toContain(says);
  });
});

const begin = {
  type: "message_start",
  message: { id: "msg_1", model: "claude-x", usage: { input_tokens: 11, output_tokens: 1 } },
};
const block = (index: number, content_block: object, ...deltas: object[]) => [
  { type: "content_block_start", index, content_block },
  ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
  { type: "content_block_stop", index },
];
const limited = { type: "message_delta", delta: { stop_reason: "max_tokens" }, usage: { output_tokens: 9 } };
const streamed = messageSse(
  begin,
  ...block(0, { type: "thinking", thinking: "" }, { type: "thinking_delta", thinking: "Hm." }),
  { type: "ping" },
  ...block(
    1,
    { type: "text", text: "" },
    { type: "text_delta", text: " a t" },
    { type: "text_delta", text: "ime 🐟" },
  ),
  limited,
  { type: "message_stop" },
);
const whole = JSON.stringify({
  type: "message",
  id: "msg_1",
  model: "claude-x",
  content: [
    { type: "thinking", thinking: "Hm.", signature: "c2ln" },
    { type: "text", text: " a time 🐟" },
  ],
  stop_reason: "max_tokens",
  usage: { input_tokens: 11, output_tokens: 9 },
});

function rewritten(
  pieces: readonly Uint8Array[],
  body: object = { stream_options: { include_usage: true } },
): string {
  const request = clientRequest("completions", { model: "claude-x", prompt, stream: true, ...body });
  const head = { status: 200, headers: new Headers(), isEncoded: false };
  const plan = passage.answer(request, { schema, model: "claude-x" }, meter).success(head);
  if (plan.type !== "rewrite") throw new Error("not translated");
  return new TextDecoder().decode(Buffer.concat(runStage(plan.stage, pieces)));
}

function sdkOver(answer: string, contentType: string): OpenAI {
  const fetch = async (_url: unknown, init?: { body?: unknown }): Promise<Response> => {
    const body = JSON.parse(String(init?.body));
    if (body.stream === true)
      return new Response(rewritten([bytesOf(answer)], body), { headers: { "content-type": contentType } });
    const head = { status: 200, headers: new Headers(), isEncoded: false };
    const request = clientRequest("completions", body);
    const plan = passage.answer(request, { schema, model: "claude-x" }, meter).success(head);
    if (plan.type !== "whole") throw new Error(plan.type);
    return Response.json(JSON.parse(new TextDecoder().decode(plan.read(bytesOf(answer))?.body)));
  };
  return new OpenAI({ apiKey: "unused", maxRetries: 0, fetch });
}

describe("OpenAI's SDK over Claude, by completions", () => {
  test("reads a whole answer", async () => {
    const sdk = sdkOver(whole, "application/json");
    expect(await sdk.completions.create({ model: "claude-x", prompt })).toMatchObject({
      id: "msg_1",
      object: "text_completion",
      created: 1_750_000_000,
      model: "claude-x",
      choices: [{ index: 0, text: " a time 🐟", logprobs: null, finish_reason: "length" }],
      usage: { prompt_tokens: 11, completion_tokens: 9, total_tokens: 20 },
    });
  });

  test.each([true, false])("reads a stream, with usage: %p", async (include_usage) => {
    const sdk = sdkOver(streamed, "text/event-stream");
    const stream = await sdk.completions.create({
      model: "claude-x",
      prompt,
      stream: true,
      stream_options: { include_usage },
    });
    const chunks = await Array.fromAsync(stream);
    const choices = chunks.flatMap((chunk) => chunk.choices);
    expect(choices.map(({ text }) => text).join("")).toBe(" a time 🐟");
    expect(choices.map(({ finish_reason }) => finish_reason as string | null)).toEqual([
      null,
      null,
      "length",
    ]);
    expect(chunks.map(({ usage }) => usage?.total_tokens).filter(Boolean)).toEqual(include_usage ? [20] : []);
    expect(new Set(chunks.map(({ id, object }) => id + object))).toEqual(new Set(["msg_1text_completion"]));
  });

  test("throws on an error in the stream", async () => {
    const failing = messageSse(begin, {
      type: "error",
      error: { type: "overloaded_error", message: "Busy" },
    } as {
      type: string;
    });
    const sdk = sdkOver(failing, "text/event-stream");
    const stream = await sdk.completions.create({ model: "claude-x", prompt, stream: true });
    await expect(Array.fromAsync(stream)).rejects.toThrow("Busy");
  });
});

test("a stream of completions cut anywhere is the same", () => {
  const want = rewritten([bytesOf(streamed)]);
  expect(want).toEndWith("data: [DONE]\n\n");
  for (const pieces of cutEverywhere(bytesOf(streamed))) expect(rewritten(pieces)).toBe(want);
});

test("completions leave out what they cannot say, and say so", () => {
  const context = testContext();
  const image = { type: "media", kind: "image", source: { type: "base64", data: "AA==" } } as const;
  const events: IrEvent[] = [
    { type: "message-start" },
    { type: "media", media: image, choice: 0, block: 0 },
    { type: "finish", choice: 0, reason: "stop" },
    { type: "message-end" },
  ];
  const chunks = runStage(openaiCompletionsClient.streamWriter(context), events).join("");
  const answer = JSON.parse(openaiCompletionsClient.writeResponse(foldEvents(events), context));
  expect(chunks).toContain('"choices":[{"index":0,"text":"","logprobs":null,"finish_reason":"stop"}]');
  expect(answer.choices).toEqual([{ text: "", index: 0, logprobs: null, finish_reason: "stop" }]);
  expect(context.warnings.map(({ message }) => message)).toEqual(
    Array(2).fill("image has no form in completions; left out"),
  );
});
