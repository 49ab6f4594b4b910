import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import OpenAI from "openai";
import type { Schema } from "../../model/ai.ts";
import { countAt } from "../anthropic/count.ts";
import { type AnthropicHost, invokeHost, nativeHost, vertexHost } from "../anthropic/hosts.ts";
import type { IrUsage } from "../ir/usage.ts";
import type { Meter } from "../passage.ts";
import { bytesOf, clientRequest, deepFreeze } from "../testing.ts";
import { translateWhole } from "../whole.ts";
import { inputTokensClient } from "./count.ts";

const asked = {
  instructions: "Be brief.",
  input: "Which river?",
  tools: [{ type: "function", name: "f", description: "Finds.", parameters: { type: "object" } }],
  tool_choice: "required",
  max_output_tokens: 5,
  temperature: 0.5,
};
const counted = {
  system: "Be brief.",
  messages: [{ role: "user", content: [{ type: "text", text: "Which river?" }] }],
  tools: [{ name: "f", description: "Finds.", input_schema: { type: "object" } }],
  tool_choice: { type: "any", disable_parallel_tool_use: false },
};

function ask(host: AnthropicHost, schema: Schema, model: string, body: object = asked) {
  const passage = translateWhole(inputTokensClient, countAt(host), host);
  const request = deepFreeze(clientRequest("responses-input-tokens", { model, ...body }));
  const sent = passage.request(request, { schema, model });
  return { passage, request, sent, json: JSON.parse(new TextDecoder().decode(sent.body)) };
}

describe("the tokens of an input are counted", () => {
  test("by Anthropic", () => {
    const { sent, json } = ask(nativeHost, { name: "Anthropic", prefix: "v1" }, "claude-opus-4-8");
    expect(sent.path).toBe("/v1/messages/count_tokens");
    expect(sent.set).toContainEqual(["anthropic-version", "2023-06-01"]);
    expect(json).toEqual({ model: "claude-opus-4-8", ...counted });
  });

  test("by Vertex AI, which knows models without their suffix", () => {
    const { sent, json } = ask(vertexHost, { name: "GCPAnthropic" }, "claude-opus-4-6@default");
    expect(sent.path).toBe("publishers/anthropic/models/count-tokens:rawPredict");
    expect(json).toEqual({ model: "claude-opus-4-6", ...counted, anthropic_version: "vertex-2023-10-16" });
  });

  test("by Bedrock, which knows models without their region", () => {
    const { sent, json } = ask(invokeHost, { name: "AWSAnthropic" }, "us.anthropic.claude-opus-4-5-v1:0");
    expect(sent.path).toBe("/model/anthropic.claude-opus-4-5-v1:0/count-tokens");
    expect(JSON.parse(Buffer.from(json.input.invokeModel.body, "base64").toString())).toEqual({
      ...counted,
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 1,
    });
  });

  test("not of what was kept elsewhere", () => {
    const body = { previous_response_id: "resp_1" };
    expect(() => ask(nativeHost, { name: "Anthropic" }, "m", body)).toThrow("previous_response_id");
  });
});

const answers = [
  { name: "Anthropic's", host: nativeHost, body: { input_tokens: 42 } },
  { name: "Bedrock's", host: invokeHost, body: { inputTokens: 42 } },
];
test.each(answers)("$name count is what OpenAI's SDK reads", async ({ host, body }) => {
  const told: IrUsage[] = [];
  const meter: Meter = {
    usage: (usage) => told.push(usage),
    model() {},
    firstToken() {},
    complete() {},
    failed() {},
  };
  const fetch = async (_url: unknown, init?: { body?: unknown }) => {
    const schema: Schema = { name: "Anthropic" };
    const { passage, request } = ask(host, schema, "claude-x", JSON.parse(String(init?.body)));
    const plan = passage.answer(request, { schema, model: "claude-x" }, meter).success({
      status: 200,
      headers: new Headers(),
      isEncoded: false,
    });
    if (plan.type !== "whole") throw new Error(plan.type);
    const text = new TextDecoder().decode(plan.read(bytesOf(JSON.stringify(body)))?.body);
    return new Response(text, { headers: { "content-type": "application/json" } });
  };
  const sdk = new OpenAI({ apiKey: "unused", fetch });
  const count = await sdk.responses.inputTokens.count({ model: "claude-x", input: "Which river?" });
  expect(count).toMatchObject({ object: "response.input_tokens", input_tokens: 42 });
  expect(told).toEqual([{ inputTokens: 42 }]);
});

test("an answer without a count is none", () => {
  expect(() =>
    countAt(nativeHost).readResponse("{}", { requestModel: "m", answerHeaders: new Headers() }),
  ).toThrow(expect.objectContaining({ code: "bad_upstream_answer" }));
});
