import { describe, expect, test } from "bun:test";
import type { Schema } from "../../model/ai.ts";
import { ExchangeFailure } from "../../model/failure.ts";
import { anthropicBackend } from "../anthropic/backend.ts";
import { type AnthropicHost, invokeHost, nativeHost } from "../anthropic/hosts.ts";
import type { IrMessage, IrRequest, IrTool } from "../ir/request.ts";
import { clientRequest, deepFreeze } from "../testing.ts";
import { translate } from "../translate.ts";
import { openaiResponsesClient } from "./client.ts";
import { readRequest } from "./read-request.ts";

const input = "Which river?";

function read(body: object | string): IrRequest {
  const text = typeof body === "string" ? body : JSON.stringify({ model: "claude-opus-4-8", input, ...body });
  return readRequest(deepFreeze(clientRequest("responses", text)));
}

const pixel = "iVBORw0KGgo=";
const imageUrl = `data:image/png;base64,${pixel}`;
const said = (text: string) => ({ type: "text", text });
const user = (...parts: object[]) => ({ role: "user", parts });

const conversations: { name: string; body: object; want: object[] }[] = [
  { name: "a string", body: { input: "Hi" }, want: [user(said("Hi"))] },
  {
    name: "instructions before everything else",
    body: { instructions: "Be brief.", input: [{ role: "developer", content: "In verse." }] },
    want: [
      { role: "system", voice: "system", parts: [said("Be brief.")] },
      { role: "system", voice: "developer", parts: [said("In verse.")] },
    ],
  },
  {
    name: "messages with and without a type, in text of either direction",
    body: {
      input: [
        { role: "user", content: [{ type: "input_text", text: "a" }] },
        { type: "message", role: "assistant", content: "b" },
        { type: "message", role: "user", content: [{ type: "output_text", text: "c" }] },
      ],
    },
    want: [user(said("a")), { role: "assistant", parts: [said("b")], isOrderKnown: true }, user(said("c"))],
  },
  {
    name: "all that the model did in a row as one message, in its order",
    body: {
      input: [
        {
          type: "reasoning",
          id: "rs_1",
          summary: [{ type: "summary_text", text: "Hm." }],
          encrypted_content: "x",
        },
        {
          type: "message",
          id: "msg_1",
          role: "assistant",
          status: "completed",
          content: [
            { type: "output_text", text: "Looking.", annotations: [] },
            { type: "refusal", refusal: "But no." },
          ],
        },
        {
          type: "function_call",
          id: "fc_1",
          call_id: "c1",
          name: "f",
          arguments: '{"id":12345678901234567890}',
        },
        { type: "custom_tool_call", call_id: "c2", name: "g", input: "SELECT 1" },
        { type: "web_search_call", id: "ws_1", status: "completed" },
        { type: "function_call_output", call_id: "c1", output: "Rhine" },
        { type: "custom_tool_call_output", call_id: "c2", output: "1" },
        { role: "user", content: "Thanks" },
      ],
    },
    want: [
      {
        role: "assistant",
        isOrderKnown: true,
        parts: [
          {
            type: "reasoning",
            text: "Hm.",
            isSummary: true,
            signature: { value: "x", form: "text", family: "openai", itemId: "rs_1" },
          },
          said("Looking."),
          { type: "text", text: "But no.", isRefusal: true },
          {
            type: "tool-call",
            id: "c1",
            itemId: "fc_1",
            name: "f",
            kind: "function",
            input: '{"id":12345678901234567890}',
          },
          { type: "tool-call", id: "c2", name: "g", kind: "function", input: '{"input":"SELECT 1"}' },
          {
            type: "opaque",
            family: "openai",
            name: "web_search_call",
            block: { type: "web_search_call", id: "ws_1", status: "completed" },
          },
        ],
      },
      user({ type: "tool-result", callId: "c1", parts: [said("Rhine")] }),
      user({ type: "tool-result", callId: "c2", parts: [said("1")] }),
      user(said("Thanks")),
    ],
  },
  {
    name: "thoughts that a server gave as content",
    body: { input: [{ type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hm." }] }] },
    want: [
      {
        role: "assistant",
        isOrderKnown: true,
        parts: [{ type: "reasoning", text: "Hm.", isSummary: false }],
      },
    ],
  },
  {
    name: "images, files and audio",
    body: {
      input: [
        {
          role: "user",
          content: [
            { type: "input_image", image_url: imageUrl, detail: "high" },
            { type: "input_image", image_url: "https://example.com/a.png" },
            { type: "input_image", file_id: "file_1" },
            { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERg==" },
            { type: "input_file", filename: "a.txt", file_data: "SGk=" },
            { type: "input_file", file_url: "https://example.com/a.pdf" },
            { type: "input_file", file_id: "file_2" },
            { type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } },
          ],
        },
      ],
    },
    want: [
      user(
        {
          type: "media",
          kind: "image",
          detail: "high",
          source: { type: "base64", data: pixel },
          mediaType: "image/png",
        },
        { type: "media", kind: "image", source: { type: "url", url: "https://example.com/a.png" } },
        { type: "media", kind: "image", source: { type: "file-id", id: "file_1", family: "openai" } },
        {
          type: "media",
          kind: "document",
          name: "a.pdf",
          source: { type: "base64", data: "JVBERg==" },
          mediaType: "application/pdf",
        },
        {
          type: "media",
          kind: "document",
          name: "a.txt",
          source: { type: "base64", data: "SGk=" },
          mediaType: "text/plain",
        },
        { type: "media", kind: "document", source: { type: "url", url: "https://example.com/a.pdf" } },
        { type: "media", kind: "document", source: { type: "file-id", id: "file_2", family: "openai" } },
        {
          type: "media",
          kind: "audio",
          source: { type: "base64", data: "UklGRg==" },
          mediaType: "audio/wav",
        },
      ),
    ],
  },
  {
    name: "an image that a tool gave",
    body: {
      input: [
        {
          type: "function_call_output",
          call_id: "c1",
          output: [
            { type: "input_text", text: "Here:" },
            { type: "input_image", image_url: imageUrl },
          ],
        },
      ],
    },
    want: [
      user({
        type: "tool-result",
        callId: "c1",
        parts: [
          said("Here:"),
          { type: "media", kind: "image", source: { type: "base64", data: pixel }, mediaType: "image/png" },
        ],
      }),
    ],
  },
  {
    name: "places where a cache is to break, in either form",
    body: {
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "a", prompt_cache_breakpoint: { mode: "explicit" } },
            { type: "input_text", text: "b", prompt_cache_breakpoint: { mode: "explicit", ttl: "30m" } },
            { type: "input_text", text: "c", cache_control: { type: "ephemeral", ttl: "5m" } },
          ],
        },
      ],
    },
    want: [
      user(
        { ...said("a"), cache: {} },
        { ...said("b"), cache: { ttl: "1h" } },
        { ...said("c"), cache: { ttl: "5m" } },
      ),
    ],
  },
];

