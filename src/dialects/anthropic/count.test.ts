import { describe, expect, test } from "bun:test";
import type { Schema, SchemaName } from "../../model/ai.ts";
import type { IrUsage } from "../ir/usage.ts";
import type { EndpointName, Meter } from "../passage.ts";
import { bytesOf, clientRequest, deepFreeze } from "../testing.ts";
import { translatedPassages } from "../translated.ts";
import { decodeText } from "../wire/text.ts";

type Counting = EndpointName & ("count-tokens" | "tokenize");

function passageOf(name: SchemaName, endpoint: Counting) {
  const passage = translatedPassages[name]?.[endpoint];
  if (passage === undefined) throw new Error(`${name} does not serve ${endpoint}`);
  return passage;
}

function ask(schema: Schema, endpoint: Counting, model: string, body: object | string, headers = {}) {
  const request = deepFreeze(clientRequest(endpoint, body, headers));
  const {
    path,
    set,
    remove,
    body: bytes,
  } = passageOf(schema.name, endpoint).request(request, { schema, model });
  return { path, set, remove, text: decodeText(bytes!) };
}

function reader(name: SchemaName, endpoint: Counting, meter: Partial<Meter> = {}) {
  const request = clientRequest(endpoint, { model: "m", messages: [], prompt: "x" });
  const silent: Meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };
  return passageOf(name, endpoint).answer(request, { schema: { name }, model: "m" }, { ...silent, ...meter });
}

const head = { status: 200, headers: new Headers(), isEncoded: false };

function answer(
  name: SchemaName,
  endpoint: Counting,
  text: string,
  meter?: Partial<Meter>,
): string | undefined {
  const plan = reader(name, endpoint, meter).success(head);
  if (plan.type !== "whole") throw new Error(plan.type);
  const replacement = plan.read(bytesOf(text));
  return replacement && decodeText(replacement.body);
}

const odd =
  '{"model":"m","messages":[{"role":"user","content":[{"type":"hologram","n":12345678901234567890}]}]}';

describe("count_tokens at Vertex AI", () => {
  const schema: Schema = { name: "GCPAnthropic" };

  test("keeps all that the client wrote, and adds the version and the model", () => {
    const { path, text } = ask(schema, "count-tokens", "claude-x@20260101", odd);
    expect(path).toBe("publishers/anthropic/models/count-tokens:rawPredict");
    expect(text).toBe(
      '{"model":"claude-x@20260101","messages":[{"role":"user","content":[{"type":"hologram","n":12345678901234567890}]}],"anthropic_version":"vertex-2023-10-16"}',
    );
  });

  test.each([
    ["claude-x@default", "claude-x"],
    ["claude-x@latest", "claude-x"],
    ["claude-x@latest@default", "claude-x"],
    ["claude-x@20260101", "claude-x@20260101"],
  ])("counts for %s with %s", (model, named) => {
    expect(JSON.parse(ask(schema, "count-tokens", model, odd).text).model).toBe(named);
  });

  test("takes the version of the schema", () => {
    const { text } = ask({ ...schema, version: "v-9" }, "tokenize", "m", { model: "m", prompt: "x" });
    expect(JSON.parse(text).anthropic_version).toBe("v-9");
  });

  test("gives the answer as it came, and counts it", () => {
    const seen: IrUsage[] = [];
    const usage = (counts: IrUsage) => seen.push(counts);
    expect(answer("GCPAnthropic", "count-tokens", '{"input_tokens":42}', { usage })).toBeUndefined();
    expect(answer("GCPAnthropic", "count-tokens", "odd", { usage })).toBeUndefined();
    expect(seen).toEqual([{ inputTokens: 42 }]);
  });
});

