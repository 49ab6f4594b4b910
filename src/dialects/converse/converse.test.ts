import { describe, expect, test } from "bun:test";
import { anthropicClient } from "../anthropic/client.ts";
import type { ClientDialect } from "../dialect.ts";
import type { IrUsage } from "../ir/usage.ts";
import { openaiChatClient } from "../openai-chat/client.ts";
import type { Meter } from "../passage.ts";
import { bytesOf, clientRequest, cutEverywhere } from "../testing.ts";
import { translate } from "../translate.ts";
import { converse, converseHost } from "./index.ts";
import { framesOf } from "./testing.ts";

/** The way from a client to Bedrock and back, without the network. */
const clients: { readonly [endpoint in "chat" | "messages"]: ClientDialect } = {
  chat: openaiChatClient,
  messages: anthropicClient,
};

interface Exchange {
  readonly endpoint: "chat" | "messages";
  readonly model: string;
  readonly body: object;
}

const usages: IrUsage[] = [];
const meter: Meter = {
  usage: (usage) => usages.push(usage),
  model() {},
  firstToken() {},
  complete() {},
  failed() {},
};

function play({ endpoint, model, body }: Exchange) {
  const passage = translate(clients[endpoint], converse, converseHost, {
    nowMs: () => 1_750_000_000_000,
    newId: (prefix) => `${prefix}1`,
  });
  const request = clientRequest(endpoint, { model: "m", ...body });
  const target = { schema: { name: "AWSBedrock" }, model } as const;
  const sentText = new TextDecoder().decode(passage.request(request, target).body);
  const head = {
    status: 200,
    headers: new Headers({ "x-amzn-requestid": "r-1" }),
    isEncoded: false,
  };
  const plan = () => passage.answer(request, target, meter).success(head);
  return { sent: JSON.parse(sentText), sentText, plan };
}

function answerWhole(exchange: Exchange, answer: object) {
  const { sent, plan } = play(exchange);
  const reader = plan();
  if (reader.type !== "whole") throw new Error("not whole");
  const text = new TextDecoder().decode(reader.read(bytesOf(JSON.stringify(answer)))?.body);
  return { sent, body: JSON.parse(text) };
}

/** What the client got, the same wherever the network cut the body. */
function answerStream(exchange: Exchange, body: Uint8Array): string {
  const { plan } = play(exchange);
  const outs = new Set<string>();
  for (const pieces of cutEverywhere(body)) {
    const reader = plan();
    if (reader.type !== "rewrite") throw new Error("not a stream");
    let out = "";
    const emit = (bytes: Uint8Array) => {
      out += new TextDecoder().decode(bytes);
    };
    for (const piece of pieces) reader.stage.push(piece, emit);
    reader.stage.end(emit, false);
    outs.add(out);
  }
  expect(outs.size).toBe(1);
  return [...outs][0] ?? "";
}

const nova = "us.amazon.nova-pro-v1:0";
const schema = { type: "object", properties: { sum: { type: "integer" } } };
const asked = [{ role: "user", content: "2+2?" }];
const wantsSchema = {
  messages: asked,
  response_format: { type: "json_schema", json_schema: { name: "sum", schema } },
};
const usage = { inputTokens: 5, outputTokens: 2, totalTokens: 7, cacheReadInputTokens: 3 };
const call = (name: string, input: object) => ({ toolUse: { toolUseId: "t1", name, input } });
const answered = (stopReason: string, ...content: object[]) => ({
  output: { message: { role: "assistant", content } },
  stopReason,
  usage,
});

describe("a schema for a model that knows none", () => {
  test("comes back as text, whole", () => {
    const { sent, body } = answerWhole(
      { endpoint: "chat", model: nova, body: wantsSchema },
      answered("tool_use", { text: "I will use the tool." }, call("sum", { sum: 4 })),
    );
    expect(sent.toolConfig.toolChoice).toEqual({ tool: { name: "sum" } });
    expect(body.choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { content: '{"sum":4}' },
    });
    expect(body.choices[0].message.tool_calls).toBeUndefined();
  });

  test("comes back as text, streamed", () => {
    const out = answerStream(
      { endpoint: "chat", model: nova, body: { ...wantsSchema, stream: true } },
      framesOf(
        ["messageStart", { role: "assistant" }],
        ["contentBlockStart", { contentBlockIndex: 0, start: { toolUse: { toolUseId: "t1", name: "sum" } } }],
        ["contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input: '{"sum":' } } }],
        ["contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input: "4}" } } }],
        ["contentBlockStop", { contentBlockIndex: 0 }],
        ["messageStop", { stopReason: "tool_use" }],
        ["metadata", { usage }],
      ),
    );
    expect(out).toContain('"content":"{\\"sum\\":"');
    expect(out).toContain('"finish_reason":"stop"');
    expect(out).not.toContain("tool_calls");
    expect(out).toEndWith("data: [DONE]\n\n");
  });
});

