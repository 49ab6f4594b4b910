import { describe, expect, test } from "bun:test";
import type { Schema } from "../../model/ai.ts";
import { openaiChatClient } from "../openai-chat/client.ts";
import { clientRequest, deepFreeze } from "../testing.ts";
import { translate } from "../translate.ts";
import { anthropicBackend } from "./backend.ts";
import { type AnthropicHost, invokeHost, nativeHost, vertexHost } from "./hosts.ts";

const user = { role: "user", content: "Hi" };
const schemas: Record<AnthropicHost["name"], Schema> = {
  native: { name: "Anthropic", prefix: "v1" },
  vertex: { name: "GCPAnthropic" },
  invoke: { name: "AWSAnthropic" },
};

function outbound(body: object, host: AnthropicHost = nativeHost, headers: Record<string, string> = {}) {
  const request = deepFreeze(
    clientRequest("chat", { model: "claude-opus-4-8", messages: [user], ...body }, headers),
  );
  const target = deepFreeze({ schema: schemas[host.name], model: request.model });
  const passage = translate(openaiChatClient, anthropicBackend, host);
  const first = passage.request(request, target);
  const text = new TextDecoder().decode(first.body);
  expect(new TextDecoder().decode(passage.request(request, target).body)).toBe(text);
  return { ...first, text, json: JSON.parse(text) };
}

function loudWarnings(body: object): string[] {
  return (outbound(body).warnings ?? []).filter(({ level }) => level === "loud").map(({ path }) => path);
}

const tool = (name: string, more: object = {}) => ({
  type: "function",
  function: { name, parameters: { type: "object" }, ...more },
});
const called = (name: string, text: string, id = "c1") => ({
  role: "assistant",
  tool_calls: [{ id, type: "function", function: { name, arguments: text } }],
});
const result = (content: unknown, id = "c1") => ({ role: "tool", tool_call_id: id, content });

const bodies: { name: string; body: object; want: object }[] = [
  {
    name: "room for a thinking budget in a limit of our own",
    body: { model: "claude-opus-4-6", thinking: { type: "enabled", budget_tokens: 30000 } },
    want: { max_tokens: 34096, thinking: { type: "enabled", budget_tokens: 30000 } },
  },
  {
    name: "minimal effort as low",
    body: { reasoning_effort: "minimal" },
    want: { output_config: { effort: "low" } },
  },
  {
    name: "no effort as thinking off",
    body: { reasoning_effort: "none" },
    want: { thinking: { type: "disabled" } },
  },
  {
    name: "thinking that was given beside no effort",
    body: { reasoning_effort: "none", thinking: { type: "adaptive", display: "omitted" } },
    want: { thinking: { type: "adaptive", display: "omitted" } },
  },
  {
    name: "serial calls without a choice as auto",
    body: { tools: [tool("f")], parallel_tool_calls: false },
    want: { tool_choice: { type: "auto", disable_parallel_tool_use: true } },
  },
  {
    name: "allowed tools as a shorter list",
    body: {
      tools: [tool("f"), tool("g"), tool("h")],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: {
          mode: "required",
          tools: [
            { type: "function", function: { name: "f" } },
            { type: "function", function: { name: "h" } },
          ],
        },
      },
    },
    want: { tools: [{ name: "f" }, { name: "h" }], tool_choice: { type: "any" } },
  },
  {
    name: "a tool without parameters with an empty schema",
    body: { tools: [{ type: "function", function: { name: "f" } }] },
    want: { tools: [{ name: "f", input_schema: { type: "object", properties: {} } }] },
  },
  {
    name: "a breakpoint of a tool with its ttl",
    body: { tools: [tool("f", { cache_control: { type: "ephemeral", ttl: "1h" } })] },
    want: { tools: [{ cache_control: { type: "ephemeral", ttl: "1h" } }] },
  },
  {
    name: "a block for each part of a system message",
    body: {
      messages: [
        {
          role: "system",
          content: [
            { type: "text", text: "A", cache_control: { type: "ephemeral" } },
            { type: "text", text: "B" },
          ],
        },
        user,
      ],
    },
    want: { system: [{ text: "A", cache_control: { type: "ephemeral" } }, { text: "B" }] },
  },
  {
    name: "reasoning that comes back before the calls it led to",
    body: {
      messages: [
        user,
        {
          ...called("f", "{}"),
          content: null,
          reasoning_content: "Hm",
          thinking_blocks: [
            { type: "thinking", signature: "c2ln" },
            { type: "redacted_thinking", data: "x" },
          ],
        },
        result("1"),
      ],
      tools: [tool("f")],
    },
    want: {
      messages: [
        {},
        {
          content: [
            { thinking: "Hm", signature: "c2ln" },
            { type: "redacted_thinking", data: "x" },
            { type: "tool_use" },
          ],
        },
        {},
      ],
    },
  },
  {
    name: "a lone signature with the reasoning text",
    body: {
      messages: [
        user,
        {
          role: "assistant",
          content: "Yes",
          reasoning_content: "Hm",
          thinking_blocks: [{ type: "thinking", signature: "c2ln" }],
        },
        user,
      ],
    },
    want: {
      messages: [
        {},
        {
          content: [
            { type: "thinking", thinking: "Hm", signature: "c2ln" },
            { type: "text", text: "Yes" },
          ],
        },
        {},
      ],
    },
  },
  {
    name: "blank arguments as an empty object",
    body: { messages: [user, called("f", "  "), result("1")] },
    want: { messages: [{}, { content: [{ input: {} }] }, {}] },
  },
  {
    name: "call ids that Claude would refuse, alike in call and result",
    body: { messages: [user, called("f", "{}", "functions.f:0"), result("1", "functions.f:0")] },
    want: {
      messages: [{}, { content: [{ id: "functions_f_0" }] }, { content: [{ tool_use_id: "functions_f_0" }] }],
    },
  },
  {
    name: "pictures in tool results",
    body: {
      messages: [
        user,
        called("f", "{}"),
        result([
          { type: "text", text: "See" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
        ]),
      ],
    },
    want: {
      messages: [
        {},
        {},
        {
          content: [
            {
              content: [
                { text: "See" },
                { type: "image", source: { media_type: "image/png", data: "AAAA" } },
              ],
            },
          ],
        },
      ],
    },
  },
  {
    name: "documents of each kind",
    body: {
      messages: [
        {
          role: "user",
          content: [
            { type: "file", file: { filename: "r.pdf", file_data: "data:application/pdf;base64,AAAA" } },
            { type: "file", file: { filename: "n.txt", file_data: "data:text/plain;base64,SGk=" } },
            { type: "file", file: { file_id: "file_1" } },
          ],
        },
      ],
    },
    want: {
      messages: [
        {
          content: [
            { type: "document", title: "r.pdf", source: { type: "base64" } },
            { source: { type: "text", data: "Hi" } },
            { source: { type: "file", file_id: "file_1" } },
          ],
        },
      ],
    },
  },
  {
    name: "a refusal of before as text",
    body: { messages: [user, { role: "assistant", content: null, refusal: "No." }, user] },
    want: { messages: [{}, { content: [{ type: "text", text: "No." }] }, {}] },
  },
  {
    name: "web search with its place",
    body: { web_search_options: { user_location: { type: "approximate", approximate: { city: "Bonn" } } } },
    want: {
      tools: [
        {
          type: "web_search_20250305",
          name: "web_search",
          user_location: { type: "approximate", city: "Bonn" },
        },
      ],
    },
  },
  {
    name: "the service tier default as standard_only",
    body: { service_tier: "default" },
    want: { service_tier: "standard_only" },
  },
];

