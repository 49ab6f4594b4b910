import { describe, expect, test } from "bun:test";
import type { Schema } from "../../model/ai.ts";
import type { ClientRequest, EndpointName, Passage } from "../passage.ts";
import { passageFor } from "../registry.ts";
import { bytesOf, textOf } from "../wire/testing.ts";
import { headOf, RecordingMeter, requestOf, run, sse } from "./testing.ts";

function passage(endpoint: EndpointName, schema: Schema): Passage {
  const found = passageFor(endpoint, schema.name);
  if (found === undefined) throw new Error(`no passage from ${endpoint} to ${schema.name}`);
  return found;
}

const openAi: Schema = { name: "OpenAI", prefix: "v1" };
const azure: Schema = { name: "AzureOpenAI", version: "2025-01-01-preview" };
const anthropic: Schema = { name: "Anthropic", prefix: "v1" };
const cohere: Schema = { name: "Cohere", version: "v2" };

describe("a good answer", () => {
  const answer = (endpoint: EndpointName, schema: Schema, changes: Partial<ClientRequest> = {}) => {
    const meter = new RecordingMeter();
    const request = requestOf(endpoint, {}, changes);
    return { meter, reader: passage(endpoint, schema).answer(request, { schema, model: "m" }, meter) };
  };
  const eventStream = { "content-type": "text/event-stream; charset=utf-8" };
  const json = { "content-type": "application/json" };

  const plans: {
    name: string;
    endpoint: EndpointName;
    schema?: Schema;
    changes?: Partial<ClientRequest>;
    status?: number;
    headers: { [name: string]: string };
    isEncoded?: boolean;
    want: string;
  }[] = [
    {
      name: "of a chat stream is read along",
      endpoint: "chat",
      changes: { isStream: true },
      headers: eventStream,
      want: "tap",
    },
    {
      name: "of a chat stream without usage asked for is rewritten",
      endpoint: "chat",
      changes: { isStream: true, wantsUsage: false },
      headers: eventStream,
      want: "rewrite",
    },
    {
      name: "of a compressed chat stream stays compressed",
      endpoint: "chat",
      changes: { isStream: true, wantsUsage: false },
      headers: eventStream,
      isEncoded: true,
      want: "tap",
    },
    {
      name: "of a completions stream is never rewritten",
      endpoint: "completions",
      changes: { isStream: true, wantsUsage: false },
      headers: eventStream,
      want: "tap",
    },
    {
      name: "of a stream at Azure without usage asked for is rewritten",
      endpoint: "chat",
      schema: azure,
      changes: { isStream: true, wantsUsage: false },
      headers: eventStream,
      want: "rewrite",
    },
    {
      name: "that names no type is taken for the stream that was asked for",
      endpoint: "chat",
      changes: { isStream: true },
      headers: {},
      want: "tap",
    },
    {
      name: "of another type than the stream asked for is held",
      endpoint: "chat",
      changes: { isStream: true, wantsUsage: false },
      headers: json,
      want: "whole",
    },
    {
      name: "of another status than 200 is held",
      endpoint: "chat",
      changes: { isStream: true },
      status: 201,
      headers: json,
      want: "whole",
    },
    {
      name: "of a chat is held",
      endpoint: "chat",
      headers: { "content-type": "application/json; charset=utf-8" },
      want: "whole",
    },
    {
      name: "of a picture passes",
      endpoint: "chat",
      headers: { "content-type": "image/png" },
      want: "pass",
    },
    { name: "of embeddings is held", endpoint: "embeddings", headers: json, want: "whole" },
    { name: "of speech passes", endpoint: "speech", headers: { "content-type": "audio/mpeg" }, want: "pass" },
    {
      name: "of a speech stream that is sound passes",
      endpoint: "speech",
      changes: { isStream: true },
      headers: { "content-type": "audio/mpeg" },
      want: "pass",
    },
    {
      name: "of a speech stream is read along",
      endpoint: "speech",
      changes: { isStream: true },
      headers: eventStream,
      want: "tap",
    },
    { name: "of tokenize passes", endpoint: "tokenize", headers: json, want: "pass" },
    { name: "of a transcription is held", endpoint: "transcriptions", headers: json, want: "whole" },
    {
      name: "of a transcription stream is read along",
      endpoint: "transcriptions",
      changes: { isStream: true },
      headers: eventStream,
      want: "tap",
    },
    {
      name: "of messages that stream is read along",
      endpoint: "messages",
      schema: anthropic,
      changes: { isStream: true },
      headers: eventStream,
      want: "tap",
    },
  ];

  test.each(plans)(
    "$name",
    ({ endpoint, schema = openAi, changes, status = 200, headers, isEncoded, want }) => {
      expect(answer(endpoint, schema, changes).reader.success(headOf(status, headers, isEncoded)).type).toBe(
        want as "tap",
      );
    },
  );

  const whole: { name: string; endpoint: EndpointName; schema?: Schema; body: string; want: object }[] = [
    {
      name: "chat",
      endpoint: "chat",
      body: '{"model":"x","choices":[{"message":{"content":"\\"usage\\":"}}],"usage":{"prompt_tokens":1}}',
      want: { model: "x", usage: { inputTokens: 1 } },
    },
    {
      name: "embeddings",
      endpoint: "embeddings",
      body: '{"data":[{"embedding":[0.5,-1e3]}],"model":"x","usage":{"prompt_tokens":4,"total_tokens":4}}',
      want: { model: "x", usage: { inputTokens: 4, totalTokens: 4 } },
    },
    {
      name: "responses",
      endpoint: "responses",
      body: '{"model":"x","error":null,"usage":{"input_tokens":1}}',
      want: { model: "x", usage: { inputTokens: 1 } },
    },
    {
      name: "responses that failed",
      endpoint: "responses",
      body: '{"model":"x","error":{"code":"server_error","message":"no"},"usage":null}',
      want: { model: "x", failure: "server_error: no" },
    },
    {
      name: "images",
      endpoint: "images",
      body: '{"data":[{"b64_json":"aGk="}],"usage":{"input_tokens":5,"output_tokens":50}}',
      want: { usage: { inputTokens: 5, outputTokens: 50 } },
    },
    {
      name: "a transcript",
      endpoint: "transcriptions",
      body: '{"text":"a","usage":{"type":"tokens","input_tokens":5}}',
      want: { usage: { inputTokens: 5 } },
    },
    {
      name: "counted input",
      endpoint: "responses-input-tokens",
      body: '{"object":"response.input_tokens","input_tokens":6}',
      want: { usage: { inputTokens: 6 } },
    },
    {
      name: "a message",
      endpoint: "messages",
      schema: anthropic,
      body: '{"model":"c","usage":{"input_tokens":2,"output_tokens":3}}',
      want: {
        model: "c",
        usage: { inputTokens: 2, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 3, totalTokens: 5 },
      },
    },
    {
      name: "a message without usage",
      endpoint: "messages",
      schema: anthropic,
      body: '{"model":"c"}',
      want: { model: "c" },
    },
    {
      name: "counted tokens",
      endpoint: "count-tokens",
      schema: anthropic,
      body: '{"input_tokens":42}',
      want: { usage: { inputTokens: 42 } },
    },
    {
      name: "a ranking",
      endpoint: "rerank",
      schema: cohere,
      body: '{"results":[],"meta":{"tokens":{"input_tokens":12,"output_tokens":0}}}',
      want: { usage: { inputTokens: 12, outputTokens: 0, totalTokens: 12 } },
    },
    {
      name: "a ranking of an OpenAI-like server",
      endpoint: "rerank",
      body: '{"model":"r","results":[],"usage":{"total_tokens":9}}',
      want: { model: "r", usage: { totalTokens: 9 } },
    },
    { name: "nothing of null", endpoint: "chat", body: "null", want: {} },
    { name: "nothing of broken JSON", endpoint: "chat", body: '{"id": "c", "choices": [', want: {} },
    { name: "nothing of text", endpoint: "transcriptions", body: "Hello.\n", want: {} },
    { name: "nothing of nothing", endpoint: "chat", body: "", want: {} },
  ];

  test.each(whole)("is metered: $name", ({ endpoint, schema = openAi, body, want }) => {
    const { meter, reader } = answer(endpoint, schema);
    const plan = reader.success(headOf(200, json));
    if (plan.type !== "whole") throw new Error(`the plan is ${plan.type}`);
    expect(plan.read(bytesOf(body))).toBeUndefined();
    expect(meter.metered).toEqual(want);
  });

  test("streams through the plan", () => {
    const { meter, reader } = answer("chat", openAi, { isStream: true, wantsUsage: false });
    const plan = reader.success(headOf(200, eventStream));
    if (plan.type !== "rewrite") throw new Error(`the plan is ${plan.type}`);
    const chunk = sse({ model: "x", choices: [{ delta: { content: "a" } }] });
    const usage = sse({ choices: [], usage: { prompt_tokens: 1 } });
    expect(run(plan.stage, [bytesOf(chunk + usage + sse("[DONE]"))]).text).toBe(chunk + sse("[DONE]"));
    expect(meter.metered).toEqual({
      model: "x",
      firstTokenIn: 0,
      usage: { inputTokens: 1 },
      isComplete: true,
    });
  });
});

