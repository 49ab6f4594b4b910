import { describe, expect, test } from "bun:test";
import type { Schema } from "../../model/ai.ts";
import { anthropicClient } from "../anthropic/client.ts";
import { clientRequest, deepFreeze } from "../testing.ts";
import { translate } from "../translate.ts";
import { openaiChatBackend } from "./backend.ts";
import { azureHost, type ChatHost, openaiHost } from "./hosts.ts";

const user = { role: "user", content: "Hi" };

function outbound(
  body: object,
  host: ChatHost = openaiHost,
  schema: Schema = { name: "OpenAI", prefix: "v1" },
) {
  const request = deepFreeze(
    clientRequest("messages", { model: "gpt-x", max_tokens: 9, messages: [user], ...body }),
  );
  const target = deepFreeze({ schema, model: request.model });
  const passage = translate(anthropicClient, openaiChatBackend, host);
  const first = passage.request(request, target);
  const text = new TextDecoder().decode(first.body);
  expect(new TextDecoder().decode(passage.request(request, target).body)).toBe(text);
  return { ...first, text, json: JSON.parse(text) };
}

const used = (id: string, input: object = {}) => ({ type: "tool_use", id, name: "f", input });
const result = (id: string, content: unknown) => ({ type: "tool_result", tool_use_id: id, content });
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };
const png = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };

const bodies: { name: string; body: object; want: object }[] = [
  {
    name: "usage of a stream, always",
    body: { stream: true },
    want: { stream: true, stream_options: { include_usage: true } },
  },
  { name: "a limit without its fraction", body: { max_tokens: 9.0 }, want: { max_completion_tokens: 9 } },
  {
    name: "system messages where they stand",
    body: { system: "A", messages: [user, { role: "system", content: [{ type: "text", text: "B" }] }] },
    want: { messages: [{ role: "system", content: "A" }, user, { role: "system", content: "B" }] },
  },
  {
    name: "results first, then what the user said",
    body: {
      messages: [
        user,
        { role: "assistant", content: [used("a"), used("b")] },
        {
          role: "user",
          content: [
            { type: "text", text: "So?" },
            result("a", "1"),
            result("b", [{ type: "text", text: "2" }]),
          ],
        },
      ],
    },
    want: {
      messages: [
        user,
        { role: "assistant", content: null },
        { role: "tool", tool_call_id: "a", content: "1" },
        { role: "tool", tool_call_id: "b", content: "2" },
        { role: "user", content: "So?" },
      ],
    },
  },
  {
    name: "pictures of results behind the last result of the run",
    body: {
      messages: [
        user,
        { role: "assistant", content: [used("a"), used("b")] },
        { role: "user", content: [result("a", [image])] },
        { role: "user", content: [result("b", "2")] },
      ],
    },
    want: {
      messages: [
        user,
        {},
        { role: "tool", tool_call_id: "a", content: "" },
        { role: "tool", tool_call_id: "b" },
        { role: "user", content: [{ type: "text", text: "Result of a:" }, png] },
      ],
    },
  },
  {
    name: "a PDF as a file with a name",
    body: {
      messages: [
        {
          role: "user",
          content: [
            { type: "document", source: { type: "base64", media_type: "application/pdf", data: "AAAA" } },
          ],
        },
      ],
    },
    want: {
      messages: [
        {
          content: [
            {
              type: "file",
              file: { filename: "document.pdf", file_data: "data:application/pdf;base64,AAAA" },
            },
          ],
        },
      ],
    },
  },
  {
    name: "an effort that the client named",
    body: { output_config: { effort: "low" } },
    want: { reasoning_effort: "low" },
  },
  {
    name: "a thinking budget as an effort for models that think",
    body: {
      model: "openai/gpt-5-mini",
      max_tokens: 20000,
      thinking: { type: "enabled", budget_tokens: 10000 },
    },
    want: { reasoning_effort: "high" },
  },
  {
    name: "a schema as a response format",
    body: { output_config: { format: { type: "json_schema", schema: { type: "object" } } } },
    want: {
      response_format: { type: "json_schema", json_schema: { name: "response", schema: { type: "object" } } },
    },
  },
  {
    name: "a named tool",
    body: {
      tools: [{ name: "f", input_schema: {} }],
      tool_choice: { type: "tool", name: "f", disable_parallel_tool_use: true },
    },
    want: { tool_choice: { type: "function", function: { name: "f" } }, parallel_tool_calls: false },
  },
  {
    name: "web search to a model made for it",
    body: {
      model: "gpt-4o-search-preview",
      tools: [
        {
          type: "web_search_20250305",
          name: "web_search",
          user_location: { type: "approximate", city: "Bonn" },
        },
      ],
    },
    want: { web_search_options: { user_location: { type: "approximate", approximate: { city: "Bonn" } } } },
  },
];

