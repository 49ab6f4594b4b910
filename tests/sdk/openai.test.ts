/** The official OpenAI SDK for JavaScript through aigw, from source and compiled, to a mock of a provider. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { LLMock } from "@copilotkit/aimock";
import OpenAI from "openai";
import type { Gateway } from "../support/gateway.ts";
import { programs } from "../support/program.ts";
import { startFromEnvironment } from "./gateway.ts";
import * as provider from "./provider.ts";

const model = "gpt-4o-mini";
const hello = [{ role: "user", content: "hello" }] as const;
const weatherQuestion = { role: "user", content: "What is the weather in Paris?" } as const;
const tools = [
  {
    type: "function",
    function: {
      name: "get_weather",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  },
] as const;
const startLimitMs = 60_000;

describe.each(programs)("OpenAI SDK, aigw as %s:", (program) => {
  let mock: LLMock;
  let gateway: Gateway;
  let client: OpenAI;

  beforeAll(async () => {
    mock = await provider.startProvider();
    const env = { OPENAI_API_KEY: provider.gatewayKey, OPENAI_BASE_URL: `${mock.url}/v1` };
    gateway = await startFromEnvironment(program, env);
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: provider.clientKey, maxRetries: 0 });
  }, startLimitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await mock?.stop();
  });

  test("chat", async () => {
    const answer = await client.chat.completions.create({ model, messages: [...hello] });
    expect(answer.choices[0]?.message.content).toBe(provider.chatAnswer);
    expect(answer.choices[0]?.finish_reason).toBe("stop");
    expect(answer.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 });
  });

  test("a streamed chat, with usage", async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: [...hello],
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(provider.chatAnswer);
    expect(chunks.findLast((chunk) => chunk.usage)?.usage).toMatchObject({ total_tokens: 18 });
  });

  test("a tool is called and its result is answered", async () => {
    const asked = await client.chat.completions.create({
      model,
      messages: [weatherQuestion],
      tools: [...tools],
    });
    const message = asked.choices[0]?.message;
    expect(asked.choices[0]?.finish_reason).toBe("tool_calls");
    const call = message?.tool_calls?.[0];
    if (message === undefined || call?.type !== "function") throw new Error("no tool was called");
    expect(call.function).toEqual({ name: "get_weather", arguments: provider.weatherArguments });
    const result = { role: "tool", tool_call_id: call.id, content: "sunny" } as const;
    const messages = [weatherQuestion, message, result];
    const answer = await client.chat.completions.create({ model, messages, tools: [...tools] });
    expect(answer.choices[0]?.message.content).toBe(provider.weatherAnswer);
  });

  test("a streamed tool call", async () => {
    const stream = client.chat.completions.stream({ model, messages: [weatherQuestion], tools: [...tools] });
    const call = (await stream.finalChatCompletion()).choices[0]?.message.tool_calls?.[0];
    expect(call?.type === "function" && call.function.arguments).toBe(provider.weatherArguments);
  });

  test.each(["float", undefined] as const)("embeddings, encoded as %p", async (encoding_format) => {
    const format = encoding_format === undefined ? {} : { encoding_format };
    const answer = await client.embeddings.create({
      model: "text-embedding-3-small",
      input: "embed me",
      ...format,
    });
    expect(answer.data.map((item) => item.embedding)).toEqual([provider.embedding]);
  });

  test("responses", async () => {
    const answer = await client.responses.create({ model, input: "hello" });
    expect(answer.output_text).toBe(provider.chatAnswer);
    expect(answer.status).toBe("completed");
  });

  test("a streamed response", async () => {
    const stream = await client.responses.create({ model, input: "hello", stream: true });
    const events = await Array.fromAsync(stream);
    const text = events
      .map((event) => (event.type === "response.output_text.delta" ? event.delta : ""))
      .join("");
    expect(text).toBe(provider.chatAnswer);
    expect(events[0]?.type).toBe("response.created");
    expect(events.at(-1)?.type).toBe("response.completed");
  });

  test("speech", async () => {
    const answer = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "speak" });
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(provider.speechBytes);
  });

  test("transcription and translation of a file", async () => {
    const file = () => new File([provider.speechBytes], "a file.mp3", { type: "audio/mpeg" });
    const transcription = await client.audio.transcriptions.create({ model: "whisper-1", file: file() });
    expect(transcription.text).toBe(provider.transcript);
    const translation = await client.audio.translations.create({ model: "whisper-1", file: file() });
    expect(translation.text).toBe(provider.translation);
  });

  test("images", async () => {
    const answer = await client.images.generate({ model: "dall-e-3", prompt: "a cat" });
    expect(answer.data?.[0]?.url).toBe(provider.imageUrl);
  });

  test("models: none are listed where every model is accepted", async () => {
    expect(await Array.fromAsync(client.models.list())).toEqual([]);
  });

  test("an error of the provider is the SDK's error", async () => {
    const failure = client.chat.completions.create({
      model,
      messages: [{ role: "user", content: "too much" }],
    });
    const error = await failure.then(undefined, (error: unknown) => error);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({
      status: 429,
      code: "slow_down",
      type: "rate_limit_error",
      message: "429 Slow down",
    });
  });

  test("an error of the gateway is the SDK's error", async () => {
    const options = { body: '{"model": "x", "messages": ', headers: { "content-type": "application/json" } };
    const error = await client.post("/chat/completions", options).then(undefined, (error: unknown) => error);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(String(error)).toContain("malformed request: failed to parse JSON for /v1/chat/completions");
  });

  test("a client may leave a stream early and go on", async () => {
    const stream = await client.chat.completions.create({ model, messages: [...hello], stream: true });
    for await (const _ of stream) break;
    const answer = await client.chat.completions.create({ model, messages: [...hello] });
    expect(answer.choices[0]?.message.content).toBe(provider.chatAnswer);
  });
});