describe("an error", () => {
  const html = '<h1>Unavailable</h1> "quoted"\n';
  const openAiShape = (status: number, message: string) => ({
    type: "error",
    error: { type: "OpenAIBackendError", code: String(status), message },
  });
  const cases: {
    name: string;
    endpoint: EndpointName;
    schema: Schema;
    status: number;
    headers: { [name: string]: string };
    body: string;
    want: object | undefined;
  }[] = [
    {
      name: "of OpenAI in JSON stays",
      endpoint: "chat",
      schema: openAi,
      status: 400,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: "{}",
      want: undefined,
    },
    {
      name: "of OpenAI in HTML is wrapped",
      endpoint: "chat",
      schema: openAi,
      status: 503,
      headers: { "content-type": "text/html" },
      body: html,
      want: openAiShape(503, html),
    },
    {
      name: "of OpenAI without a type is wrapped",
      endpoint: "completions",
      schema: openAi,
      status: 500,
      headers: {},
      body: "boom",
      want: openAiShape(500, "boom"),
    },
    {
      name: "of Azure in text is wrapped",
      endpoint: "responses",
      schema: azure,
      status: 500,
      headers: { "content-type": "text/plain" },
      body: "boom",
      want: openAiShape(500, "boom"),
    },
    {
      name: "of tokenize in text is wrapped",
      endpoint: "tokenize",
      schema: openAi,
      status: 404,
      headers: { "content-type": "text/plain" },
      body: "no",
      want: openAiShape(404, "no"),
    },
    {
      name: "of Anthropic in JSON stays",
      endpoint: "messages",
      schema: anthropic,
      status: 529,
      headers: { "content-type": "application/json" },
      body: "{}",
      want: undefined,
    },
    {
      name: "of Anthropic in text is wrapped",
      endpoint: "messages",
      schema: anthropic,
      status: 429,
      headers: { "content-type": "text/plain", "request-id": "req_9" },
      body: "slow",
      want: { type: "error", error: { type: "rate_limit_error", message: "slow" }, request_id: "req_9" },
    },
    {
      name: "of Anthropic behind AWS names its request",
      endpoint: "count-tokens",
      schema: anthropic,
      status: 500,
      headers: { "x-amzn-requestid": "aws-1" },
      body: "x",
      want: { type: "error", error: { type: "api_error", message: "x" }, request_id: "aws-1" },
    },
    {
      name: "of Anthropic without a request id has none",
      endpoint: "messages",
      schema: anthropic,
      status: 503,
      headers: {},
      body: "x",
      want: { type: "error", error: { type: "overloaded_error", message: "x" } },
    },
    {
      name: "of Cohere in JSON stays",
      endpoint: "rerank",
      schema: cohere,
      status: 429,
      headers: { "content-type": "application/json" },
      body: "{}",
      want: undefined,
    },
    {
      name: "of Cohere without a type stays",
      endpoint: "rerank",
      schema: cohere,
      status: 500,
      headers: {},
      body: "x",
      want: undefined,
    },
    {
      name: "of Cohere in HTML is wrapped",
      endpoint: "rerank",
      schema: cohere,
      status: 503,
      headers: { "content-type": "text/html" },
      body: html,
      want: { message: html },
    },
    {
      name: "of an OpenAI-like ranker gets Cohere's shape",
      endpoint: "rerank",
      schema: openAi,
      status: 400,
      headers: { "content-type": "application/json" },
      body: '{"error":{"message":"bad"}}',
      want: { message: "bad" },
    },
    {
      name: "of a FastAPI ranker gets Cohere's shape",
      endpoint: "rerank",
      schema: openAi,
      status: 404,
      headers: { "content-type": "application/json" },
      body: '{"detail":"Not Found"}',
      want: { message: "Not Found" },
    },
  ];

  test.each(cases)("$name", ({ endpoint, schema, status, headers, body, want }) => {
    const reader = passage(endpoint, schema).answer(
      requestOf(endpoint, {}),
      { schema, model: "m" },
      new RecordingMeter(),
    );
    const replaced = reader.error(headOf(status, headers), bytesOf(body));
    expect(replaced === undefined ? undefined : JSON.parse(textOf(replaced.body))).toEqual(want as object);
    if (replaced !== undefined) expect(replaced.contentType).toBe("application/json");
  });
});
