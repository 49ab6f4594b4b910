/** OpenAI's Agents SDK, in both of its APIs, through aigw to every provider of chat models. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  Agent,
  OpenAIChatCompletionsModel,
  OpenAIResponsesModel,
  Runner,
  setTracingDisabled,
  tool,
} from "@openai/agents";
import OpenAI from "openai";
import { z } from "zod";
import { backends, googleToken, limitMs, type Matrix, startMatrix } from "./matrix.ts";
import { greeting, sum, weather } from "./providers.ts";

const question = "What is the weather in Paris and Rome?";
let matrix: Matrix;
let client: OpenAI;

// Or it would tell OpenAI what it does.
setTracingDisabled(true);

beforeAll(async () => {
  matrix = await startMatrix();
  client = new OpenAI({
    baseURL: `${matrix.url}/v1`,
    apiKey: "of-the-client",
    maxRetries: 0,
    defaultHeaders: googleToken,
  });
}, limitMs);
afterAll(() => matrix?.[Symbol.asyncDispose]());

const apis = [
  { api: "chat", open: (name: string) => new OpenAIChatCompletionsModel(client, name) },
  { api: "responses", open: (name: string) => new OpenAIResponsesModel(client, name) },
];

describe.each(apis.flatMap((item) => backends.map((target) => ({ ...item, ...target }))))(
  "agents that ask $backend by $api:",
  ({ open, model }) => {
    const runner = new Runner();

    test("an answer, whole and streamed", async () => {
      const agent = new Agent({ name: "a", instructions: "Be brief.", model: open(model) });
      expect((await runner.run(agent, "hello")).finalOutput).toBe(greeting);
      const streamed = await runner.run(agent, "hello", { stream: true });
      const pieces = await Array.fromAsync(streamed.toTextStream());
      expect(pieces.join("")).toBe(greeting);
      expect(pieces.length).toBeGreaterThan(1);
      expect(streamed.finalOutput).toBe(greeting);
    });

    test.each([false, true])("a loop with a tool, streamed: %p", async (isStream) => {
      const asked: string[] = [];
      const getWeather = tool({
        name: "get_weather",
        description: "Tells the weather of a city.",
        parameters: z.object({ city: z.string() }),
        execute: ({ city }) => {
          asked.push(city);
          return `cloudy in ${city}`;
        },
      });
      const agent = new Agent({ name: "a", model: open(model), tools: [getWeather] });
      if (isStream) {
        const streamed = await runner.run(agent, question, { stream: true });
        await streamed.completed;
        expect(streamed.finalOutput).toBe(weather);
      } else expect((await runner.run(agent, question)).finalOutput).toBe(weather);
      expect(asked.sort()).toEqual(["Paris", "Rome"]);
    });

    test("an object", async () => {
      const outputType = z.object({ answer: z.number() });
      const agent = new Agent({ name: "a", model: open(model), outputType });
      expect((await runner.run(agent, "Sum of 40 and 2?")).finalOutput).toEqual(sum);
    });
  },
);
