import { describe, expect, test } from "bun:test";
import { ExchangeFailure } from "../../model/failure.ts";
import type { IrMessage, IrRequest, IrTool } from "../ir/request.ts";
import type { IrWarning, JsonObject } from "../ir/values.ts";
import { deepFreeze } from "../testing.ts";
import { parseExactObject } from "../wire/exact-json.ts";
import { converseHost } from "./host.ts";
import { requestOf, says, targetOf } from "./testing.ts";
import { writeRequest } from "./write-request.ts";

const nova = "us.amazon.nova-pro-v1:0";
const sonnet45 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const opus46 = "anthropic.claude-opus-4-6-v1";
const sonnet35 = "anthropic.claude-3-5-sonnet-20241022-v2:0";
const openSchema = { type: "object", properties: {} };

const tool = (name: string, members: object = {}): IrTool => ({ type: "function", name, ...members });
const spec = (name: string) => ({ toolSpec: { name, inputSchema: { json: openSchema } } });
const call = (id: string, name: string, input: string): IrMessage => ({
  role: "assistant",
  parts: [{ type: "tool-call", id, name, kind: "function", input }],
  isOrderKnown: false,
});
const result = (callId: string, text: string): IrMessage => ({
  role: "user",
  parts: [{ type: "tool-result", callId, parts: [{ type: "text", text }] }],
});
const schema = { type: "object", properties: { n: { type: "integer" } } };

interface Case {
  name: string;
  model?: string;
  headers?: Record<string, string>;
  request: Partial<IrRequest>;
  /** Members of the body that are compared. */
  want: { [member: string]: unknown };
}

const settings: Case[] = [
  {
    name: "sampling and the limit into inferenceConfig, without checks",
    request: { maxOutputTokens: 20, sampling: { temperature: 1.5, topP: 0.5, stop: ["END"] } },
    want: { inferenceConfig: { maxTokens: 20, temperature: 1.5, topP: 0.5, stopSequences: ["END"] } },
  },
  {
    name: "no settings as an empty inferenceConfig and nothing else",
    request: {},
    want: {
      inferenceConfig: {},
      messages: [{ role: "user", content: [{ text: "Hi." }] }],
      additionalModelRequestFields: undefined,
      system: undefined,
      toolConfig: undefined,
    },
  },
  {
    name: "top_k and thinking into the model's own fields",
    request: { sampling: { topK: 3 }, reasoning: { mode: "on", budgetTokens: 1024, show: "omitted" } },
    want: {
      additionalModelRequestFields: {
        top_k: 3,
        thinking: { type: "enabled", budget_tokens: 1024, display: "omitted" },
      },
    },
  },
  {
    name: "service tiers that Bedrock chooses by itself as nothing",
    request: { serviceTier: "auto" },
    want: { serviceTier: undefined },
  },
  {
    name: "other service tiers as they are",
    request: { serviceTier: "priority" },
    want: { serviceTier: { type: "priority" } },
  },
  {
    name: "a JSON schema as a string",
    request: {
      format: { type: "json-schema", schema, name: "sum", description: "A sum.", strict: true },
    },
    want: {
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: {
            jsonSchema: { schema: JSON.stringify(schema), name: "sum", description: "A sum." },
          },
        },
      },
    },
  },
  {
    name: "any JSON object as a sentence of the system",
    request: { format: { type: "json" } },
    want: { system: [{ text: "Answer with one JSON object and nothing else." }], outputConfig: undefined },
  },
  {
    name: "a JSON schema for Nova as a tool that is forced",
    model: nova,
    request: { format: { type: "json-schema", schema, name: "sum" } },
    want: {
      toolConfig: {
        tools: [
          { toolSpec: { name: "sum", description: "Gives the answer.", inputSchema: { json: schema } } },
        ],
        toolChoice: { tool: { name: "sum" } },
      },
      outputConfig: undefined,
    },
  },
  {
    name: "a JSON schema for old Claude beside the client's tools, any of which must be called",
    model: sonnet35,
    request: { format: { type: "json-schema", schema }, tools: [tool("f")] },
    want: {
      toolConfig: {
        tools: [
          spec("f"),
          {
            toolSpec: { name: "response", description: "Gives the answer.", inputSchema: { json: schema } },
          },
        ],
        toolChoice: { any: {} },
      },
    },
  },
  {
    name: "Converse's own members from clients that know them",
    request: {
      extras: {
        aws: {
          guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" },
          additionalModelRequestFields: { a: 1 },
        },
      },
      sampling: { topK: 2 },
    },
    want: {
      guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" },
      additionalModelRequestFields: { a: 1, top_k: 2 },
    },
  },
  {
    name: "beta flags that Bedrock takes, for Claude",
    model: sonnet45,
    headers: { "anthropic-beta": "context-1m-2025-08-07, files-api-2025-04-14" },
    request: {},
    want: { additionalModelRequestFields: { anthropic_beta: ["context-1m-2025-08-07"] } },
  },
  {
    name: "no beta flags for other models",
    model: nova,
    headers: { "anthropic-beta": "context-1m-2025-08-07" },
    request: {},
    want: { additionalModelRequestFields: undefined },
  },
];

