import { describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import type { Schema } from "../../model/ai.ts";
import { anthropicClient } from "../anthropic/client.ts";
import type { ClientDialect } from "../dialect.ts";
import { grammarProblems } from "../ir/check-grammar.ts";
import type { IrEvent } from "../ir/events.ts";
import { foldEvents } from "../ir/fold.ts";
import { openaiChatClient } from "../openai-chat/client.ts";
import type { EndpointName, Meter } from "../passage.ts";
import { chain } from "../stage.ts";
import { bytesOf, clientRequest, cutEverywhere, deepFreeze, runStage, testContext } from "../testing.ts";
import { translate } from "../translate.ts";
import { SseReader } from "../wire/sse.ts";
import { openaiResponsesBackend } from "./backend.ts";
import { azureResponsesHost, openaiResponsesHost, type ResponsesHost } from "./hosts.ts";

const clients = { chat: openaiChatClient, messages: anthropicClient } as const;
const openai: Schema = { name: "OpenAI", prefix: "v1" };
const user = { role: "user", content: "Which river?" };

function send(
  endpoint: keyof typeof clients,
  body: object,
  { host = openaiResponsesHost, schema = openai }: { host?: ResponsesHost; schema?: Schema } = {},
) {
  const client: ClientDialect = clients[endpoint];
  const request = deepFreeze(
    clientRequest(endpoint, { model: "gpt-5-codex", max_tokens: 99, messages: [user], ...body }),
  );
  const sent = translate(client, openaiResponsesBackend, host).request(request, {
    schema,
    model: "gpt-5-codex",
  });
  const loud = (sent.warnings ?? []).filter(({ level }) => level === "loud").map(({ path }) => path);
  return {
    path: sent.path,
    text: new TextDecoder().decode(sent.body),
    json: JSON.parse(new TextDecoder().decode(sent.body)),
    loud,
  };
}

const inputText = (text: string) => ({ type: "input_text", text });
const asked = { type: "message", role: "user", content: [inputText("Which river?")] };

describe("a request to the responses API", () => {
  test("keeps nothing there, and has reasoning come along", () => {
    expect(send("chat", { stream: true }).json).toEqual({
      model: "gpt-5-codex",
      input: [asked],
      include: ["reasoning.encrypted_content"],
      store: false,
      stream: true,
      max_output_tokens: 99,
    });
  });

  test("goes to its path at OpenAI and at Azure", () => {
    expect(send("chat", {}).path).toBe("/v1/responses");
    const azure = {
      host: azureResponsesHost,
      schema: { name: "AzureOpenAI", version: "2025-01-01" },
    } as const;
    expect(send("chat", {}, azure).path).toBe("/openai/responses?api-version=2025-01-01");
  });

  const calls = [
    { id: "c1", type: "function", function: { name: "f", arguments: '{"id":12345678901234567890}' } },
    { id: "c2", type: "custom", custom: { name: "sql", input: "SELECT 1" } },
  ];
  const bodies: {
    name: string;
    endpoint: keyof typeof clients;
    body: object;
    want: object;
    loud?: string[];
  }[] = [
    {
      name: "a conversation of chat's with calls and a picture",
      endpoint: "chat",
      body: {
        messages: [
          { role: "developer", content: "Be brief." },
          {
            role: "user",
            content: [
              { type: "text", text: "a" },
              { type: "image_url", image_url: { url: "data:image/png;base64,AA==", detail: "low" } },
              {
                type: "file",
                file: { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERg==" },
              },
              { type: "input_audio", input_audio: { data: "UklGRg==", format: "mp3" } },
            ],
          },
          { role: "assistant", content: "Looking.", refusal: "But no.", tool_calls: calls },
          { role: "tool", tool_call_id: "c1", content: "Rhine" },
          { role: "tool", tool_call_id: "c2", content: "1" },
        ],
      },
      want: {
        input: [
          { type: "message", role: "developer", content: [inputText("Be brief.")] },
          {
            type: "message",
            role: "user",
            content: [
              inputText("a"),
              { type: "input_image", image_url: "data:image/png;base64,AA==", detail: "low" },
              { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERg==" },
              { type: "input_audio", input_audio: { data: "UklGRg==", format: "mp3" } },
            ],
          },
          {
            type: "message",
            role: "assistant",
            content: [
              { type: "output_text", text: "Looking." },
              { type: "refusal", refusal: "But no." },
            ],
          },
          { type: "function_call", call_id: "c1", name: "f", arguments: '{"id":12345678901234567890}' },
          { type: "custom_tool_call", call_id: "c2", name: "sql", input: "SELECT 1" },
          { type: "function_call_output", call_id: "c1", output: "Rhine" },
          { type: "custom_tool_call_output", call_id: "c2", output: "1" },
        ],
      },
    },
    {
      name: "a conversation of Anthropic's with thinking of OpenAI's and a picture from a tool",
      endpoint: "messages",
      body: {
        system: "Be brief.",
        messages: [
          {
            role: "assistant",
            content: [
              { type: "thinking", thinking: "Hm.", signature: "aigw.openai.text@rs_1.gAAA" },
              { type: "thinking", thinking: "Mine.", signature: "c2ln" },
              { type: "redacted_thinking", data: "aGlkZGVu" },
              { type: "tool_use", id: "c1", name: "f", input: {} },
            ],
          },
          {
            role: "user",
            content: [
              {
                type: "tool_result",
                tool_use_id: "c1",
                content: [
                  { type: "text", text: "Here:" },
                  { type: "image", source: { type: "base64", media_type: "image/png", data: "AA==" } },
                ],
              },
              { type: "text", text: "And?" },
            ],
          },
        ],
      },
      want: {
        input: [
          { role: "system", content: [inputText("Be brief.")] },
          {
            type: "reasoning",
            id: "rs_1",
            summary: [{ type: "summary_text", text: "Hm." }],
            encrypted_content: "gAAA",
          },
          { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
          {
            type: "function_call_output",
            call_id: "c1",
            output: [
              inputText("Here:"),
              { type: "input_image", image_url: "data:image/png;base64,AA==", detail: "auto" },
            ],
          },
          { role: "user", content: [inputText("And?")] },
        ],
      },
    },
    {
      name: "tools, which nobody said to be strict, and a choice among them",
      endpoint: "chat",
      body: {
        tools: [
          { type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } },
          { type: "function", function: { name: "g", strict: true } },
          {
            type: "custom",
            custom: {
              name: "sql",
              format: { type: "grammar", grammar: { syntax: "lark", definition: "x" } },
            },
          },
        ],
        tool_choice: {
          type: "allowed_tools",
          allowed_tools: { mode: "auto", tools: [{ type: "custom", custom: { name: "sql" } }] },
        },
        parallel_tool_calls: false,
      },
      want: {
        tools: [
          { type: "function", name: "f", description: "d", parameters: { type: "object" }, strict: false },
          { type: "function", name: "g", parameters: null, strict: true },
          { type: "custom", name: "sql", format: { type: "grammar", syntax: "lark", definition: "x" } },
        ],
        tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "custom", name: "sql" }] },
        parallel_tool_calls: false,
      },
    },
    {
      name: "one tool that has to be called",
      endpoint: "messages",
      body: {
        tools: [{ name: "f", input_schema: { type: "object" } }],
        tool_choice: { type: "tool", name: "f" },
      },
      want: { tool_choice: { type: "function", name: "f" } },
    },
    {
      name: "searches in the web of either family",
      endpoint: "messages",
      body: {
        tools: [
          {
            type: "web_search_20250305",
            name: "web_search",
            allowed_domains: ["e.com"],
            user_location: { type: "approximate", country: "DE" },
          },
          { type: "bash_20250124", name: "bash" },
        ],
      },
      want: {
        tools: [
          {
            type: "web_search",
            filters: { allowed_domains: ["e.com"] },
            user_location: { type: "approximate", country: "DE" },
          },
        ],
      },
      loud: ["tools.bash"],
    },
    {
      name: "a format, its length, effort and probabilities",
      endpoint: "chat",
      body: {
        response_format: {
          type: "json_schema",
          json_schema: { name: "n", schema: { type: "object" }, strict: true },
        },
        verbosity: "low",
        reasoning_effort: "high",
        logprobs: true,
        top_logprobs: 2,
      },
      want: {
        text: {
          format: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true },
          verbosity: "low",
        },
        reasoning: { effort: "high" },
        include: ["reasoning.encrypted_content", "message.output_text.logprobs"],
        top_logprobs: 2,
      },
    },
    {
      name: "a budget for thinking as an effort",
      endpoint: "messages",
      body: { thinking: { type: "enabled", budget_tokens: 16000, display: "summarized" } },
      want: { reasoning: { effort: "high", summary: "auto" } },
    },
    {
      name: "what has no form there, said aloud",
      endpoint: "chat",
      body: { stop: "x", store: true, seed: 1, guided_regex: "a" },
      want: { store: false },
      loud: ["stop", "guided_decoding", "store"],
    },
  ];
  test.each(bodies)("has $name", ({ endpoint, body, want, loud = [] }) => {
    const { json, loud: said } = send(endpoint, body);
    expect(json).toMatchObject(want);
    expect(json.input).toHaveLength((want as { input?: unknown[] }).input?.length ?? 1);
    expect(said).toEqual(loud);
  });

  test("keeps the numbers of a schema as they were written", () => {
    const body = `{"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":{"maximum":12345678901234567890}}}]}`;
    const passage = translate(openaiChatClient, openaiResponsesBackend, openaiResponsesHost);
    const sent = passage.request(clientRequest("chat", body), { schema: openai, model: "m" });
    expect(new TextDecoder().decode(sent.body)).toContain('"parameters":{"maximum":12345678901234567890}');
  });

  const refused: { body: object; says: string }[] = [
    { body: { n: 2 }, says: "n: the responses API gives one answer" },
    { body: { modalities: ["text", "audio"] }, says: "modalities: the responses API gives no audio" },
    { body: { tools: [{ type: "google_maps" }] }, says: "tools.google_maps: OpenAI has no such tool" },
    {
      body: {
        messages: [{ role: "user", content: [{ type: "video_url", video_url: { url: "https://e.com/v" } }] }],
      },
      says: "messages[0]: this API takes no video",
    },
  ];
  test.each(refused)("is refused: $says", ({ body, says }) => expect(() => send("chat", body)).toThrow(says));
});