describe("a request of the responses API is read as", () => {
  test.each(conversations)("$name", ({ body, want }) => {
    expect(JSON.parse(JSON.stringify(read(body).messages))).toEqual(want as unknown as IrMessage[]);
  });

  const settings: { name: string; body: object; want: Partial<IrRequest> }[] = [
    {
      name: "sampling and limits",
      body: { temperature: 0.5, top_p: 0.9, max_output_tokens: 50, parallel_tool_calls: false },
      want: { sampling: { temperature: 0.5, topP: 0.9 }, maxOutputTokens: 50, parallelToolCalls: false },
    },
    {
      name: "probabilities, by either word for them",
      body: { include: ["message.output_text.logprobs"] },
      want: { sampling: { logprobs: true } },
    },
    {
      name: "how many probabilities",
      body: { top_logprobs: 3 },
      want: { sampling: { logprobs: true, topLogprobs: 3 } },
    },
    {
      name: "a format and how long the answer is to be",
      body: { text: { format: { type: "json_object" }, verbosity: "low" } },
      want: { format: { type: "json" }, verbosity: "low" },
    },
    {
      name: "an effort without a summary",
      body: { reasoning: { effort: "high" } },
      want: { reasoning: { effort: "high" } },
    },
    {
      name: "a summary of any length as reasoning that is shown",
      body: { reasoning: { effort: "low", summary: "detailed" } },
      want: { reasoning: { effort: "low", show: "summarized" } },
    },
    {
      name: "who asks, and what belongs to them",
      body: {
        user: "u",
        safety_identifier: "s",
        prompt_cache_key: "k",
        service_tier: "flex",
        metadata: { a: "b" },
      },
      want: { user: "u", safetyId: "s", cacheKey: "k", serviceTier: "flex", metadata: { a: "b" } },
    },
    {
      name: "members that only OpenAI has, so that they are missed",
      body: {
        store: true,
        truncation: "auto",
        max_tool_calls: 3,
        context_management: [{ type: "compaction" }],
      },
      want: {
        extras: {
          openai: {
            store: true,
            truncation: "auto",
            max_tool_calls: 3,
            context_management: [{ type: "compaction" }],
          },
        },
      },
    },
    {
      name: "null as nothing",
      body: {
        previous_response_id: null,
        conversation: null,
        background: false,
        prompt: null,
        store: false,
        truncation: "disabled",
        temperature: null,
        reasoning: null,
        tools: null,
        metadata: null,
        include: null,
      },
      want: { sampling: {}, tools: [], extras: {} },
    },
  ];
  test.each(settings)("$name", ({ body, want }) => {
    expect(JSON.parse(JSON.stringify(read(body)))).toMatchObject(want as object);
  });

  const tools: { name: string; tool: object; want: object }[] = [
    {
      name: "a function",
      tool: { type: "function", name: "f", description: "d", parameters: { type: "object" }, strict: true },
      want: { type: "function", name: "f", description: "d", parameters: { type: "object" }, strict: true },
    },
    {
      name: "a free-form tool as a function of one text",
      tool: {
        type: "custom",
        name: "sql",
        description: "Asks the database.",
        format: { type: "grammar", syntax: "lark", definition: "start: /.+/" },
      },
      want: {
        type: "function",
        name: "sql",
        description:
          "Asks the database.\n\nGive the whole text as `input`.\n\nThe text must match this lark grammar:\nstart: /.+/",
        parameters: {
          type: "object",
          properties: { input: { type: "string" } },
          required: ["input"],
          additionalProperties: false,
        },
      },
    },
    {
      name: "a search in the web, with its place where chat has it",
      tool: {
        type: "web_search_preview",
        search_context_size: "low",
        user_location: { type: "approximate", country: "DE" },
        filters: { allowed_domains: ["example.com"] },
      },
      want: {
        type: "server",
        kind: "web-search",
        family: "openai",
        name: "web_search",
        isOptional: true,
        options: {
          search_context_size: "low",
          user_location: { type: "approximate", approximate: { country: "DE" } },
          filters: { allowed_domains: ["example.com"] },
        },
      },
    },
    {
      name: "a tool that runs at OpenAI",
      tool: { type: "file_search", vector_store_ids: ["vs_1"] },
      want: {
        type: "server",
        kind: "other",
        family: "openai",
        name: "file_search",
        options: { type: "file_search", vector_store_ids: ["vs_1"] },
      },
    },
  ];
  test.each(tools)("$name", ({ tool, want }) => {
    expect(JSON.parse(JSON.stringify(read({ tools: [tool] }).tools[0]))).toEqual(want as IrTool);
  });

  const choices: { choice: unknown; want: object | undefined }[] = [
    { choice: "required", want: { mode: "required" } },
    { choice: { type: "function", name: "f" }, want: { mode: "required", names: ["f"] } },
    { choice: { type: "web_search_preview" }, want: { mode: "required", names: ["web_search"] } },
    {
      choice: {
        type: "allowed_tools",
        mode: "auto",
        tools: [{ type: "function", name: "f" }, { type: "web_search" }],
      },
      want: { mode: "auto", names: ["f", "web_search"] },
    },
    { choice: null, want: undefined },
  ];
  test.each(choices)("the tool choice $choice", ({ choice, want }) => {
    const tools = [{ type: "function", name: "f" }];
    expect(read({ tools, tool_choice: choice }).toolChoice).toEqual(want as IrRequest["toolChoice"]);
  });

  test("a schema whose numbers are kept as they were written", () => {
    const schema = '{"type":"integer","maximum":12345678901234567890,"multipleOf":1.0}';
    const { tools, format } = read(
      `{"input":"x","tools":[{"type":"function","name":"f","parameters":${schema}}],"text":{"format":{"type":"json_schema","name":"n","schema":${schema}}}}`,
    );
    expect(JSON.stringify(tools[0]?.type === "function" && tools[0].parameters)).toBe(schema);
    expect(JSON.stringify(format?.type === "json-schema" && format.schema)).toBe(schema);
  });
});