describe("an Anthropic request to a chat backend", () => {
  test.each(bodies)("sends $name", ({ body, want }) => expect(outbound(body).json).toMatchObject(want));

  test("sends long numbers of inputs and schemas as they were written", () => {
    const text =
      '{"model":"m","max_tokens":9,"temperature":1.0,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{"id":12345678901234567890,"n":1.0}}]}],"tools":[{"name":"f","input_schema":{"maximum":12345678901234567890}}]}';
    const request = clientRequest("messages", text);
    const { body } = translate(anthropicClient, openaiChatBackend, openaiHost).request(request, {
      schema: { name: "OpenAI" },
      model: "m",
    });
    const json = JSON.parse(new TextDecoder().decode(body));
    expect(json.messages[1].tool_calls[0].function.arguments).toBe('{"id":12345678901234567890,"n":1.0}');
    expect(new TextDecoder().decode(body)).toContain('"maximum":12345678901234567890');
    expect(json.temperature).toBe(1);
  });

  test("leaves out what chat does not have, and says so", () => {
    const { json, warnings } = outbound({
      thinking: { type: "enabled", budget_tokens: 2000 },
      top_k: 5,
      mcp_servers: [{ name: "x" }],
      tools: [{ type: "bash_20250124", name: "bash" }],
      messages: [
        user,
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Hm", signature: "s" },
            { type: "server_tool_use", id: "s", name: "web_search", input: {} },
            { type: "text", text: "Yes" },
          ],
        },
        user,
      ],
    });
    expect(Object.keys(json).sort()).toEqual(["max_completion_tokens", "messages", "model"]);
    expect(json.messages[1]).toEqual({ role: "assistant", content: "Yes" });
    expect(warnings?.filter(({ level }) => level === "loud").map(({ path }) => path)).toEqual([
      "messages[1]",
      "tools.bash",
      "mcp_servers",
    ]);
  });

  test("strips the headers of Anthropic's API", () => {
    expect(outbound({}).remove).toEqual(expect.arrayContaining(["anthropic-version", "anthropic-beta"]));
  });

  const refused = [
    { name: "no limit", body: { max_tokens: null }, code: "invalid_request", says: "max_tokens" },
    {
      name: "a block without a type",
      body: { messages: [{ role: "user", content: [{ text: "x" }] }] },
      code: "invalid_request",
      says: "messages[0].content[0].type",
    },
    {
      name: "content that is a number",
      body: { messages: [{ role: "user", content: 5 }] },
      code: "invalid_request",
      says: "messages[0].content",
    },
    { name: "a top_k with a fraction", body: { top_k: 1.5 }, code: "invalid_request", says: "top_k" },
    {
      name: "a role that nobody knows",
      body: { messages: [{ role: "judge", content: "x" }] },
      code: "untranslatable",
      says: "unexpected role",
    },
    {
      name: "a file of Anthropic's",
      body: {
        messages: [{ role: "user", content: [{ type: "image", source: { type: "file", file_id: "f" } }] }],
      },
      code: "untranslatable",
      says: "anthropic",
    },
    {
      name: "a document by URL",
      body: {
        messages: [
          {
            role: "user",
            content: [{ type: "document", source: { type: "url", url: "https://example.com/a.pdf" } }],
          },
        ],
      },
      code: "untranslatable",
      says: "URL",
    },
  ];
  test.each(refused)("is refused with $name", ({ body, code, says }) => {
    expect(() => outbound(body)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(says) }),
    );
  });

  test("goes to a deployment at Azure", () => {
    const schema: Schema = { name: "AzureOpenAI", version: "2025-01-01-preview" };
    const { path } = outbound({ model: "my dep/1" }, azureHost, schema);
    expect(path).toBe("/openai/deployments/my%20dep%2F1/chat/completions?api-version=2025-01-01-preview");
  });
});