describe("a chat request to Claude", () => {
  test.each(bodies)("sends $name", ({ body, want }) => expect(outbound(body).json).toMatchObject(want));

  test("sends long numbers of arguments and schemas as they were written", () => {
    const tools =
      '[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"n":{"maximum":12345678901234567890,"minimum":1.0}}}}}]';
    const messages =
      '[{"role":"user","content":"Hi"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\\"id\\":12345678901234567890,\\"n\\":1.50}"}}]},{"role":"tool","tool_call_id":"c","content":"1"}]';
    const request = clientRequest(
      "chat",
      `{"model":"m","temperature":1.0,"messages":${messages},"tools":${tools}}`,
    );
    const outboundBody = translate(openaiChatClient, anthropicBackend, nativeHost).request(request, {
      schema: schemas.native,
      model: "m",
    }).body;
    const text = new TextDecoder().decode(outboundBody);
    expect(text).toContain('"maximum":12345678901234567890,"minimum":1.0');
    expect(text).toContain('"input":{"id":12345678901234567890,"n":1.50}');
    expect(JSON.parse(text).temperature).toBe(1);
  });

  const refused = [
    { name: "more than one choice", body: { n: 2 }, says: "n:" },
    { name: "a temperature above 1", body: { model: "claude-opus-4-6", temperature: 1.5 }, says: "1.50" },
    { name: "audio out", body: { modalities: ["text", "audio"] }, says: "modalities" },
    {
      name: "audio in",
      body: {
        messages: [
          { role: "user", content: [{ type: "input_audio", input_audio: { data: "AA", format: "wav" } }] },
        ],
      },
      says: "audio",
    },
    {
      name: "a picture of another kind",
      body: {
        messages: [
          { role: "user", content: [{ type: "image_url", image_url: { url: "data:image/tiff;base64,AA" } }] },
        ],
      },
      says: "image/tiff",
    },
    {
      name: "arguments that are no object",
      body: { messages: [user, called("f", "[1]"), result("1")] },
      says: "c1",
    },
    { name: "a call without an id", body: { messages: [user, called("f", "{}", "")] }, says: "id" },
    {
      name: "a free-form tool",
      body: { tools: [{ type: "custom", custom: { name: "x" } }] },
      says: "tools.x",
    },
    { name: "an unknown effort", body: { reasoning_effort: "huge" }, says: "huge" },
    { name: "an unknown choice", body: { tools: [tool("f")], tool_choice: "sometimes" }, says: "sometimes" },
  ];
  test.each(refused)("is refused for $name", ({ body, says }) => {
    expect(() => outbound(body)).toThrow(
      expect.objectContaining({ code: "untranslatable", message: expect.stringContaining(says) }),
    );
  });

  const malformed = [
    { name: "a message without a role", body: { messages: [{ content: "x" }] }, says: "messages[0].role" },
    {
      name: "an unknown part",
      body: { messages: [{ role: "user", content: [{ type: "hologram" }] }] },
      says: "messages[0].content[0].type",
    },
    {
      name: "arguments that are no string",
      body: {
        messages: [
          {
            role: "assistant",
            tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: {} } }],
          },
        ],
      },
      says: "messages[0].tool_calls[0].function.arguments",
    },
    { name: "a limit that is a text", body: { max_tokens: "many" }, says: "max_tokens" },
    {
      name: "system content that is null",
      body: { messages: [{ role: "system", content: null }] },
      says: "messages[0].content",
    },
    { name: "thinking of an unknown type", body: { thinking: { type: "deep" } }, says: "thinking.type" },
  ];
  test.each(malformed)("is malformed with $name", ({ body, says }) => {
    const message = expect.stringMatching(
      /^malformed request: failed to parse JSON for \/v1\/chat\/completions: /,
    );
    expect(() => outbound(body)).toThrow(expect.objectContaining({ code: "invalid_request", message }));
    expect(() => outbound(body)).toThrow(says);
  });

  test("warns of what changes the meaning, and quietly of hints", () => {
    expect(loudWarnings({ messages: [user, { role: "system", content: "Be brief" }] })).toEqual([
      "messages[1]",
    ]);
    expect(loudWarnings({ safetySettings: [] })).toEqual(["safetySettings"]);
    expect(loudWarnings({ seed: 1, user: "u" })).toEqual([]);
    expect(outbound({ seed: 1, user: "u" }).warnings).toHaveLength(2);
    expect(outbound({}).warnings).toEqual([]);
  });

  const models = [
    ["claude-opus-4-5-20251101", "schema"],
    ["us.anthropic.claude-haiku-4-5-20251001-v1:0", "schema"],
    ["claude-sonnet-4-5@20250929", "schema"],
    ["claude-sonnet-4-6", "schema effort"],
    ["claude-opus-4-9", "schema effort"],
    ["claude-haiku-6-1", "schema effort"],
    ["mythos-preview", "schema effort"],
    ["claude-opus-4-20250514", ""],
    ["claude-3-5-sonnet-20241022", ""],
    ["my-claude", ""],
  ] as const;
  test.each(models)("asks %s for: %s", (model, abilities) => {
    const schema = { type: "object" };
    const { json } = outbound({
      model,
      reasoning_effort: "low",
      response_format: { type: "json_schema", json_schema: { name: "s", schema } },
    });
    expect(json.output_config?.format !== undefined).toBe(abilities.includes("schema"));
    expect(json.output_config?.effort !== undefined).toBe(
      abilities.includes("effort") || model.includes("opus-4-5"),
    );
    expect(json.tools?.[0]?.name).toBe(abilities.includes("schema") ? undefined : "s");
  });
});

