/** An agent's request of some turns, as each client's API says it, and a streamed answer as each provider's does. */
import { awsChunk, awsChunkPayload, awsEvent, bytesOf, messageSse } from "../src/dialects/testing.ts";

const instructions =
  "You are a careful engineer. Read before you write, say what you assume, and keep to the task. ".repeat(12);
const question = "Why does the build of the gateway fail on the second run, and what is the smallest mend?";
const thought = "The first run leaves a lock behind. Let me look at the script that takes it.";
const output = `#!/bin/sh\nset -eu\n# Takes a lock, builds, and gives it back.\n${"mkdir lock && build --all\n".repeat(20)}`;
const schema = {
  type: "object",
  properties: {
    path: { type: "string", description: "Path of the file, from the root of the project" },
    from: { type: "integer", description: "First line, from 1" },
    lines: { type: "integer", description: "How many" },
  },
  required: ["path"],
  additionalProperties: false,
};
const names = ["read_file", "list_files", "search_text", "run_command"];
const description =
  "Works on the files of the project and gives back what it found, at most 30,000 characters.";
const input = { path: "scripts/build", from: 1, lines: 200 };
const turns = Array.from({ length: 6 }, (_, turn) => turn);

/** About 9 KB. */
export const requests: { readonly [client: string]: string } = {
  chat: JSON.stringify({
    model: "m",
    max_tokens: 4096,
    temperature: 0.2,
    stream: true,
    stream_options: { include_usage: true },
    tools: names.map((name) => ({ type: "function", function: { name, description, parameters: schema } })),
    messages: [
      { role: "system", content: instructions },
      { role: "user", content: question },
      ...turns.flatMap((turn) => [
        {
          role: "assistant",
          content: thought,
          tool_calls: [
            {
              id: `call_${turn}`,
              type: "function",
              function: { name: "read_file", arguments: JSON.stringify(input) },
            },
          ],
        },
        { role: "tool", tool_call_id: `call_${turn}`, content: output },
      ]),
    ],
  }),
  messages: JSON.stringify({
    model: "m",
    max_tokens: 4096,
    temperature: 0.2,
    stream: true,
    tools: names.map((name) => ({ name, description, input_schema: schema })),
    system: [{ type: "text", text: instructions }],
    messages: [
      { role: "user", content: question },
      ...turns.flatMap((turn) => [
        {
          role: "assistant",
          content: [
            { type: "text", text: thought },
            { type: "tool_use", id: `call_${turn}`, name: "read_file", input },
          ],
        },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: `call_${turn}`, content: output }],
        },
      ]),
    ],
  }),
  responses: JSON.stringify({
    model: "m",
    max_output_tokens: 4096,
    temperature: 0.2,
    stream: true,
    tools: names.map((name) => ({ type: "function", name, description, parameters: schema, strict: true })),
    instructions,
    input: [
      { role: "user", content: question },
      ...turns.flatMap((turn) => [
        { role: "assistant", content: thought },
        {
          type: "function_call",
          call_id: `call_${turn}`,
          name: "read_file",
          arguments: JSON.stringify(input),
        },
        { type: "function_call_output", call_id: `call_${turn}`, output },
      ]),
    ],
  }),
};

/** One event of an answer: what it is on the wire, and each JSON text in it. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly jsons: readonly Uint8Array[];
}

export interface AnswerParts {
  readonly start: readonly Piece[];
  /** One piece of text of a long answer. */
  readonly delta: Piece;
  readonly end: readonly Piece[];
}

const word = " about twenty letters";
const chunk = (choices: object[], more = {}) => ({
  id: "chatcmpl-bench",
  object: "chat.completion.chunk",
  created: 1_760_000_000,
  model: "bench-1",
  system_fingerprint: "fp_bench",
  choices,
  ...more,
});
const chunkDelta = (delta: object, finish_reason: string | null = null) =>
  chunk([{ index: 0, delta, logprobs: null, finish_reason }]);
const piece = (bytes: Uint8Array, ...jsons: object[]): Piece => ({
  bytes,
  jsons: jsons.map((json) => bytesOf(JSON.stringify(json))),
});
const sse = (event: object) => piece(bytesOf(`data: ${JSON.stringify(event)}\n\n`), event);
const named = (event: { type: string }) => piece(bytesOf(messageSse(event)), event);
const frame = (type: string, event: object) => piece(awsEvent(type, event), event);
const chunkFrame = (event: object) => piece(awsChunk(event), awsChunkPayload(event), event);

const anthropicDelta = {
  type: "content_block_delta",
  index: 0,
  delta: { type: "text_delta", text: word },
};
const anthropicStart = [
  {
    type: "message_start",
    message: { id: "msg_1", type: "message", role: "assistant", model: "claude", content: [], usage: {} },
  },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
];
const anthropicEnd = [
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 200 } },
  { type: "message_stop" },
];
const converseDelta = { contentBlockIndex: 0, delta: { text: word }, p: "abcdefghijk" };
const geminiEvent = (text: string, more = {}) => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, ...more }],
  usageMetadata: { promptTokenCount: 187, candidatesTokenCount: 200, totalTokenCount: 387 },
  modelVersion: "gemini-bench",
  createTime: "2026-10-09T08:53:20.000000Z",
  responseId: "resp-bench",
});

/** By the API of the backend; Claude's events come in frames on InvokeModel. */
export const answers: { readonly [api: string]: AnswerParts } = {
  openai: {
    start: [sse(chunkDelta({ role: "assistant", content: "" }))],
    delta: sse(chunkDelta({ content: word })),
    end: [
      sse(chunkDelta({}, "stop")),
      sse(chunk([], { usage: { prompt_tokens: 187, completion_tokens: 200, total_tokens: 387 } })),
      piece(bytesOf("data: [DONE]\n\n")),
    ],
  },
  anthropic: {
    start: anthropicStart.map(named),
    delta: named(anthropicDelta),
    end: anthropicEnd.map(named),
  },
  invoke: {
    start: anthropicStart.map(chunkFrame),
    delta: chunkFrame(anthropicDelta),
    end: anthropicEnd.map(chunkFrame),
  },
  bedrock: {
    start: [frame("messageStart", { role: "assistant" })],
    delta: frame("contentBlockDelta", converseDelta),
    end: [
      frame("contentBlockStop", { contentBlockIndex: 0 }),
      frame("messageStop", { stopReason: "end_turn" }),
      frame("metadata", { usage: { inputTokens: 187, outputTokens: 200 }, metrics: { latencyMs: 1 } }),
    ],
  },
  gemini: {
    start: [],
    delta: sse(geminiEvent(word)),
    end: [sse(geminiEvent("", { finishReason: "STOP" }))],
  },
};
