/** The official Anthropic SDK through aigw to every provider. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import { onEachEngine } from "../support/engines.ts";
import { judgeBodies } from "../support/published-types.ts";
import { backends, googleToken, limitMs, type Matrix, startMatrix } from "./matrix.ts";
import { calls, greeting, sum, weather } from "./providers.ts";

const max_tokens = 2048;
const hello = [{ role: "user" as const, content: "hello" }];
const tools: Anthropic.Tool[] = [
  {
    name: "get_weather",
    description: "Tells the weather of a city.",
    input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
];
const sumSchema = {
  type: "object",
  properties: { answer: { type: "number" } },
  required: ["answer"],
  additionalProperties: false,
};
function textOf({ content }: Anthropic.Message): string {
  return content.map((block) => (block.type === "text" ? block.text : "")).join("");
}

onEachEngine((engine) => {
  let matrix: Matrix;
  let client: Anthropic;

  beforeAll(async () => {
    matrix = await startMatrix(engine);
    client = new Anthropic({
      baseURL: `${matrix.url}/anthropic`,
      apiKey: "of-the-client",
      maxRetries: 0,
      defaultHeaders: googleToken,
    });
  }, limitMs);
  afterAll(() => matrix?.[Symbol.asyncDispose]());

  describe.each([...backends])("Anthropic SDK to $backend:", ({ model }) => {
    const ask = (
      isStream: boolean,
      body: Omit<Anthropic.MessageCreateParamsNonStreaming, "model" | "max_tokens">,
    ) =>
      isStream
        ? client.messages.stream({ model, max_tokens, ...body }).finalMessage()
        : client.messages.create({ model, max_tokens, ...body });

    test.each([false, true])("a message, streamed: %p", async (isStream) => {
      const message = await ask(isStream, { messages: hello, system: "Be brief." });
      expect(textOf(message)).toBe(greeting);
      expect(message).toMatchObject({ type: "message", role: "assistant", stop_reason: "end_turn" });
      expect(message.usage.output_tokens).toBeNumber();
    });

    test.each([false, true])("two tools in a loop, streamed: %p", async (isStream) => {
      const messages: Anthropic.MessageParam[] = [
        { role: "user", content: "What is the weather in Paris and Rome?" },
      ];
      const asked = await ask(isStream, { messages, tools });
      const uses = asked.content.filter((block) => block.type === "tool_use");
      expect(asked.stop_reason).toBe("tool_use");
      expect(uses.map(({ name, input }) => ({ name, arguments: JSON.stringify(input) }))).toEqual(calls);
      expect(new Set(uses.map(({ id }) => id)).size).toBe(2);
      const content = uses.map(({ id }) => ({
        type: "tool_result" as const,
        tool_use_id: id,
        content: "cloudy",
      }));
      messages.push({ role: "assistant", content: asked.content }, { role: "user", content });
      expect(textOf(await ask(isStream, { messages, tools }))).toBe(weather);
    });

    test.each([false, true])("thinking that goes back in the next turn, streamed: %p", async (isStream) => {
      const thinking = { type: "enabled" as const, budget_tokens: 1024 };
      const messages: Anthropic.MessageParam[] = [{ role: "user", content: "Think, then say hello." }];
      const first = await ask(isStream, { messages, thinking });
      expect(textOf(first)).toBe(greeting);
      messages.push(
        { role: "assistant", content: first.content },
        { role: "user", content: "And say hello again." },
      );
      expect(textOf(await ask(isStream, { messages, thinking }))).toBe(greeting);
    });

    test("structured output", async () => {
      const message = await ask(false, {
        messages: [{ role: "user", content: "Sum of 40 and 2?" }],
        output_config: { format: { type: "json_schema", schema: sumSchema } },
      });
      expect(JSON.parse(textOf(message))).toEqual(sum);
    });

    test("a client that leaves takes the provider's answer with it", async () => {
      const aborted = matrix.providers.nextAbort();
      const messages = [{ role: "user" as const, content: "Count slowly." }];
      const stream = await client.messages.create({ model, max_tokens, messages, stream: true });
      for await (const event of stream) if (event.type === "content_block_delta") break;
      await aborted;
    });

    test("an error is the SDK's error", async () => {
      const error = await ask(false, { messages: [{ role: "user", content: "too much" }] }).then(
        undefined,
        (error: unknown) => error,
      );
      expect(error).toBeInstanceOf(Anthropic.RateLimitError);
      expect(String(error)).toContain("Slow down");
    });
  });

  test(
    "what was sent is of the types that the providers publish",
    async () => {
      const bodies = matrix.providers.takeBodies();
      expect(new Set(bodies.map(({ type }) => type)).size).toBeGreaterThan(5);
      expect(await judgeBodies(bodies)).toEqual([]);
    },
    limitMs,
  );
});