describe("hosts of Claude", () => {
  test("native: path with its prefix, model in the body, a version header", () => {
    const { path, json, set } = outbound({ stream: true });
    expect([path, json.model, json.stream]).toEqual(["/v1/messages", "claude-opus-4-8", true]);
    expect(set).toContainEqual(["anthropic-version", "2023-06-01"]);
    expect(outbound({}, nativeHost, { "anthropic-version": "2024-01-01" }).set).toHaveLength(1);
  });

  test("vertex: model in the path and not in the body, stream in both", () => {
    const { path, json } = outbound({ model: "claude-sonnet-5@x/../y", stream: true }, vertexHost);
    expect(path).toBe("publishers/anthropic/models/claude-sonnet-5@x%2F..%2Fy:streamRawPredict");
    expect(json).toMatchObject({ anthropic_version: "vertex-2023-10-16", stream: true });
    expect(json.model).toBeUndefined();
  });

  test("invoke: neither in the body, and beta flags that Bedrock knows moved there", () => {
    const flags =
      "context-1m-2025-08-07, files-api-2025-04-14,advanced-tool-use-2025-11-20, context-1m-2025-08-07";
    const { path, json, remove } = outbound({ model: "arn:aws:bedrock:x/y (1)", stream: true }, invokeHost, {
      "anthropic-beta": flags,
    });
    expect(path).toBe("/model/arn:aws:bedrock:x%2Fy%20%281%29/invoke-with-response-stream");
    expect(json).toMatchObject({
      anthropic_version: "bedrock-2023-05-31",
      anthropic_beta: ["context-1m-2025-08-07", "tool-search-tool-2025-10-19"],
    });
    expect([json.model, json.stream]).toEqual([undefined, undefined]);
    expect(remove).toContain("anthropic-beta");
  });
});
