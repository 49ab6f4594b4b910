import { describe, expect, test } from "bun:test";
import type { Meter, UpstreamHead } from "../passage.ts";
import {
  awsChunk,
  awsEvent,
  bytesOf,
  clientRequest,
  cutEverywhere,
  messageSse,
  runStage,
} from "../testing.ts";
import { invokeHost, vertexHost } from "./hosts.ts";
import { rehostMessages } from "./rehost.ts";

const invoke = rehostMessages(invokeHost);
const vertex = rehostMessages(vertexHost);
const aws = { schema: { name: "AWSAnthropic", version: "bedrock-2023-05-31" }, model: "claude-x" } as const;
const gcp = { schema: { name: "GCPAnthropic", version: "vertex-2023-10-16" }, model: "claude-x" } as const;
const text =
  '{"model":"m","max_tokens":5,"stream":true,"x":[1,{"deep":12345678901234567890}],"messages":[],"anthropic_version":"mine"}';

function recorder() {
  const told: unknown[] = [];
  const meter: Meter = {
    usage: (usage) => told.push(usage),
    model: (name) => told.push(name),
    firstToken: () => told.push("first"),
    complete: () => told.push("complete"),
    failed: (reason) => told.push(`failed: ${reason}`),
  };
  return { meter, told };
}

function head(contentType: string, status = 200, headers: Record<string, string> = {}): UpstreamHead {
  return { status, headers: new Headers({ "content-type": contentType, ...headers }), isEncoded: false };
}

const begin = {
  type: "message_start",
  message: { id: "m1", model: "claude-up", usage: { input_tokens: 4, output_tokens: 1 } },
};
const body = [
  begin,
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Köln" } },
  { type: "ping" },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } },
  { type: "message_stop", "amazon-bedrock-invocationMetrics": { inputTokenCount: 4 } },
];

