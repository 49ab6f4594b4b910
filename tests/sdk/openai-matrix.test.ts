/** The official OpenAI SDK through aigw to every provider. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import type { RunnableToolFunctionWithParse } from "openai/lib/RunnableFunction";
import { z } from "zod";
import { onEachEngine } from "../support/engines.ts";
import { judgeBodies } from "../support/published-types.ts";
import { backends, googleToken, limitMs, type Matrix, startMatrix } from "./matrix.ts";
import { calls, greeting, sum, weather } from "./providers.ts";

const hello = [{ role: "user" as const, content: "hello" }];
const weatherTool = {
  name: "get_weather",
  description: "Tells the weather of a city.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

onEachEngine((engine) => {
  let matrix: Matrix;
  let client: OpenAI;

  beforeAll(async () => {
    matrix = await startMatrix(engine);
    client = new OpenAI({
      baseURL: `${matrix.url}/v1`,
      apiKey: "of-the-client",
      maxRetries: 0,
      defaultHeaders: googleToken,
    });
  }, limitMs);
  afterAll(() => matrix?.[Symbol.asyncDispose]());

  describe.each([...backends])("OpenAI SDK to $backend:", ({ model }) => {
    test("a chat", async () => {
      const answer = await client.chat.completions.create({ model, messages: hello, temperature: 0.5 });
      expect(answer.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: greeting } });
    });

    test("a stream, with usage last", async () => {
      const stream = await client.chat.completions.create({
        model,
        messages: hello,
        stream: true,
        stream_options: { include_usage: true },
      });
      const chunks = await Array.fromAsync(stream);
      expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe(greeting);
      expect(chunks.at(-1)?.usage?.total_tokens).toBeNumber();
      expect(chunks.slice(0, -1).every(({ usage }) => usage == null)).toBe(true);
    });

    test.each([false, true])("two tools in a loop, streamed: %p", async (isStream) => {
      const asked: string[] = [];
      const tools: RunnableToolFunctionWithParse<{ city: string }>[] = [
        {
          type: "function",
          function: {
            ...weatherTool,
            parse: JSON.parse,
            function({ city }) {
              asked.push(city);
              return `cloudy in ${city}`;
            },
          },
        },
      ];
      const messages = [{ role: "user" as const, content: "What is the weather in Paris and Rome?" }];
      const runner = isStream
        ? client.chat.completions.runTools({ model, messages, tools, stream: true })
        : client.chat.completions.runTools({ model, messages, tools });
      expect(await runner.finalContent()).toBe(weather);
      expect(asked).toEqual(calls.map((call) => JSON.parse(call.arguments).city));
    });

    test("structured output", async () => {
      const answer = await client.chat.completions.parse({
        model,
        messages: [{ role: "user", content: "Sum of 40 and 2?" }],
        response_format: zodResponseFormat(z.object({ answer: z.number() }), "sum"),
      });
      expect(answer.choices[0]).toMatchObject({ finish_reason: "stop", message: { parsed: sum } });
    });

    test("a client that leaves takes the provider's answer with it", async () => {
      const aborted = matrix.providers.nextAbort();
      const messages = [{ role: "user" as const, content: "Count slowly." }];
      const stream = await client.chat.completions.create({ model, messages, stream: true });
      for await (const _ of stream) break;
      await aborted;
    });

    test("an error is the SDK's error", async () => {
      const messages = [{ role: "user" as const, content: "too much" }];
      const error = await client.chat.completions
        .create({ model, messages })
        .then(undefined, (error) => error);
      expect(error).toBeInstanceOf(OpenAI.RateLimitError);
      expect(String(error)).toContain("Slow down");
    });
  });

  describe.each([...backends])("OpenAI SDK's responses to $backend:", ({ model }) => {
    test("a response, whole and streamed", async () => {
      const whole = await client.responses.create({ model, input: "hello", instructions: "Be brief." });
      expect(whole).toMatchObject({ status: "completed", output_text: greeting });
      const stream = client.responses.stream({ model, input: "hello" });
      expect((await stream.finalResponse()).output_text).toBe(greeting);
    });

    test.each([false, true])("two tools in a loop, streamed: %p", async (isStream) => {
      const tools = [{ type: "function" as const, strict: false, ...weatherTool }];
      const ask = (input: OpenAI.Responses.ResponseInput): Promise<OpenAI.Responses.Response> =>
        isStream
          ? client.responses.stream({ model, input, tools }).finalResponse()
          : client.responses.create({ model, input, tools });
      const input: OpenAI.Responses.ResponseInput = [
        { role: "user", content: "What is the weather in Paris and Rome?" },
      ];
      const { output } = await ask(input);
      const made = output.filter((item) => item.type === "function_call");
      expect(made.map(({ name, arguments: text }) => ({ name, arguments: text }))).toEqual(calls);
      // As the API has them: the SDK's streams add members of their own.
      for (const { call_id, name, arguments: text } of made)
        input.push({ type: "function_call", call_id, name, arguments: text });
      for (const { call_id } of made) input.push({ type: "function_call_output", call_id, output: "cloudy" });
      expect((await ask(input)).output_text).toBe(weather);
    });

    test("structured output", async () => {
      const answer = await client.responses.parse({
        model,
        input: "Sum of 40 and 2?",
        text: { format: zodTextFormat(z.object({ answer: z.number() }), "sum") },
      });
      expect(answer.output_parsed).toEqual(sum);
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
