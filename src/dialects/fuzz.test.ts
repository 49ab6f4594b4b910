/** Random damage to good bodies and streams: whatever comes, an answer is well formed, and nothing hangs or crashes. */
import { describe, expect, test } from "bun:test";
import { ExchangeFailure } from "../model/failure.ts";
import { anthropicBackend } from "./anthropic/backend.ts";
import { anthropicClient } from "./anthropic/client.ts";
import { invokeHost, nativeHost } from "./anthropic/hosts.ts";
import { damaged } from "./damage.ts";
import type { BackendDialect, ClientDialect, Host } from "./dialect.ts";
import { grammarProblems } from "./ir/check-grammar.ts";
import type { IrEvent } from "./ir/events.ts";
import { openaiChatBackend } from "./openai-chat/backend.ts";
import { openaiChatClient } from "./openai-chat/client.ts";
import { openaiHost } from "./openai-chat/hosts.ts";
import { chain } from "./stage.ts";
import { awsChunk, bytesOf, chunkSse, clientRequest, messageSse, runStage, testContext } from "./testing.ts";
import { TranslatedStream } from "./translated-stream.ts";

const runs = Number(process.env["FUZZ_RUNS"] ?? 1500);

const block = (index: number, content_block: object, ...deltas: object[]) => [
  { type: "content_block_start", index, content_block },
  ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
  { type: "content_block_stop", index },
];
const message = [
  { type: "message_start", message: { id: "m", model: "c", usage: { input_tokens: 3, output_tokens: 1 } } },
  ...block(
    0,
    { type: "thinking", thinking: "" },
    { type: "thinking_delta", thinking: "Hm" },
    { type: "signature_delta", signature: "s" },
  ),
  ...block(1, { type: "text", text: "" }, { type: "text_delta", text: "Köln" }),
  ...block(
    2,
    { type: "tool_use", id: "t", name: "f", input: {} },
    { type: "input_json_delta", partial_json: '{"a":1}' },
  ),
  { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 9 } },
  { type: "message_stop" },
];
const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "g" };
const chunk = (delta: object, finish_reason: string | null = null) => ({
  ...head,
  choices: [{ index: 0, delta, finish_reason }],
});
const chunks = [
  chunk({ role: "assistant", reasoning_content: "Hm" }),
  chunk({ content: "Köln" }),
  chunk({ tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: "{" } }] }),
  chunk({ tool_calls: [{ index: 1, id: "b", function: { name: "g", arguments: "{}" } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: "}" } }] }),
  chunk({}, "tool_calls"),
  { ...head, choices: [], usage: { prompt_tokens: 3, completion_tokens: 9 } },
];

interface Source {
  readonly name: string;
  readonly backend: BackendDialect;
  readonly host: Host;
  readonly body: Uint8Array;
}
const sources: Source[] = [
  {
    name: "Anthropic",
    backend: anthropicBackend,
    host: nativeHost,
    body: bytesOf(messageSse(...message)),
  },
  {
    name: "Bedrock",
    backend: anthropicBackend,
    host: invokeHost,
    body: Buffer.concat(message.map(awsChunk)),
  },
  {
    name: "chat",
    backend: openaiChatBackend,
    host: openaiHost,
    body: bytesOf(chunkSse(...chunks)),
  },
];
const clients: { name: string; client: ClientDialect; end: RegExp }[] = [
  { name: "chat", client: openaiChatClient, end: /(?:data: \[DONE\]|data: \{"error":\{.*\}\})\n\n$/ },
  { name: "Anthropic", client: anthropicClient, end: /event: (?:message_stop|error)\ndata: \{.*\}\n\n$/ },
];

describe("damaged streams", () => {
  test.each(sources)("of $name are read in the order of the grammar", ({ backend, host, body }) => {
    for (let seed = 0; seed < runs; seed++) {
      const reader = chain(host.frames(), backend.streamReader(testContext()));
      const events: IrEvent[] = runStage(reader, [damaged(body, seed)], seed % 2 === 0);
      expect({ seed, problems: grammarProblems(events) }).toEqual({ seed, problems: [] });
    }
  });

  const pairs = sources.flatMap((source) =>
    clients.map((client) => ({ pair: `${source.name} to ${client.name}`, ...source, ...client })),
  );
  test.each(pairs)("from $pair end as an answer or an error", ({ backend, host, body, client, end }) => {
    for (let seed = 0; seed < runs; seed++) {
      const reader = backend.streamReader(testContext());
      const frames = host.frames();
      const source = {
        push: (bytes: Uint8Array, emit: (event: IrEvent) => void, flush: () => void) =>
          frames.push(bytes, (event) => {
            reader.push(event, emit);
            flush();
          }),
        end: (emit: (event: IrEvent) => void, flush: () => void, isCut: boolean) => {
          frames.end((event) => reader.push(event, emit), isCut);
          reader.end(emit, isCut);
          flush();
        },
      };
      const meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };
      const stage = new TranslatedStream(source, { client, context: testContext(), meter, repairs: [] });
      const text = Buffer.concat(runStage(stage, [damaged(body, seed)], false)).toString();
      expect({ seed, text: end.test(text) ? "" : text }).toEqual({ seed, text: "" });
    }
  });
});