const event = (type: string, members: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
const head = { id: "resp_1", object: "response", created_at: 1_750_000_000, model: "gpt-x", error: null };
const usage = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 12, cache_write_tokens: 3 },
  output_tokens: 9,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 29,
};
const reasoningItem = {
  id: "rs_1",
  type: "reasoning",
  summary: [
    { type: "summary_text", text: "Two." },
    { type: "summary_text", text: "Four." },
  ],
  encrypted_content: "gAAA",
};
const citation = { type: "url_citation", url: "https://e.com", title: "E", start_index: 0, end_index: 4 };
const messageItem = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  status: "completed",
  content: [
    { type: "output_text", text: "Köln 🐟.", annotations: [citation] },
    { type: "refusal", refusal: "But no." },
  ],
};
const callItem = {
  id: "fc_1",
  type: "function_call",
  call_id: "call_1",
  name: "f",
  arguments: '{"id":12345678901234567890}',
};
const customItem = {
  id: "ctc_1",
  type: "custom_tool_call",
  call_id: "call_2",
  name: "sql",
  input: "SELECT 1",
};
const searchItem = { id: "ws_1", type: "web_search_call", status: "completed" };
const output = [reasoningItem, searchItem, messageItem, callItem, customItem];
const response = (status: string, more: object = {}) => ({ ...head, status, output, usage, ...more });

