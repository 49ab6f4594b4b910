import { describe, expect, test } from "bun:test";
import { geminiCount, geminiHost } from "../gemini/index.ts";
import type { IrUsage } from "../ir/usage.ts";
import type { EndpointName, Meter } from "../passage.ts";
import { clientRequest, deepFreeze } from "../testing.ts";
import { translateWhole } from "../whole.ts";
import { countTokensClient, tokenizeClient } from "./index.ts";

const passages = {
  tokenize: translateWhole(tokenizeClient, geminiCount, geminiHost),
  "count-tokens": translateWhole(countTokensClient, geminiCount, geminiHost),
};
const target = { schema: { name: "GCPVertexAI" }, model: "gemini-3-flash-preview" } as const;
const reported: IrUsage[] = [];
const meter: Meter = {
  usage: (usage) => reported.push(usage),
  model() {},
  firstToken() {},
  complete() {},
  failed() {},
};

function ask(endpoint: keyof typeof passages & EndpointName, body: object) {
  const request = clientRequest(endpoint, { model: "m", ...body });
  const outbound = passages[endpoint].request(deepFreeze(request), target);
  return { request, path: outbound.path, body: JSON.parse(new TextDecoder().decode(outbound.body)) };
}

function answer(endpoint: keyof typeof passages & EndpointName, body: object, text: string): unknown {
  const reader = passages[endpoint].answer(ask(endpoint, body).request, target, meter);
  const plan = reader.success({ status: 200, headers: new Headers(), isEncoded: false });
  if (plan.type !== "whole") throw new Error(plan.type);
  return JSON.parse(new TextDecoder().decode(plan.read(new TextEncoder().encode(text))?.body));
}

const path = "publishers/google/models/gemini-3-flash-preview:countTokens";
const tool = { name: "f", input_schema: { type: "object" } };

describe("token counts of Gemini", () => {
  test("for a prompt", () => {
    expect(ask("tokenize", { prompt: "Which river?" })).toMatchObject({
      path,
      body: { contents: [{ role: "user", parts: [{ text: "Which river?" }] }] },
    });
  });

  test("for a conversation with a system message, a tool and a resolution", () => {
    const { body } = ask("tokenize", {
      messages: [
        { role: "system", content: "Brief." },
        { role: "user", content: "Hi" },
      ],
      tools: [{ type: "function", function: { name: "f" } }],
      media_resolution: "MEDIA_RESOLUTION_LOW",
      add_special_tokens: true,
    });
    expect(body).toEqual({
      contents: [{ role: "user", parts: [{ text: "Hi" }] }],
      systemInstruction: { parts: [{ text: "Brief." }] },
      tools: [{ functionDeclarations: [{ name: "f" }] }],
      generationConfig: { mediaResolution: "MEDIA_RESOLUTION_LOW" },
    });
  });

  test("for a message of Anthropic's, which has no limit here", () => {
    const { body } = ask("count-tokens", {
      system: "Brief.",
      messages: [{ role: "user", content: "Hi" }],
      tools: [tool],
    });
    expect(body).toEqual({
      contents: [{ role: "user", parts: [{ text: "Hi" }] }],
      systemInstruction: { parts: [{ text: "Brief." }] },
      tools: [{ functionDeclarations: [{ name: "f", parametersJsonSchema: { type: "object" } }] }],
    });
  });

  test("are told as each API tells them, and only Anthropic's are metered", () => {
    const count = '{"totalTokens":42}';
    expect(answer("tokenize", { prompt: "x" }, count)).toEqual({ count: 42, max_model_len: 0, tokens: [] });
    expect(reported).toEqual([]);
    expect(answer("count-tokens", { messages: [{ role: "user", content: "x" }] }, count)).toEqual({
      input_tokens: 42,
    });
    expect(reported).toEqual([{ inputTokens: 42 }]);
  });

  test("fail where there is nothing to count, or nothing was counted", () => {
    expect(() => ask("tokenize", { messages: [] })).toThrow("there is nothing to count");
    expect(() => ask("tokenize", {})).toThrow(
      "malformed request: failed to parse JSON for /tokenize: prompt: is required",
    );
    expect(() => answer("tokenize", { prompt: "x" }, "{}")).toThrow(
      expect.objectContaining({ code: "bad_upstream_answer" }),
    );
  });

  test("fail in the client's shape, with the time to wait", () => {
    const retry = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" };
    const text = JSON.stringify({
      error: { code: 429, message: "Slow.", status: "RESOURCE_EXHAUSTED", details: [retry] },
    });
    const head = { status: 429, headers: new Headers(), isEncoded: false };
    const fail = (endpoint: keyof typeof passages & EndpointName, body: object) => {
      const reader = passages[endpoint].answer(ask(endpoint, body).request, target, meter);
      const replacement = reader.error(head, new TextEncoder().encode(text));
      expect(replacement?.set).toEqual([["retry-after", "2"]]);
      return JSON.parse(new TextDecoder().decode(replacement?.body));
    };
    expect(fail("tokenize", { prompt: "x" })).toMatchObject({
      type: "error",
      error: { type: "RESOURCE_EXHAUSTED", code: "429" },
    });
    expect(fail("count-tokens", { messages: [{ role: "user", content: "x" }] })).toMatchObject({
      type: "error",
      error: { type: "rate_limit_error" },
    });
  });
});
