/**
 * The SDKs of AWS and Google against the providers of these tests: what the gateway translates is what their own parsers
 * take for an answer. And what they send for a conversation is what the gateway sends for the same one.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  type ConverseRequest,
  ConverseStreamCommand,
  InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { GoogleGenAI } from "@google/genai";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import OpenAI from "openai";
import { googleToken, limitMs, type Matrix, startMatrix } from "./matrix.ts";
import { calls, greeting } from "./providers.ts";

let matrix: Matrix;
let aws: BedrockRuntimeClient;
let google: GoogleGenAI;
let client: OpenAI;

const claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const gemini = "gemini-2.5-flash";

beforeAll(async () => {
  matrix = await startMatrix();
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  // Bedrock is HTTP/2 for its SDK, unless told otherwise.
  const requestHandler = new NodeHttpHandler();
  aws = new BedrockRuntimeClient({
    region: "us-east-1",
    endpoint: matrix.providers.url,
    credentials,
    requestHandler,
  });
  google = new GoogleGenAI({
    vertexai: true,
    apiKey: "unused",
    httpOptions: { baseUrl: `${matrix.providers.url}/v1/projects/p/locations/l`, apiVersion: "" },
  });
  client = new OpenAI({
    baseURL: `${matrix.url}/v1`,
    apiKey: "x",
    maxRetries: 0,
    defaultHeaders: googleToken,
  });
}, limitMs);
afterAll(() => matrix?.[Symbol.asyncDispose]());

const weatherSchema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const question = "What is the weather in Paris and Rome?";

/** The conversation as an OpenAI client has it. */
const chat: Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "model"> = {
  max_tokens: 100,
  temperature: 0.5,
  stop: ["END"],
  messages: [
    { role: "system", content: "Be brief." },
    {
      role: "user",
      content: [
        { type: "text", text: question },
        { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } },
      ],
    },
    {
      role: "assistant",
      content: null,
      tool_calls: [
        { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Bonn"}' } },
      ],
    },
    { role: "tool", tool_call_id: "call_1", content: "rain" },
  ],
  tools: [
    { type: "function", function: { name: "get_weather", description: "d", parameters: weatherSchema } },
  ],
  tool_choice: "required",
};

/** And as AWS's has it. */
const converse: Omit<ConverseRequest, "modelId"> = {
  system: [{ text: "Be brief." }],
  messages: [
    {
      role: "user",
      content: [
        { text: question },
        { image: { format: "png", source: { bytes: Buffer.from("iVBORw0KGgo=", "base64") } } },
      ],
    },
    {
      role: "assistant",
      content: [{ toolUse: { toolUseId: "call_1", name: "get_weather", input: { city: "Bonn" } } }],
    },
    { role: "user", content: [{ toolResult: { toolUseId: "call_1", content: [{ text: "rain" }] } }] },
  ],
  inferenceConfig: { maxTokens: 100, temperature: 0.5, stopSequences: ["END"] },
  toolConfig: {
    tools: [{ toolSpec: { name: "get_weather", description: "d", inputSchema: { json: weatherSchema } } }],
    toolChoice: { any: {} },
  },
};

function sentBody(): unknown {
  const [body] = matrix.providers.takeBodies().slice(-1);
  return JSON.parse(body!.json);
}

describe("AWS's SDK", () => {
  test("sends for a conversation what the gateway sends for the same one", async () => {
    await aws.send(new ConverseCommand({ modelId: claude, ...converse }));
    const want = sentBody();
    await client.chat.completions.create({ model: claude, ...chat });
    expect(sentBody()).toEqual(want);
  });

  test("reads whole answers and streams of Converse", async () => {
    const ask = { modelId: claude, messages: [{ role: "user" as const, content: [{ text: "hello" }] }] };
    const { output, stopReason } = await aws.send(new ConverseCommand(ask));
    expect([stopReason, output?.message?.content?.[0]?.text]).toEqual(["end_turn", greeting]);
    const { stream } = await aws.send(new ConverseStreamCommand(ask));
    const events = await Array.fromAsync(stream!);
    expect(events.map(({ contentBlockDelta }) => contentBlockDelta?.delta?.text ?? "").join("")).toBe(
      greeting,
    );
    expect(events.at(-1)?.metadata?.usage?.outputTokens).toBeNumber();
  });

  test("reads calls of Converse", async () => {
    const { output } = await aws.send(
      new ConverseCommand({
        modelId: claude,
        ...converse,
        messages: [{ role: "user", content: [{ text: question }] }],
      }),
    );
    const uses = (output?.message?.content ?? []).filter(
      (block): block is ContentBlock.ToolUseMember => "toolUse" in block,
    );
    expect(
      uses.map(({ toolUse }) => ({ name: toolUse.name!, arguments: JSON.stringify(toolUse.input) })),
    ).toEqual(calls);
  });

  test("reads streams of InvokeModel", async () => {
    const message = {
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 9,
      messages: [{ role: "user", content: "hello" }],
    };
    const command = new InvokeModelWithResponseStreamCommand({
      modelId: claude,
      body: JSON.stringify(message),
    });
    const { body } = await aws.send(command);
    const events = (await Array.fromAsync(body!)).map(({ chunk }) =>
      JSON.parse(Buffer.from(chunk!.bytes!).toString()),
    );
    expect(events.map(({ delta }) => delta?.text ?? "").join("")).toBe(greeting);
  });
});

/** For calls that Gemini did not make itself, in Google's own words: `skip_thought_signature_validator`. */
const skipped = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

describe("Google's SDK", () => {
  test("sends for a conversation what the gateway sends for the same one", async () => {
    await google.models.generateContent({
      model: gemini,
      contents: [
        {
          role: "user",
          parts: [{ text: question }, { inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }],
        },
        {
          role: "model",
          parts: [
            { functionCall: { name: "get_weather", args: { city: "Bonn" } }, thoughtSignature: skipped },
          ],
        },
        {
          role: "user",
          parts: [{ functionResponse: { name: "get_weather", response: { output: "rain" } } }],
        },
      ],
      config: {
        systemInstruction: { parts: [{ text: "Be brief." }] },
        maxOutputTokens: 100,
        temperature: 0.5,
        stopSequences: ["END"],
        tools: [
          {
            functionDeclarations: [
              { name: "get_weather", description: "d", parametersJsonSchema: weatherSchema },
            ],
          },
        ],
        toolConfig: { functionCallingConfig: { mode: "ANY" as never } },
      },
    });
    const want = sentBody();
    await client.chat.completions.create({ model: gemini, ...chat });
    expect(sentBody()).toEqual(want);
  });

  test("reads whole answers and streams", async () => {
    const ask = { model: gemini, contents: "hello" };
    expect((await google.models.generateContent(ask)).text).toBe(greeting);
    const events = await Array.fromAsync(await google.models.generateContentStream(ask));
    expect(events.map(({ text }) => text ?? "").join("")).toBe(greeting);
  });
});