describe("count_tokens at Bedrock's InvokeModel", () => {
  const invoked = (text: string) => Buffer.from(JSON.parse(text).input.invokeModel.body, "base64").toString();

  test("wraps all that the client wrote, with the beta flags that Bedrock knows", () => {
    const headers = { "anthropic-beta": "context-1m-2025-08-07,files-api-2025-04-14" };
    const { path, remove, text } = ask(
      { name: "AWSAnthropic" },
      "count-tokens",
      "eu.anthropic.claude-x-v1:0",
      odd,
      headers,
    );
    expect(path).toBe("/model/anthropic.claude-x-v1:0/count-tokens");
    expect(remove).toEqual(["anthropic-version", "anthropic-beta"]);
    expect(invoked(text)).toBe(
      '{"messages":[{"role":"user","content":[{"type":"hologram","n":12345678901234567890}]}],"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"anthropic_beta":["context-1m-2025-08-07"]}',
    );
  });

  test("tells the count in Anthropic's words", () => {
    expect(answer("AWSAnthropic", "count-tokens", '{"inputTokens":42}')).toBe('{"input_tokens":42}');
    expect(() => answer("AWSAnthropic", "count-tokens", "{}")).toThrow("has no count of tokens");
  });
});

describe("tokenize at Claude", () => {
  const chat = {
    model: "m",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "developer", content: "Very." },
      { role: "user", content: "Hi." },
    ],
    tools: [{ type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } }],
  };

  test("counts descriptions of tools, and several system messages", () => {
    const { path, set, text } = ask({ name: "Anthropic", prefix: "up/v1" }, "tokenize", "claude-x", chat);
    expect(path).toBe("/up/v1/messages/count_tokens");
    expect(set).toContainEqual(["anthropic-version", "2023-06-01"]);
    expect(JSON.parse(text)).toEqual({
      model: "claude-x",
      messages: [{ role: "user", content: [{ type: "text", text: "Hi." }] }],
      system: [
        { type: "text", text: "Be brief." },
        { type: "text", text: "Very." },
      ],
      tools: [{ name: "f", description: "d", input_schema: { type: "object" } }],
    });
  });

  test.each([
    ["Anthropic", '{"input_tokens":42}'],
    ["GCPAnthropic", '{"input_tokens":42}'],
    ["AWSAnthropic", '{"inputTokens":42}'],
  ] as const)("tells the count of %s", (name, text) => {
    expect(JSON.parse(answer(name, "tokenize", text)!)).toEqual({ count: 42, max_model_len: 0, tokens: [] });
    expect(() => answer(name, "tokenize", "[]")).toThrow("has no count of tokens");
  });
});

describe("errors of counting", () => {
  const own = '{"type":"error","error":{"type":"rate_limit_error","message":"Slow."}}';
  const google = '{"error":{"code":403,"message":"No.","status":"PERMISSION_DENIED"}}';
  const cases: {
    name: SchemaName;
    endpoint: Counting;
    status: number;
    text: string;
    want: object | undefined;
  }[] = [
    { name: "GCPAnthropic", endpoint: "count-tokens", status: 429, text: own, want: undefined },
    { name: "AWSAnthropic", endpoint: "count-tokens", status: 429, text: own, want: undefined },
    {
      name: "GCPAnthropic",
      endpoint: "count-tokens",
      status: 403,
      text: google,
      want: { type: "permission_error", message: "No. (PERMISSION_DENIED)" },
    },
    {
      name: "AWSAnthropic",
      endpoint: "count-tokens",
      status: 400,
      text: '{"message":"Bad."}',
      want: { type: "invalid_request_error", message: "Bad." },
    },
    {
      name: "GCPAnthropic",
      endpoint: "tokenize",
      status: 429,
      text: own,
      want: { type: "rate_limit_error", code: "429", message: "Slow." },
    },
    {
      name: "GCPAnthropic",
      endpoint: "tokenize",
      status: 503,
      text: "<h1>Down</h1>",
      want: { type: "GCPAnthropicBackendError", code: "503", message: "<h1>Down</h1>" },
    },
  ];

  test.each(cases)("of $name with $status reach clients of $endpoint in their shape", ({ want, ...item }) => {
    const replacement = reader(item.name, item.endpoint).error(
      { ...head, status: item.status },
      bytesOf(item.text),
    );
    expect(replacement && JSON.parse(decodeText(replacement.body)).error).toEqual(want);
  });
});
