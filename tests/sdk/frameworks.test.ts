/** Frameworks that agents are built with, through aigw to providers whose API they do not speak. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool as langchainTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, isStepCount, type LanguageModel, Output, streamText, tool } from "ai";
import { z } from "zod";
import { backends, googleToken, limitMs, type Matrix, startMatrix } from "./matrix.ts";
import { greeting, sum, weather } from "./providers.ts";

const city = z.object({ city: z.string() });
const answer = z.object({ answer: z.number() });
const question = "What is the weather in Paris and Rome?";
let matrix: Matrix;

// The AI SDK says on stderr which models it does not know.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

beforeAll(async () => {
  matrix = await startMatrix();
}, limitMs);
afterAll(() => matrix?.[Symbol.asyncDispose]());

const settings = { apiKey: "of-the-client", headers: googleToken };
const aiModels = [
  {
    framework: "AI SDK with OpenAI's chat",
    own: ["OpenAI"],
    open: (model: string): LanguageModel =>
      createOpenAI({ ...settings, baseURL: `${matrix.url}/v1` }).chat(model),
  },
  {
    framework: "AI SDK with OpenAI's responses",
    own: ["OpenAI", "AzureOpenAI"],
    open: (model: string): LanguageModel =>
      createOpenAI({ ...settings, baseURL: `${matrix.url}/v1` }).responses(model),
  },
  {
    framework: "AI SDK with Anthropic's messages",
    own: ["Anthropic"],
    open: (model: string): LanguageModel =>
      createAnthropic({ ...settings, baseURL: `${matrix.url}/anthropic/v1` })(model),
  },
];

const pairs = aiModels.flatMap((item) =>
  backends.filter(({ backend }) => !item.own.includes(backend)).map((target) => ({ ...item, ...target })),
);

describe.each(pairs)("$framework to $backend:", ({ open, model }) => {
  test("text, whole and streamed", async () => {
    const whole = await generateText({ model: open(model), prompt: "hello", maxRetries: 0 });
    expect(whole).toMatchObject({ text: greeting, finishReason: "stop" });
    const streamed = streamText({ model: open(model), prompt: "hello", maxRetries: 0 });
    expect(await streamed.text).toBe(greeting);
    expect((await streamed.usage).outputTokens).toBeNumber();
  });

  test.each(["whole", "streamed"])("an agent with a tool, %s", async (kind) => {
    const asked: string[] = [];
    const call = {
      model: open(model),
      prompt: question,
      maxRetries: 0,
      stopWhen: isStepCount(3),
      tools: {
        get_weather: tool({
          description: "Tells the weather of a city.",
          inputSchema: city,
          execute: ({ city }) => {
            asked.push(city);
            return `cloudy in ${city}`;
          },
        }),
      },
    };
    const text = kind === "whole" ? (await generateText(call)).text : await streamText(call).text;
    expect(text).toBe(weather);
    expect(asked.sort()).toEqual(["Paris", "Rome"]);
  });

  test("thinking", async () => {
    const { text } = await generateText({
      model: open(model),
      prompt: "Think, then say hello.",
      maxRetries: 0,
    });
    expect(text).toBe(greeting);
    const streamed = streamText({ model: open(model), prompt: "Think, then say hello.", maxRetries: 0 });
    expect(await streamed.text).toBe(greeting);
  });

  test("an object", async () => {
    const { output } = await generateText({
      model: open(model),
      prompt: "Sum of 40 and 2?",
      maxRetries: 0,
      output: Output.object({ schema: answer }),
    });
    expect(output).toEqual(sum);
  });
});

describe.each(backends.filter(({ backend }) => backend !== "OpenAI"))(
  "LangChain to $backend:",
  ({ model }) => {
    const open = () =>
      new ChatOpenAI({
        model,
        apiKey: settings.apiKey,
        maxRetries: 0,
        configuration: { baseURL: `${matrix.url}/v1`, defaultHeaders: googleToken },
      });

    test("text, whole and streamed", async () => {
      expect((await open().invoke("hello")).text).toBe(greeting);
      const pieces = await Array.fromAsync(await open().stream("hello"));
      expect(pieces.map(({ text }) => text).join("")).toBe(greeting);
    });

    test("a tool and its result", async () => {
      const weatherTool = langchainTool(({ city }) => `cloudy in ${city}`, {
        name: "get_weather",
        schema: city,
      });
      const bound = open().bindTools([weatherTool]);
      const asked = await bound.invoke(question);
      expect(asked.tool_calls?.map(({ args }) => args["city"])).toEqual(["Paris", "Rome"]);
      const results = (asked.tool_calls ?? []).map(
        ({ id, args }) => new ToolMessage({ tool_call_id: id ?? "", content: `cloudy in ${args["city"]}` }),
      );
      expect((await bound.invoke([new HumanMessage(question), asked, ...results])).text).toBe(weather);
    });

    test("an object", async () => {
      expect(await open().withStructuredOutput(answer, { name: "sum" }).invoke("Sum of 40 and 2?")).toEqual(
        sum,
      );
    });
  },
);
