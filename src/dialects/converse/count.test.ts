import { describe, expect, test } from "bun:test";
import { ExchangeFailure } from "../../model/failure.ts";
import { clientRequest, deepFreeze } from "../testing.ts";
import { countTokensClient, tokenizeClient } from "../token-count/index.ts";
import { converseCount } from "./count.ts";
import { converseHost } from "./host.ts";

const sonnet = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

function write(
  client: typeof countTokensClient,
  endpoint: "count-tokens" | "tokenize",
  model: string,
  body: object | string,
  headers: Record<string, string> = {},
) {
  const request = clientRequest(endpoint, body, headers);
  const question = deepFreeze(client.readRequest(request));
  const target = {
    schema: { name: "AWSBedrock" },
    model,
    headers: request.headers,
    host: converseHost,
  } as const;
  return converseCount.writeRequest(question, target);
}

const countTokens = (model: string, body: object | string, headers?: Record<string, string>) =>
  write(countTokensClient, "count-tokens", model, body, headers);
const tokenize = (model: string, body: object) => write(tokenizeClient, "tokenize", model, body);

function invoked(body: string): string {
  return Buffer.from(JSON.parse(body).input.invokeModel.body, "base64").toString();
}

const paths: [model: string, base: string][] = [
  [sonnet, "anthropic.claude-sonnet-4-5-20250929-v1:0"],
  ["anthropic.claude-x", "anthropic.claude-x"],
  ["arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-x", "anthropic.claude-x"],
  ["us-gov.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"],
  ["global.amazon.nova-2-lite-v1:0", "amazon.nova-2-lite-v1:0"],
  ["my model", "my%20model"],
];

describe("converseCount", () => {
  test.each(paths)("counts for %s with the base model %s", (model, base) => {
    const { path } = countTokens(model, { model, messages: [] });
    expect(path).toBe(`/model/${base}/count-tokens`);
  });

  test("gives Claude Anthropic's words as they are, with all that they say", () => {
    const body =
      '{"model":"m","stream":false,"messages":[{"role":"user","content":[{"type":"hologram","n":12345678901234567890}]}],"tools":[{"type":"bash_20250124","name":"bash"}]}';
    const { body: written } = countTokens(sonnet, body, {
      "anthropic-beta": "context-1m-2025-08-07,files-api-2025-04-14",
    });
    expect(invoked(written)).toBe(
      '{"messages":[{"role":"user","content":[{"type":"hologram","n":12345678901234567890}]}],"tools":[{"type":"bash_20250124","name":"bash"}],"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"anthropic_beta":["context-1m-2025-08-07"]}',
    );
  });

  test("gives other models the conversation in Converse's words", () => {
    const { body } = countTokens("amazon.nova-pro-v1:0", {
      model: "m",
      system: "Be brief.",
      messages: [{ role: "user", content: "Hi." }],
      tools: [{ name: "f", input_schema: { type: "object" } }],
    });
    expect(JSON.parse(body)).toEqual({
      input: {
        converse: {
          messages: [{ role: "user", content: [{ text: "Hi." }] }],
          system: [{ text: "Be brief." }],
          toolConfig: { tools: [{ toolSpec: { name: "f", inputSchema: { json: { type: "object" } } } }] },
        },
      },
    });
  });

  test("counts a chat and a prompt alike", () => {
    const chat = tokenize(sonnet, { model: "m", messages: [{ role: "user", content: "Hi." }] });
    const prompt = tokenize(sonnet, { model: "m", prompt: "Hi." });
    expect(prompt).toEqual(chat);
    expect(JSON.parse(prompt.body)).toEqual({
      input: { converse: { messages: [{ role: "user", content: [{ text: "Hi." }] }] } },
    });
  });

  test.each(["{}", '{"inputTokens":"4"}', "oops"])("fails on %s, which has no count", (text) => {
    const context = { requestModel: "m", answerHeaders: new Headers() };
    expect(() => converseCount.readResponse(text, context)).toThrow(ExchangeFailure);
  });
});