const wholes: { name: string; backend: BackendDialect; text: string }[] = [
  {
    name: "Anthropic",
    backend: anthropicBackend,
    text: JSON.stringify({
      type: "message",
      id: "m",
      content: [
        { type: "text", text: "x" },
        { type: "tool_use", id: "t", name: "f", input: { a: 1 } },
      ],
      stop_reason: "end_turn",
      usage: { input_tokens: 1 },
    }),
  },
  {
    name: "chat",
    backend: openaiChatBackend,
    text: JSON.stringify({
      ...head,
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: "x",
            tool_calls: [{ id: "a", function: { name: "f", arguments: "{}" } }],
          },
          finish_reason: "stop",
        },
      ],
      usage: { prompt_tokens: 1 },
    }),
  },
];

describe("damaged whole answers", () => {
  test.each(wholes)("of $name are an answer, or no answer", ({ backend, text }) => {
    for (let seed = 0; seed < runs; seed++) {
      const events: IrEvent[] = [];
      try {
        backend.readResponse(new TextDecoder().decode(damaged(bytesOf(text), seed)), testContext(), (event) =>
          events.push(event),
        );
      } catch (error) {
        expect(error instanceof ExchangeFailure || error instanceof SyntaxError).toBe(true);
        continue;
      }
      expect({ seed, problems: grammarProblems(events) }).toEqual({ seed, problems: [] });
    }
  });
});

const tool = {
  name: "f",
  description: "d",
  input_schema: { type: "object", properties: { a: { type: "number", maximum: 9 } } },
};
const requests = [
  {
    name: "chat",
    endpoint: "chat",
    client: openaiChatClient,
    write: (request: Parameters<typeof anthropicBackend.writeRequest>[0]) =>
      anthropicBackend.writeRequest(request, {
        schema: { name: "Anthropic" },
        model: "claude-sonnet-5",
        host: nativeHost,
        headers: new Headers(),
      }),
    body: {
      model: "m",
      temperature: 0.5,
      stop: ["a"],
      tools: [{ type: "function", function: { name: "f", parameters: tool.input_schema } }],
      tool_choice: "auto",
      response_format: { type: "json_schema", json_schema: { name: "s", schema: {} } },
      messages: [
        { role: "system", content: "s" },
        {
          role: "user",
          content: [
            { type: "text", text: "x" },
            { type: "image_url", image_url: { url: "data:image/png;base64,AA" } },
          ],
        },
        {
          role: "assistant",
          content: "y",
          thinking_blocks: [{ type: "thinking", thinking: "t", signature: "s" }],
          tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "a", content: "1" },
      ],
    },
  },
  {
    name: "Anthropic",
    endpoint: "messages",
    client: anthropicClient,
    write: (request: Parameters<typeof openaiChatBackend.writeRequest>[0]) =>
      openaiChatBackend.writeRequest(request, {
        schema: { name: "OpenAI" },
        model: "gpt-5",
        host: openaiHost,
        headers: new Headers(),
      }),
    body: {
      model: "m",
      max_tokens: 9,
      system: "s",
      tools: [tool, { type: "web_search_20250305", name: "web_search" }],
      tool_choice: { type: "tool", name: "f" },
      thinking: { type: "enabled", budget_tokens: 2000 },
      messages: [
        {
          role: "user",
          content: [{ type: "document", source: { type: "text", media_type: "text/plain", data: "x" } }],
        },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "t", signature: "s" },
            { type: "tool_use", id: "a", name: "f", input: { a: 1 } },
          ],
        },
        {
          role: "user",
          content: [
            {
              type: "tool_result",
              tool_use_id: "a",
              content: [{ type: "image", source: { type: "url", url: "https://x" } }],
            },
          ],
        },
      ],
    },
  },
] as const;

describe("damaged requests", () => {
  test.each([...requests])(
    "of $name are sent as JSON, or refused with a reason",
    ({ endpoint, client, write, body }) => {
      let sent = 0;
      for (let seed = 0; seed < runs; seed++) {
        const text = new TextDecoder().decode(damaged(bytesOf(JSON.stringify(body)), seed));
        let json: unknown;
        try {
          json = JSON.parse(text);
        } catch {
          continue;
        }
        if (typeof json !== "object" || json === null || Array.isArray(json)) continue;
        try {
          JSON.parse(write(client.readRequest({ ...clientRequest(endpoint, text), isStream: false })).body);
          sent++;
        } catch (error) {
          expect(error).toBeInstanceOf(ExchangeFailure);
          expect((error as ExchangeFailure).message.length).toBeLessThan(500);
        }
      }
      expect(sent).toBeGreaterThan(0);
    },
  );
});