const at = (output_index: number, item_id: string, more: object = {}) => ({ output_index, item_id, ...more });
const streamed = [
  event("response.created", { response: { ...head, status: "in_progress", output: [], usage: null } }),
  event("response.in_progress", { response: { ...head, status: "in_progress", output: [], usage: null } }),
  event("response.output_item.added", { output_index: 0, item: { ...reasoningItem, summary: [] } }),
  event("response.reasoning_summary_part.added", at(0, "rs_1", { summary_index: 0 })),
  event("response.reasoning_summary_text.delta", at(0, "rs_1", { summary_index: 0, delta: "Two" })),
  event("response.reasoning_summary_text.delta", at(0, "rs_1", { summary_index: 0, delta: "." })),
  event("response.reasoning_summary_part.added", at(0, "rs_1", { summary_index: 1 })),
  event("response.reasoning_summary_text.delta", at(0, "rs_1", { summary_index: 1, delta: "Four." })),
  event("response.reasoning_summary_text.done", at(0, "rs_1", { summary_index: 1, text: "Four." })),
  event("response.output_item.done", { output_index: 0, item: reasoningItem }),
  event("response.output_item.added", { output_index: 1, item: searchItem }),
  event("response.web_search_call.completed", at(1, "ws_1")),
  event("response.output_item.done", { output_index: 1, item: searchItem }),
  event("response.output_item.added", { output_index: 2, item: { ...messageItem, content: [] } }),
  event(
    "response.content_part.added",
    at(2, "msg_1", { content_index: 0, part: { type: "output_text", text: "" } }),
  ),
  event("response.output_text.delta", at(2, "msg_1", { content_index: 0, delta: "Köln", logprobs: [] })),
  ": keep-alive\n\n",
  event("response.output_text.delta", at(2, "msg_1", { content_index: 0, delta: " 🐟." })),
  event("response.output_text.annotation.added", at(2, "msg_1", { content_index: 0, annotation: citation })),
  event("response.content_part.done", at(2, "msg_1", { content_index: 0, part: messageItem.content[0] })),
  event(
    "response.content_part.added",
    at(2, "msg_1", { content_index: 1, part: { type: "refusal", refusal: "" } }),
  ),
  event("response.refusal.delta", at(2, "msg_1", { content_index: 1, delta: "But no." })),
  event("response.content_part.done", at(2, "msg_1", { content_index: 1, part: messageItem.content[1] })),
  event("response.output_item.done", { output_index: 2, item: messageItem }),
  event("response.output_item.added", { output_index: 3, item: { ...callItem, arguments: "" } }),
  event("response.output_item.added", { output_index: 4, item: { ...customItem, input: "" } }),
  event("response.function_call_arguments.delta", at(3, "fc_1", { delta: '{"id":123456789' })),
  event("response.custom_tool_call_input.delta", at(4, "ctc_1", { delta: "SELECT 1" })),
  event("response.function_call_arguments.delta", at(3, "fc_1", { delta: "01234567890}" })),
  event("response.output_item.done", { output_index: 3, item: callItem }),
  event("response.output_item.done", { output_index: 4, item: customItem }),
  event("response.completed", { response: response("completed") }),
].join("");

