import { describe, expect, test } from "bun:test";
import type { Schema } from "../model/ai.ts";
import { anthropicBackend } from "./anthropic/backend.ts";
import { anthropicClient } from "./anthropic/client.ts";
import { invokeHost, nativeHost, vertexHost } from "./anthropic/hosts.ts";
import { openaiChatBackend } from "./openai-chat/backend.ts";
import { openaiChatClient } from "./openai-chat/client.ts";
import { openaiHost } from "./openai-chat/hosts.ts";
import type { EndpointName, Meter, Passage } from "./passage.ts";
import { bytesOf, chunkSse, clientRequest, messageSse, runStage } from "./testing.ts";
import { translate } from "./translate.ts";

const clock = { nowMs: () => 1_750_000_000_000, newId: (prefix: string) => `${prefix}1` };
const schema: Schema = { name: "OpenAI" };
const chatToClaude = translate(openaiChatClient, anthropicBackend, nativeHost, clock);
const messagesToChat = translate(anthropicClient, openaiChatBackend, openaiHost, clock);
const user = { role: "user", content: "Hi" };

/** A meter that writes down what it is told. */
function recorder() {
  const told: unknown[] = [];
  const meter: Meter = {
    usage: (usage) => told.push(usage),
    model: (name) => told.push(name),
    firstToken: () => told.includes("first") || told.push("first"),
    complete: () => told.push("complete"),
    failed: (reason) => told.push(`failed: ${reason}`),
    warn: ({ message }) => told.push(`warning: ${message}`),
  };
  return { meter, told };
}

interface Played {
  readonly text: string;
  readonly told: unknown[];
}

function play(
  passage: Passage,
  endpoint: EndpointName,
  body: object,
  answer: string,
  contentType = "text/event-stream",
  isCut = false,
): Played {
  const request = clientRequest(endpoint, { model: "m", max_tokens: 9, messages: [user], ...body });
  const { meter, told } = recorder();
  const head = { status: 200, headers: new Headers({ "content-type": contentType }), isEncoded: false };
  const plan = passage.answer(request, { schema, model: "m" }, meter).success(head);
  if (plan.type === "whole")
    return { text: new TextDecoder().decode(plan.read(bytesOf(answer))?.body), told };
  if (plan.type !== "rewrite") throw new Error("not translated");
  const bytes = runStage(plan.stage, [bytesOf(answer)], isCut);
  return { text: new TextDecoder().decode(Buffer.concat(bytes)), told };
}

const begin = {
  type: "message_start",
  message: { id: "m1", model: "claude-x", usage: { input_tokens: 11, output_tokens: 1 } },
};
const text = (index: number, ...texts: string[]) => [
  { type: "content_block_start", index, content_block: { type: "text", text: "" } },
  ...texts.map((piece) => ({
    type: "content_block_delta",
    index,
    delta: { type: "text_delta", text: piece },
  })),
  { type: "content_block_stop", index },
];
const end = (stop_reason = "end_turn") => [
  { type: "message_delta", delta: { stop_reason }, usage: { output_tokens: 3 } },
  { type: "message_stop" },
];

describe("a translated stream", () => {
  test("tells the meter model, usage, first token and completion, in order", () => {
    const { told } = play(
      chatToClaude,
      "chat",
      { stream: true },
      messageSse(begin, ...text(0, "a", "b"), ...end()),
    );
    const known = {
      inputTokens: 11,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 1,
      reasoningTokens: 0,
    };
    expect(told).toEqual(["claude-x", known, "first", { outputTokens: 3 }, "complete"]);
  });

  test("goes out in one piece for each that comes in", () => {
    const request = clientRequest("chat", { model: "m", messages: [user], stream: true });
    const head = { status: 200, headers: new Headers(), isEncoded: false };
    const plan = chatToClaude.answer(request, { schema, model: "m" }, recorder().meter).success(head);
    if (plan.type !== "rewrite") throw new Error("not translated");
    expect(
      runStage(plan.stage, [bytesOf(messageSse(begin, ...text(0, "a", "b", "c"), ...end()))]),
    ).toHaveLength(1);
  });

  test("ends as an error where the connection broke, and says so to the meter", () => {
    const { text: out, told } = play(
      chatToClaude,
      "chat",
      { stream: true },
      messageSse(begin, ...text(0, "a")),
      undefined,
      true,
    );
    expect(out).toEndWith(
      'data: {"error":{"type":"stream_cut","code":"502","message":"The upstream closed the stream before the answer was complete"}}\n\n',
    );
    expect(told.at(-1)).toStartWith("failed: stream_cut");
  });

  test("ends as an error where the upstream's calls cannot be put in order", () => {
    const call = (index: number, text: string, id?: string) => ({
      choices: [
        { index: 0, delta: { tool_calls: [{ index, id, function: { name: "f", arguments: text } }] } },
      ],
    });
    const chunks = [call(0, "{", "a"), call(1, "x".repeat(2_000_000), "b"), call(0, "}")];
    const { text: out, told } = play(messagesToChat, "messages", { stream: true }, chunkSse(...chunks));
    expect(out).toEndWith(
      'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"The upstream\'s tool calls interleave too long to be put in order"}}\n\n',
    );
    expect(told.at(-1)).toStartWith("failed:");
  });

  test("ends as an error where a whole answer came that makes no sense", () => {
    const { text: out } = play(messagesToChat, "messages", { stream: true }, "{", "application/json");
    expect(out).toStartWith("event: error\n");
  });

  test("keeps pings, before and after the start", () => {
    const { text: out } = play(
      messagesToChat,
      "messages",
      { stream: true },
      `: one\n\ndata: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "x" } }] })}\n\n: two\n\n`,
    );
    expect(out).toStartWith(": ping\n\nevent: message_start\n");
    expect(out).toContain('event: ping\ndata: {"type":"ping"}\n\n');
  });
});