const efforts: [model: string, effort: string, fields: unknown][] = [
  [opus46, "minimal", { output_config: { effort: "low" } }],
  [opus46, "max", { output_config: { effort: "max" } }],
  [opus46, "none", { thinking: { type: "disabled" } }],
  [sonnet45, "high", undefined],
  ["openai.gpt-oss-120b-1:0", "medium", { reasoning_effort: "medium" }],
  ["us.deepseek.r1-v1:0", "low", { reasoning_effort: "low" }],
  [
    "us.amazon.nova-2-lite-v1:0",
    "xhigh",
    { reasoningConfig: { type: "enabled", maxReasoningEffort: "high" } },
  ],
  ["us.amazon.nova-2-lite-v1:0", "none", { reasoningConfig: { type: "disabled" } }],
  [nova, "high", { reasoning_config: "high" }],
  ["my-model", "whatever", { reasoning_config: "whatever" }],
];

const tools: Case[] = [
  {
    name: "a tool with all it has",
    request: {
      tools: [
        tool("f", {
          description: "Does.",
          parameters: { properties: { a: { type: "string" } } },
          strict: true,
          cache: { ttl: "1h" },
        }),
        tool("g", { description: "" }),
      ],
      toolChoice: { mode: "auto" },
    },
    want: {
      toolConfig: {
        tools: [
          {
            toolSpec: {
              name: "f",
              description: "Does.",
              inputSchema: { json: { type: "object", properties: { a: { type: "string" } } } },
              strict: true,
            },
          },
          { cachePoint: { type: "default", ttl: "1h" } },
          spec("g"),
        ],
        toolChoice: { auto: {} },
      },
    },
  },
  {
    name: "a required call becomes any, a named one that tool",
    request: { tools: [tool("f"), tool("g")], toolChoice: { mode: "required", names: ["g"] } },
    want: { toolConfig: { tools: [spec("f"), spec("g")], toolChoice: { tool: { name: "g" } } } },
  },
  {
    name: "several allowed names as those tools only",
    request: {
      tools: [tool("f"), tool("g"), tool("h")],
      toolChoice: { mode: "required", names: ["f", "h"] },
    },
    want: { toolConfig: { tools: [spec("f"), spec("h")], toolChoice: { any: {} } } },
  },
  {
    name: "no calls at all as no tools",
    request: { tools: [tool("f")], toolChoice: { mode: "none" } },
    want: { toolConfig: undefined },
  },
  {
    name: "no more calls after earlier ones as tools without a choice",
    request: {
      tools: [tool("f")],
      toolChoice: { mode: "none" },
      messages: [says("Hi."), call("c", "f", "{}"), result("c", "x")],
    },
    want: { toolConfig: { tools: [spec("f")] } },
  },
  {
    name: "a history with calls but no tools with the tools that it names",
    request: {
      messages: [says("Hi."), call("c", "f", "{}"), result("c", "x"), call("d", "f", "{}"), result("d", "y")],
    },
    want: { toolConfig: { tools: [spec("f")] } },
  },
  {
    name: "one call at a time in Claude's own words, in place of Converse's",
    model: sonnet45,
    request: { tools: [tool("f")], toolChoice: { mode: "required" }, parallelToolCalls: false },
    want: {
      toolConfig: { tools: [spec("f")] },
      additionalModelRequestFields: { tool_choice: { type: "any", disable_parallel_tool_use: true } },
    },
  },
  {
    name: "one call at a time as nothing for models that cannot be told",
    model: nova,
    request: { tools: [tool("f")], toolChoice: { mode: "required" }, parallelToolCalls: false },
    want: {
      toolConfig: { tools: [spec("f")], toolChoice: { any: {} } },
      additionalModelRequestFields: undefined,
    },
  },
];