function readStream(pieces: readonly Uint8Array[], isCut = false): IrEvent[] {
  const context = testContext();
  const events = runStage(
    chain(new SseReader(), openaiResponsesBackend.streamReader(context)),
    pieces,
    isCut,
  );
  expect(grammarProblems(events)).toEqual([]);
  return events;
}

function readWhole(body: object): IrEvent[] {
  const events: IrEvent[] = [];
  openaiResponsesBackend.readResponse(JSON.stringify(body), testContext(), (item) => events.push(item));
  expect(grammarProblems(events)).toEqual([]);
  return events;
}

const folded = {
  id: "resp_1",
  model: "gpt-x",
  createdAt: 1_750_000_000,
  choices: [
    {
      reason: "tool-calls",
      parts: [
        {
          type: "reasoning",
          text: "Two.\n\nFour.",
          isSummary: true,
          signature: { value: "gAAA", form: "text", family: "openai", itemId: "rs_1" },
        },
        { type: "opaque", family: "openai", name: "web_search_call", block: searchItem },
        {
          type: "text",
          text: "Köln 🐟.",
          citations: [{ url: "https://e.com", title: "E", startIndex: 0, endIndex: 4 }],
        },
        { type: "text", text: "But no.", isRefusal: true },
        { type: "tool-call", id: "call_1", name: "f", kind: "function", input: callItem.arguments },
        { type: "tool-call", id: "call_2", name: "sql", kind: "custom", input: "SELECT 1" },
      ],
    },
  ],
  usage: {
    inputTokens: 20,
    cacheReadTokens: 12,
    cacheWriteTokens: 3,
    outputTokens: 9,
    reasoningTokens: 4,
    totalTokens: 29,
  },
};