describe("an emulated schema", () => {
  const body = {
    response_format: { type: "json_schema", json_schema: { name: "sum", schema: { type: "object" } } },
  };
  const call = { type: "tool_use", id: "t", name: "sum", input: { answer: 4 } };

  test("comes back as content, streamed", () => {
    const stream = [
      begin,
      { type: "content_block_start", index: 0, content_block: { ...call, input: {} } },
      {
        type: "content_block_delta",
        index: 0,
        delta: { type: "input_json_delta", partial_json: '{"answer":4}' },
      },
      { type: "content_block_stop", index: 0 },
      ...end("tool_use"),
    ];
    const { text: out } = play(chatToClaude, "chat", { ...body, stream: true }, messageSse(...stream));
    expect(out).toContain('"delta":{"role":"assistant","content":"{\\"answer\\":4}"}');
    expect(out).toContain('"finish_reason":"stop"');
  });

  test("comes back as content, whole", () => {
    const whole = JSON.stringify({ id: "m1", model: "x", content: [call], stop_reason: "tool_use" });
    const { text: out } = play(chatToClaude, "chat", body, whole, "application/json");
    expect(JSON.parse(out).choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { content: '{"answer":4}' },
    });
  });
});

describe("a whole answer", () => {
  const broken = [
    "",
    "{",
    "null",
    "[]",
    '{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}',
  ];
  test.each(broken)("that is %p is a bad answer", (answer) => {
    expect(() => play(chatToClaude, "chat", {}, answer, "application/json")).toThrow(
      expect.objectContaining({ code: "bad_upstream_answer" }),
    );
  });

  test("with a call that is no JSON loses its arguments, with a warning", () => {
    const message = { tool_calls: [{ id: "c", function: { name: "f", arguments: '{"a":' } }] };
    const { text: out, told } = play(
      messagesToChat,
      "messages",
      {},
      JSON.stringify({ choices: [{ message, finish_reason: "tool_calls" }] }),
      "application/json",
    );
    expect(JSON.parse(out).content).toEqual([{ type: "tool_use", id: "c", name: "f", input: {} }]);
    expect(told).toContain("warning: the arguments of f are no JSON object; left out");
  });
});

describe("errors of upstreams", () => {
  const retry = JSON.stringify([
    {
      error: {
        code: 429,
        status: "RESOURCE_EXHAUSTED",
        message: "Slow",
        details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" }],
      },
    },
  ]);
  const toVertex = translate(openaiChatClient, anthropicBackend, vertexHost, clock);
  const toInvoke = translate(openaiChatClient, anthropicBackend, invokeHost, clock);
  const cases: {
    name: string;
    passage: Passage;
    status: number;
    headers?: Record<string, string>;
    body: string;
    want: object;
  }[] = [
    {
      name: "Anthropic's own",
      passage: chatToClaude,
      status: 529,
      body: '{"type":"error","error":{"type":"overloaded_error","message":"Busy \\"x\\"\\n"}}',
      want: { type: "error", error: { type: "overloaded_error", code: "529", message: 'Busy "x"\n' } },
    },
    {
      name: "Google's in a list, with its wait",
      passage: toVertex,
      status: 429,
      body: retry,
      want: { error: { type: "RESOURCE_EXHAUSTED", code: "429" } },
    },
    {
      name: "AWS's with an address behind its type",
      passage: toInvoke,
      status: 403,
      headers: { "x-amzn-errortype": "AccessDeniedException:http://x" },
      body: '{"Message":"No"}',
      want: { error: { type: "AccessDeniedException", message: "No" } },
    },
    {
      name: "AWS's with its type in the body",
      passage: toInvoke,
      status: 400,
      body: '{"__type":"com.amazon#ValidationException","message":"No"}',
      want: { error: { type: "ValidationException" } },
    },
    {
      name: "OpenAI's, by kind",
      passage: messagesToChat,
      status: 401,
      body: '{"error":{"message":"No","type":"invalid_request_error","code":"invalid_api_key"}}',
      want: {
        type: "error",
        error: { type: "authentication_error", message: "No (invalid_request_error, code invalid_api_key)" },
      },
    },
    {
      name: "a page of HTML",
      passage: messagesToChat,
      status: 503,
      headers: { "x-request-id": "r1" },
      body: "<h1>Down</h1>",
      want: { error: { type: "overloaded_error", message: "<h1>Down</h1>" }, request_id: "r1" },
    },
    {
      name: "a body in JSON of another kind",
      passage: messagesToChat,
      status: 404,
      body: '{"detail":"Not Found"}',
      want: { error: { type: "not_found_error", message: '{"detail":"Not Found"}' } },
    },
  ];
  test.each(cases)("$name", ({ passage, status, headers, body, want }) => {
    const request = clientRequest("chat", { model: "m", messages: [user] });
    const head = { status, headers: new Headers(headers), isEncoded: false };
    const replacement = passage
      .answer(request, { schema, model: "m" }, recorder().meter)
      .error(head, bytesOf(body));
    expect(JSON.parse(new TextDecoder().decode(replacement?.body))).toMatchObject(want);
    expect(replacement?.set).toEqual(body === retry ? [["retry-after", "2"]] : undefined);
  });
});