const refused: { name: string; body: object; says: string; code?: string }[] = [
  {
    name: "a response that was kept",
    body: { previous_response_id: "resp_1" },
    says: "invalid request body: previous_response_id: responses are not kept here; send the whole conversation as input",
  },
  {
    name: "a conversation that was kept",
    body: { conversation: "conv_1" },
    says: "conversation: conversations are not kept",
  },
  {
    name: "an answer to fetch later",
    body: { background: true },
    says: "background: responses are not kept",
  },
  {
    name: "a prompt that was stored",
    body: { prompt: { id: "p" } },
    says: "prompt: stored prompts exist at OpenAI only",
  },
  {
    name: "moderation",
    body: { moderation: { model: "m" } },
    says: "moderation: this backend has no moderation",
  },
  { name: "several answers", body: { n: 2 }, says: "n: this API gives one answer" },
  {
    name: "a reference to an item",
    body: { input: [{ type: "item_reference", id: "msg_1" }] },
    says: "input[0]: items are not kept here; send the item itself",
  },
  {
    name: "a reference without a type",
    body: { input: [{ id: "msg_1" }] },
    says: "input[0]: items are not kept here",
  },
  {
    name: "an item that only OpenAI understands",
    body: { input: ["compaction", "local_shell_call", "hologram"].map((type) => ({ type })) },
    says: 'input[0].type: "compaction" means something to OpenAI only',
  },
  {
    name: "a part that nobody knows",
    body: { input: [{ role: "user", content: [{ type: "input_video" }] }] },
    says: 'input[0].content[0].type: "input_video" is not known',
  },
  {
    name: "an image for the system",
    body: { input: [{ role: "system", content: [{ type: "input_image", image_url: imageUrl }] }] },
    says: "input[0].content[0].type: only text is possible here",
  },
  {
    name: "an image without an address",
    body: { input: [{ role: "user", content: [{ type: "input_image" }] }] },
    says: "input[0].content[0]: needs image_url or file_id",
  },
  {
    name: "a choice of a tool that runs at OpenAI",
    body: { tools: [{ type: "function", name: "f" }], tool_choice: { type: "mcp", server_label: "x" } },
    says: 'tool_choice: "mcp" means something to OpenAI only',
  },
  {
    name: "a conversation in chat's member",
    body: { messages: [] },
    code: "invalid_request",
    says: "malformed request: failed to parse JSON for /v1/responses: messages: is not known here; input takes the conversation",
  },
  {
    name: "a role that nobody knows",
    body: { input: [{ role: "wizard", content: "x" }] },
    code: "invalid_request",
    says: 'input[0].role: "wizard" is not known',
  },
  {
    name: "a call without its id",
    body: { input: [{ type: "function_call", name: "f", arguments: "{}" }] },
    code: "invalid_request",
    says: "input[0].call_id: is required",
  },
  {
    name: "an input of numbers",
    body: { input: 4 },
    code: "invalid_request",
    says: "input: must be a string or an array",
  },
];

