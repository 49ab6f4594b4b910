/** The official Anthropic SDK through aigw, from source and compiled, to a mock of the provider. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import type { LLMock } from "@copilotkit/aimock";
import type { Gateway } from "../support/gateway.ts";
import { programs } from "../support/program.ts";
import { startFromEnvironment } from "./gateway.ts";
import * as provider from "./provider.ts";

const model = "claude-sonnet-4-5";
const max_tokens = 100;
const hello = [{ role: "user" as const, content: "hello" }];
const weatherQuestion = { role: "user" as const, content: "What is the weather in Paris?" };
const tools: Anthropic.Tool[] = [
  { name: "get_weather", input_schema: { type: "object", properties: { city: { type: "string" } } } },
];
const startLimitMs = 60_000;

describe.each(programs)("Anthropic SDK, aigw as %s:", (program) => {
  let mock: LLMock;
  let gateway: Gateway;
  let client: Anthropic;

  beforeAll(async () => {
    mock = await provider.startProvider();
    const env = { ANTHROPIC_API_KEY: provider.gatewayKey, ANTHROPIC_BASE_URL: `${mock.url}/v1` };
    gateway = await startFromEnvironment(program, env);
    client = new Anthropic({
      baseURL: `${gateway.url}/anthropic`,
      apiKey: provider.clientKey,
      maxRetries: 0,
    });
  }, startLimitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await mock?.stop();
  });

  test("a message", async () => {
    const answer = await client.messages.create({ model, max_tokens, messages: hello });
    expect(answer.content).toMatchObject([{ type: "text", text: provider.chatAnswer }]);
    expect(answer.stop_reason).toBe("end_turn");
    expect(answer.usage).toMatchObject({ input_tokens: 11, output_tokens: 7 });
  });

  test("a streamed message", async () => {
    const stream = client.messages.stream({ model, max_tokens, messages: hello });
    const pieces: string[] = [];
    stream.on("text", (piece) => pieces.push(piece));
    const answer = await stream.finalMessage();
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join("")).toBe(provider.chatAnswer);
    expect(answer.usage.output_tokens).toBe(7);
  });

  test("a tool is called and its result is answered", async () => {
    const asked = await client.messages.create({ model, max_tokens, messages: [weatherQuestion], tools });
    const call = asked.content.find((block) => block.type === "tool_use");
    expect(asked.stop_reason).toBe("tool_use");
    expect(call).toMatchObject({ name: "get_weather", input: { city: "Paris" } });
    const result = { type: "tool_result" as const, tool_use_id: call?.id ?? "", content: "sunny" };
    const turn = [
      { role: "assistant" as const, content: asked.content },
      { role: "user" as const, content: [result] },
    ];
    const answer = await client.messages.create({
      model,
      max_tokens,
      messages: [weatherQuestion, ...turn],
      tools,
    });
    expect(answer.content).toMatchObject([{ type: "text", text: provider.weatherAnswer }]);
  });

  test("a streamed tool call", async () => {
    const stream = client.messages.stream({ model, max_tokens, messages: [weatherQuestion], tools });
    expect((await stream.finalMessage()).content).toMatchObject([
      { type: "tool_use", input: { city: "Paris" } },
    ]);
  });

  test("models: none are listed where every model is accepted", async () => {
    expect(await Array.fromAsync(client.models.list())).toEqual([]);
  });

  test("an error of the provider is the SDK's error", async () => {
    const messages = [{ role: "user" as const, content: "too much" }];
    const error = await client.messages
      .create({ model, max_tokens, messages })
      .then(undefined, (error: unknown) => error);
    expect(error).toBeInstanceOf(Anthropic.RateLimitError);
    expect(String(error)).toContain("Slow down");
  });

  test("an error of the gateway is the SDK's error", async () => {
    const body = { max_tokens, messages: hello };
    const error = await client.post("/v1/messages", { body }).then(undefined, (error: unknown) => error);
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(String(error)).toContain("model field is required");
  });
});