describe("Anthropic's API at another host", () => {
  test("the request keeps all but the members that the host has elsewhere", () => {
    const request = clientRequest("messages", text);
    expect(new TextDecoder().decode(vertex.request(request, gcp).body)).toBe(
      '{"max_tokens":5,"stream":true,"x":[1,{"deep":12345678901234567890}],"messages":[],"anthropic_version":"vertex-2023-10-16"}',
    );
    expect(new TextDecoder().decode(invoke.request(request, aws).body)).toBe(
      '{"max_tokens":5,"x":[1,{"deep":12345678901234567890}],"messages":[],"anthropic_version":"bedrock-2023-05-31"}',
    );
  });

  test("beta flags of the body stay where the header has none that Bedrock knows", () => {
    const request = (beta: string) =>
      clientRequest("messages", '{"model":"m","anthropic_beta":["a"]}', { "anthropic-beta": beta });
    const betas = (beta: string) =>
      JSON.parse(new TextDecoder().decode(invoke.request(request(beta), aws).body)).anthropic_beta;
    expect(betas("nobody-knows")).toEqual(["a"]);
    expect(betas("context-1m-2025-08-07")).toEqual(["context-1m-2025-08-07"]);
  });

  function stream(frames: Uint8Array[], isCut = false) {
    const { meter, told } = recorder();
    const plan = invoke
      .answer(clientRequest("messages", text), aws, meter)
      .success(head("application/vnd.amazon.eventstream"));
    if (plan.type !== "rewrite") throw new Error("not unwrapped");
    const out = runStage(plan.stage, frames, isCut);
    return { text: new TextDecoder().decode(Buffer.concat(out)), told, plan };
  }

  test("events come out of Bedrock's frames word for word, wherever they are cut", () => {
    const frames = Buffer.concat(body.map(awsChunk));
    const { text: out, told, plan } = stream([frames]);
    expect(out).toBe(messageSse(...body));
    expect(plan.type === "rewrite" && plan.set).toEqual([["content-type", "text/event-stream"]]);
    expect(told).toEqual([
      "claude-up",
      expect.objectContaining({ inputTokens: 4 }),
      "first",
      { outputTokens: 9 },
      "complete",
    ]);
    for (const pieces of cutEverywhere(frames)) expect(stream(pieces).text).toBe(out);
  });

  const broken = [
    {
      name: "an exception",
      frames: [
        awsChunk(begin),
        awsEvent("throttlingException", { message: "Slow" }, "exception"),
        awsChunk({ type: "ping" }),
      ],
      type: "rate_limit_error",
    },
    {
      name: "an exception that nobody knows",
      frames: [awsEvent("newException", { message: "Hm" }, "exception")],
      type: "api_error",
    },
    {
      name: "a broken frame",
      frames: [awsChunk(begin), awsChunk(begin).map((byte, at) => (at === 60 ? byte ^ 1 : byte))],
      type: "api_error",
    },
    {
      name: "an end inside a frame",
      frames: [awsChunk(begin), awsChunk(begin).slice(0, 50)],
      type: "api_error",
    },
    { name: "an end before message_stop", frames: [awsChunk(begin)], type: "api_error" },
  ];
  test.each(broken)("$name ends the stream as an error", ({ frames, type }) => {
    const { text: out, told } = stream(frames, true);
    expect(out.match(/event: error/g)).toHaveLength(1);
    expect(out).toMatch(
      new RegExp(`event: error\\ndata: {"type":"error","error":{"type":"${type}","message":"[^"]+"}}\\n\\n$`),
    );
    expect(told.at(-1)).toStartWith("failed:");
  });

  test("an error event of Anthropic's passes as it is, and is the last", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Busy" } };
    expect(stream([awsChunk(begin), awsChunk(error)]).text).toBe(messageSse(begin, error));
  });

  test("Vertex's stream is only looked at, and what cannot be read harms nobody", () => {
    const { meter, told } = recorder();
    const plan = vertex
      .answer(clientRequest("messages", text), gcp, meter)
      .success(head("text/event-stream"));
    if (plan.type !== "tap") throw new Error("not a tap");
    expect(runStage(plan.stage, [bytesOf(`: comment\n\n${messageSse(...body)}data: nonsense\n\n`)])).toEqual(
      [],
    );
    expect(told.at(-1)).toBe("complete");
  });

  test("a whole answer is only looked at", () => {
    const { meter, told } = recorder();
    const plan = invoke
      .answer(clientRequest("messages", '{"model":"m"}'), aws, meter)
      .success(head("application/json"));
    if (plan.type !== "whole") throw new Error("not whole");
    expect(
      plan.read(bytesOf('{"model":"claude-up","content":[],"usage":{"input_tokens":3}}')),
    ).toBeUndefined();
    expect(told).toContain("claude-up");
    expect(plan.read(bytesOf("{"))).toBeUndefined();
  });

  const errors = [
    {
      name: "Anthropic's as it came",
      passage: invoke,
      status: 429,
      body: '{"type":"error","error":{"type":"rate_limit_error","message":"x"}}',
      want: undefined,
    },
    {
      name: "AWS's in Anthropic's shape",
      passage: invoke,
      status: 400,
      body: '{"message":"Bad \\"x\\""}',
      want: { type: "error", error: { type: "invalid_request_error", message: 'Bad "x"' }, request_id: "r1" },
    },
    {
      name: "Google's in Anthropic's shape",
      passage: vertex,
      status: 403,
      body: '[{"error":{"code":403,"status":"PERMISSION_DENIED","message":"No"}}]',
      want: { error: { type: "permission_error", message: "No (PERMISSION_DENIED)" } },
    },
    {
      name: "text in Anthropic's shape",
      passage: vertex,
      status: 503,
      body: "later",
      want: { error: { type: "overloaded_error", message: "later" } },
    },
  ];
  test.each(errors)("errors: $name", ({ passage, status, body: answer, want }) => {
    const reader = passage.answer(clientRequest("messages", text), aws, recorder().meter);
    const replacement = reader.error(
      head("text/plain", status, { "x-amzn-requestid": "r1" }),
      bytesOf(answer),
    );
    if (want === undefined) expect(replacement).toBeUndefined();
    else expect(JSON.parse(new TextDecoder().decode(replacement?.body))).toMatchObject(want);
  });
});