describe("a response", () => {
  test("streamed and whole reads the same", () => {
    expect(foldEvents(readStream([bytesOf(streamed)]))).toMatchObject(folded);
    expect(foldEvents(readWhole(response("completed")))).toMatchObject(folded);
  });

  test("cut anywhere reads the same", () => {
    const want = readStream([bytesOf(streamed)]);
    for (const pieces of cutEverywhere(bytesOf(streamed))) expect(readStream(pieces)).toEqual(want);
  });

  test("of a server that tells no deltas is taken from its items, or from its end", () => {
    const items = output.map((item, output_index) =>
      event("response.output_item.done", { output_index, item }),
    );
    const last = event("response.completed", { response: response("completed") });
    for (const body of [items.join("") + last, last])
      expect(foldEvents(readStream([bytesOf(body)]))).toMatchObject({ choices: folded.choices });
  });

  const ends: { name: string; body: object; want: object }[] = [
    {
      name: "that the limit broke off",
      body: response("incomplete", {
        incomplete_details: { reason: "max_output_tokens" },
        output: [messageItem],
      }),
      want: { reason: "length", raw: "max_output_tokens" },
    },
    {
      name: "that a filter broke off",
      body: response("incomplete", { incomplete_details: { reason: "content_filter" }, output: [] }),
      want: { reason: "content-filter" },
    },
    { name: "of text", body: response("completed", { output: [messageItem] }), want: { reason: "stop" } },
  ];
  test.each(ends)("$name ends as it should", ({ body, want }) => {
    expect(readWhole(body).find(({ type }) => type === "finish")).toMatchObject(want);
    const stream = event("response.incomplete", { response: body });
    expect(readStream([bytesOf(stream)]).find(({ type }) => type === "finish")).toMatchObject(want);
  });

  const failures: { name: string; body: string; want: object }[] = [
    {
      name: "failed",
      body: event("response.failed", {
        response: {
          ...head,
          status: "failed",
          output: [],
          error: { code: "rate_limit_exceeded", message: "Slow." },
        },
      }),
      want: { kind: "rate-limit", status: 429, type: "rate_limit_exceeded", message: "Slow." },
    },
    {
      name: "broke off with an error",
      body: event("error", { code: "server_error", message: "Ouch.", param: null }),
      want: { kind: "upstream", status: 500, type: "server_error", message: "Ouch." },
    },
    {
      name: "broke off with an error in an object",
      body: event("error", {
        error: { type: "insufficient_quota", code: "insufficient_quota", message: "Pay." },
      }),
      want: { kind: "rate-limit", type: "insufficient_quota", message: "Pay." },
    },
    {
      name: "was cut",
      body: streamed.slice(0, streamed.indexOf("event: response.completed")),
      want: { kind: "stream-cut" },
    },
    {
      name: "will be ready another time",
      body: event("response.completed", { response: { ...head, status: "queued", output: [] } }),
      want: { kind: "upstream", message: "The response is queued" },
    },
  ];
  test.each(failures)("that $name is an error", ({ body, want }) => {
    expect(readStream([bytesOf(body)]).at(-1)).toMatchObject({ type: "error", error: want });
  });

  test("is none without an output", () => {
    expect(() => readWhole({ object: "list" })).toThrow(
      expect.objectContaining({ code: "bad_upstream_answer" }),
    );
  });
});

const meter: Meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };

test("Anthropic's SDK gets OpenAI's reasoning as thinking, and gives it back whole", async () => {
  const passage = translate(anthropicClient, openaiResponsesBackend, openaiResponsesHost);
  const items = [reasoningItem, messageItem, callItem];
  const answer = [
    ...items.map((item, output_index) => event("response.output_item.done", { output_index, item })),
    event("response.completed", { response: response("completed", { output: items }) }),
  ].join("");
  const sent: { input: object[] }[] = [];
  const fetch = async (_url: unknown, init?: { body?: unknown }) => {
    const endpoint: EndpointName = "messages";
    const request = clientRequest(endpoint, String(init?.body));
    const target = { schema: openai, model: "gpt-5-codex" };
    sent.push(JSON.parse(new TextDecoder().decode(passage.request(request, target).body)));
    const plan = passage
      .answer(request, target, meter)
      .success({ status: 200, headers: new Headers(), isEncoded: false });
    if (plan.type !== "rewrite") throw new Error(plan.type);
    return new Response(Buffer.concat(runStage(plan.stage, [bytesOf(answer)])), {
      headers: { "content-type": "text/event-stream" },
    });
  };
  const sdk = new Anthropic({ apiKey: "unused", maxRetries: 0, fetch });
  const question = {
    model: "m",
    max_tokens: 99,
    messages: [{ role: "user" as const, content: "Which river?" }],
  };
  const { content, stop_reason } = await sdk.messages.stream(question).finalMessage();
  expect(stop_reason).toBe("tool_use");
  expect(content).toMatchObject([
    { type: "thinking", thinking: "Two.\n\nFour.", signature: "aigw.openai.text@rs_1.gAAA" },
    { type: "text", text: "Köln 🐟." },
    { type: "text", text: "But no." },
    { type: "tool_use", id: "call_1", name: "f" },
  ]);
  const messages = [...question.messages, { role: "assistant" as const, content: content.slice(0, 4) }];
  await sdk.messages.stream({ ...question, messages }).finalMessage();
  expect(sent[1]?.input[1]).toEqual({
    type: "reasoning",
    id: "rs_1",
    summary: [{ type: "summary_text", text: "Two.\n\nFour." }],
    encrypted_content: "gAAA",
  });
});