test("names of tools that Bedrock refuses travel in another form and come back as they were", () => {
  const name = `mcp.server/${"x".repeat(80)}`;
  const tools = [{ name, input_schema: { type: "object" } }];
  const exchange = {
    endpoint: "messages",
    model: nova,
    body: { max_tokens: 9, messages: asked, tools, tool_choice: { type: "tool", name } },
  } as const;
  const { sent } = play(exchange);
  const written: string = sent.toolConfig.tools[0].toolSpec.name;
  expect(written).toMatch(/^[\w-]{1,64}$/);
  expect(sent.toolConfig.toolChoice.tool.name).toBe(written);
  const { body } = answerWhole(exchange, answered("tool_use", call(written, {})));
  expect(body.content).toEqual([{ type: "tool_use", id: "t1", name, input: {} }]);
});

test("a start without an index begins the next block, so that its input is not lost", () => {
  const out = answerStream(
    { endpoint: "chat", model: nova, body: { messages: asked, stream: true } },
    framesOf(
      ["messageStart", { role: "assistant" }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Ok" } }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
      ["contentBlockStart", { start: { toolUse: { toolUseId: "t1", name: "f" } } }],
      ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: '{"a":1}' } } }],
      ["contentBlockStop", { contentBlockIndex: 1 }],
      ["messageStop", { stopReason: "tool_use" }],
      ["metadata", { usage }],
    ),
  );
  expect(out).toContain('"arguments":"{\\"a\\":1}"');
});

test("an Anthropic client gets blocks one after the other, and the usage at the end", () => {
  usages.length = 0;
  const out = answerStream(
    { endpoint: "messages", model: nova, body: { max_tokens: 9, messages: asked, stream: true } },
    framesOf(
      ["messageStart", { role: "assistant" }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Ok" } }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
      ["contentBlockStart", { contentBlockIndex: 1, start: { toolUse: { toolUseId: "t1", name: "f" } } }],
      ["contentBlockStart", { contentBlockIndex: 2, start: { toolUse: { toolUseId: "t2", name: "g" } } }],
      ["contentBlockDelta", { contentBlockIndex: 2, delta: { toolUse: { input: "{}" } } }],
      ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: '{"a":1}' } } }],
      ["contentBlockStop", { contentBlockIndex: 1 }],
      ["contentBlockStop", { contentBlockIndex: 2 }],
      ["messageStop", { stopReason: "tool_use" }],
      ["metadata", { usage }],
    ),
  );
  const events = [...out.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ""));
  expect(events.map(({ type, index }) => (index === undefined ? type : `${type} ${index}`))).toEqual([
    "message_start",
    "content_block_start 0",
    "content_block_delta 0",
    "content_block_stop 0",
    "content_block_start 1",
    "content_block_delta 1",
    "content_block_stop 1",
    "content_block_start 2",
    "content_block_delta 2",
    "content_block_stop 2",
    "message_delta",
    "message_stop",
  ]);
  expect(events.at(-2).usage).toMatchObject({
    input_tokens: 5,
    output_tokens: 2,
    cache_read_input_tokens: 3,
  });
  expect(usages[0]).toEqual({ inputTokens: 8, cacheReadTokens: 3, outputTokens: 2 });
});

test("numbers of 20 digits come through in both directions", () => {
  const args = '{"id":12345678901234567890,"x":1.50}';
  const called = {
    role: "assistant",
    tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: args } }],
  };
  const messages = [...asked, called, { role: "tool", tool_call_id: "c", content: "ok" }];
  const { sentText, plan } = play({ endpoint: "chat", model: nova, body: { messages } });
  expect(sentText).toContain(`"input":${args}`);
  const answer = JSON.stringify(answered("tool_use", call("f", { here: 0 }))).replace('{"here":0}', args);
  const reader = plan();
  const body = reader.type === "whole" ? reader.read(bytesOf(answer))?.body : undefined;
  expect(new TextDecoder().decode(body)).toContain(`"arguments":${JSON.stringify(args)}`);
});

test("the tier that a stream names at its end is in its last chunk", () => {
  const out = answerStream(
    {
      endpoint: "chat",
      model: nova,
      body: { messages: asked, stream: true, stream_options: { include_usage: true } },
    },
    framesOf(
      ["messageStart", { role: "assistant" }],
      ["messageStop", { stopReason: "end_turn" }],
      ["metadata", { usage, serviceTier: { type: "flex" } }],
    ),
  );
  expect(out).toContain('"choices":[],"service_tier":"flex","usage":{');
});