test.each(refused)(
  "a request of the responses API is refused for $name",
  ({ body, says, code = "untranslatable" }) => {
    let thrown: unknown;
    try {
      read(body);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ExchangeFailure);
    expect((thrown as ExchangeFailure).code).toBe(code as ExchangeFailure["code"]);
    expect((thrown as ExchangeFailure).message).toContain(says);
  },
);

const schemas: Record<AnthropicHost["name"], Schema> = {
  native: { name: "Anthropic", prefix: "v1" },
  vertex: { name: "GCPAnthropic" },
  invoke: { name: "AWSAnthropic" },
};

function toClaude(body: object, host: AnthropicHost = nativeHost, model = "claude-opus-4-8") {
  const request = deepFreeze(clientRequest("responses", { model, input, ...body }));
  const target = deepFreeze({ schema: schemas[host.name], model });
  const sent = translate(openaiResponsesClient, anthropicBackend, host).request(request, target);
  const loud = (sent.warnings ?? []).filter(({ level }) => level === "loud").map(({ path }) => path);
  return { json: JSON.parse(new TextDecoder().decode(sent.body)), loud };
}

describe("a request of the responses API to Claude", () => {
  test("says aloud what only OpenAI has", () => {
    const body = {
      store: true,
      truncation: "auto",
      tools: [{ type: "web_search", external_web_access: false }],
    };
    expect(toClaude(body).loud).toEqual(["store", "truncation", "external_web_access"]);
  });

  test("says nothing of what clients send as a matter of course", () => {
    const body = {
      store: false,
      include: ["reasoning.encrypted_content"],
      parallel_tool_calls: true,
      user: "u",
    };
    expect(toClaude(body).loud).toEqual([]);
  });

  test("searches the web in the domains that were allowed", () => {
    const filters = { allowed_domains: ["example.com"] };
    expect(toClaude({ tools: [{ type: "web_search", filters }] }).json.tools).toEqual([
      { type: "web_search_20250305", name: "web_search", allowed_domains: ["example.com"] },
    ]);
  });

  const thinking: { name: string; body: object; model?: string; want: object | undefined }[] = [
    {
      name: "for a summary",
      body: { reasoning: { effort: "high", summary: "auto" } },
      want: { type: "adaptive", display: "summarized" },
    },
    { name: "without a summary", body: { reasoning: { effort: "high" } }, want: undefined },
    {
      name: "that no effort turns off",
      body: { reasoning: { effort: "none", summary: "auto" } },
      want: { type: "disabled" },
    },
    {
      name: "on a model that cannot decide",
      body: { reasoning: { summary: "auto" } },
      model: "claude-sonnet-4-5",
      want: undefined,
    },
    {
      name: "beside a call that is insisted on",
      body: {
        reasoning: { summary: "auto" },
        tools: [{ type: "function", name: "f" }],
        tool_choice: "required",
      },
      want: undefined,
    },
    {
      name: "beside a temperature that the model takes",
      body: { reasoning: { summary: "auto" }, temperature: 0.2 },
      model: "claude-sonnet-4-6",
      want: undefined,
    },
  ];
  test.each(thinking)("thinks $name as it should", ({ body, model, want }) => {
    const { json } = toClaude(body, nativeHost, model);
    expect(json.thinking).toEqual(want);
  });

  test.each([
    {
      name: "file_search",
      tool: { type: "file_search" },
      host: nativeHost,
      says: "tools.file_search: Claude has no such tool",
    },
    { name: "mcp", tool: { type: "mcp" }, host: nativeHost, says: "tools.mcp: Claude has no such tool" },
    {
      name: "a new tool",
      tool: { type: "hologram" },
      host: nativeHost,
      says: "tools.hologram: Claude has no such tool",
    },
  ])("is refused for $name", ({ tool, host, says }) => {
    expect(() => toClaude({ tools: [tool] }, host)).toThrow(says);
  });

  test("leaves out what agents offer to everybody, and says so aloud", () => {
    const tools = [{ type: "web_search" }, { type: "tool_search" }, { type: "function", name: "f" }];
    const { json, loud } = toClaude({ tools, tool_choice: "auto" }, invokeHost);
    expect(json.tools.map(({ name }: { name: string }) => name)).toEqual(["f"]);
    expect(loud).toEqual(["tools.web_search", "tools.tool_search"]);
  });

  test("has no choice where no tool is left", () => {
    const { json } = toClaude({ tools: [{ type: "web_search" }], tool_choice: "required" }, invokeHost);
    expect([json.tools, json.tool_choice]).toEqual([undefined, undefined]);
  });

  test("is refused for a search on Bedrock that it insists on", () => {
    const body = { tools: [{ type: "web_search" }], tool_choice: { type: "web_search" } };
    expect(() => toClaude(body, invokeHost)).toThrow("web search exists at Anthropic itself only");
  });
});