function bodyOf({ model = "m", headers, request }: Omit<Case, "want" | "name">): JsonObject {
  return parseExactObject(writeRequest(deepFreeze(requestOf(request)), targetOf(model, headers)).body)!;
}

function expectMembers(body: JsonObject, want: Case["want"]): void {
  for (const member in want) expect([member, body[member]]).toEqual([member, want[member] as never]);
}

function warningsOf(request: Partial<IrRequest>, model = "m"): readonly IrWarning[] {
  return writeRequest(requestOf(request), targetOf(model)).warnings;
}

function refusal(request: Partial<IrRequest>, model = "m"): string {
  try {
    writeRequest(requestOf(request), targetOf(model));
  } catch (error) {
    if (error instanceof ExchangeFailure && error.status === 422) return error.message;
    throw error;
  }
  return "nothing refused";
}

describe("writeRequest", () => {
  test.each([...settings, ...tools])("writes $name", ({ want, ...rest }) => {
    expectMembers(bodyOf(rest), want);
  });

  test.each(efforts)("tells %s an effort of %s in its own words", (model, effort, fields) => {
    expectMembers(bodyOf({ model, request: { reasoning: { effort } } }), {
      additionalModelRequestFields: fields,
    });
  });

  test("puts the model into the path and nowhere else", () => {
    const arn = "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/x y";
    const whole = writeRequest(requestOf(), targetOf(arn));
    expect(whole.path).toBe(
      "/model/arn:aws:bedrock:eu-west-1:111122223333:inference-profile%2Fx%20y/converse",
    );
    const stream = writeRequest(requestOf({ isStream: true }), targetOf("m"));
    expect(stream.path).toBe("/model/m/converse-stream");
    expect(stream.body).not.toContain("stream");
    expect(stream.remove).toContain("anthropic-beta");
  });

  test("keeps one call at a time out where the host says so", () => {
    const host = { ...converseHost, hasNativeToolChoice: false };
    const request = requestOf({ tools: [tool("f")], parallelToolCalls: false });
    const written = writeRequest(request, targetOf(sonnet45, {}, host));
    expect(written.body).not.toContain("disable_parallel_tool_use");
    expect(written.warnings).toHaveLength(1);
  });

  test("keeps numbers of schemas and arguments as they were written", () => {
    const parameters = parseExactObject('{"type":"object","maximum":12345678901234567890,"multipleOf":1.0}')!;
    const input = '{"id":12345678901234567890,"x":1.50}';
    const written = writeRequest(
      requestOf({
        tools: [tool("f", { parameters })],
        messages: [says("Hi."), call("c", "f", input), result("c", "x")],
      }),
      targetOf("m"),
    );
    expect(written.body).toContain('"maximum":12345678901234567890,"multipleOf":1.0');
    expect(written.body).toContain(input);
  });

  const refusals: { what: string; request: Partial<IrRequest>; path: string; model?: string }[] = [
    { what: "several choices", request: { sampling: { n: 2 } }, path: "n" },
    { what: "audio", request: { modalities: ["text", "audio"] }, path: "modalities" },
    {
      what: "an answer that is kept elsewhere",
      request: { previousResponseId: "resp_1" },
      path: "previous_response_id",
    },
    {
      what: "free-form tools",
      request: { tools: [{ type: "custom", name: "c", options: {} }] },
      path: "tools.c",
    },
    {
      what: "web search",
      request: { tools: [{ type: "server", kind: "web-search", name: "web_search", options: {} }] },
      path: "tools.web_search",
    },
    {
      what: "an effort that nobody knows",
      request: { reasoning: { effort: "huge" } },
      path: "reasoning_effort",
      model: opus46,
    },
  ];
  test.each(refusals)("refuses $what", ({ request, path, model }) => {
    expect(refusal(request, model)).toStartWith(`invalid request body: ${path}: `);
  });

  test("warns of what it leaves out", () => {
    expect(warningsOf({ sampling: { seed: 1, n: 1 }, user: "u", store: true })).toEqual([
      expect.objectContaining({ level: "quiet", path: "seed" }),
      expect.objectContaining({ level: "quiet", path: "user" }),
      expect.objectContaining({ level: "quiet", path: "store" }),
    ]);
    expect(
      warningsOf({
        extras: { google: { safetySettings: [] } },
        tools: [{ type: "server", kind: "other", family: "anthropic", name: "bash", options: {} }],
      }),
    ).toEqual([
      expect.objectContaining({ level: "loud", path: "safetySettings" }),
      expect.objectContaining({ level: "loud", path: "tools.bash" }),
    ]);
  });
});
