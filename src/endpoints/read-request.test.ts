import { describe, expect, test } from "bun:test";
import type { ClientRequest } from "../dialects/passage.ts";
import { ExchangeFailure } from "../model/failure.ts";
import { createEndpointTable } from "./endpoint-table.ts";

const table = createEndpointTable();
const json = "application/json";

function read(path: string, body: string, contentType = json): ClientRequest {
  const found = table.lookup("POST", path, "");
  if (found.type !== "endpoint") throw new Error(`${path} is no endpoint`);
  return found.endpoint.readRequest(new TextEncoder().encode(body), contentType, new Headers());
}

function refusal(path: string, body: string, contentType = json): string {
  try {
    read(path, body, contentType);
  } catch (cause) {
    if (cause instanceof ExchangeFailure && cause.code === "invalid_request") return cause.message;
    throw cause;
  }
  return "accepted";
}

const chat = "/v1/chat/completions";
const messages = "/anthropic/v1/messages";

const understood: { name: string; path: string; body: string; want: Partial<ClientRequest> }[] = [
  {
    name: "a chat",
    path: chat,
    body: '{"model":"m","messages":[]}',
    want: { endpoint: "chat", model: "m", isStream: false, wantsUsage: false },
  },
  {
    name: "a chat stream",
    path: chat,
    body: '{"model":"m","stream":true}',
    want: { isStream: true, wantsUsage: false },
  },
  {
    name: "a chat stream with usage",
    path: chat,
    body: '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
    want: { isStream: true, wantsUsage: true },
  },
  {
    name: "nulls for what is absent",
    path: chat,
    body: '{"model":"m","stream":null,"stream_options":null,"messages":null}',
    want: { isStream: false, wantsUsage: false },
  },
  {
    name: "any role, part and tool",
    path: chat,
    body: '{"model":"m","messages":[{"role":"narrator","content":[{"type":"hologram"}]},{"role":"assistant"}],"tools":[{"type":"x"}],"tool_choice":{"type":"y"}}',
    want: { model: "m" },
  },
  {
    name: "one part as an assistant's content",
    path: chat,
    body: '{"model":"m","messages":[{"role":"assistant","content":{"type":"text"}}]}',
    want: { model: "m" },
  },
  {
    name: "an escaped model behind a byte order mark",
    path: chat,
    body: '\uFEFF{"model":"v-\\u006f"}',
    want: { model: "v-o" },
  },
  {
    name: "a completion stream",
    path: "/v1/completions",
    body: '{"model":"m","prompt":[1,2],"stream":true}',
    want: { endpoint: "completions", isStream: true, wantsUsage: false },
  },
  {
    name: "embeddings of text",
    path: "/v1/embeddings",
    body: '{"model":"m","input":"x","stream":true}',
    want: { endpoint: "embeddings", isStream: false },
  },
  {
    name: "embeddings of messages",
    path: "/v1/embeddings",
    body: '{"model":"m","messages":[{"role":"user","content":"x"}]}',
    want: { model: "m" },
  },
  {
    name: "embeddings of an object",
    path: "/v1/embeddings",
    body: '{"model":"m","input":{"content":"x"}}',
    want: { model: "m" },
  },
  {
    name: "a response stream, which always ends with usage",
    path: "/v1/responses",
    body: '{"model":"m","input":[{"type":"new"}],"stream":true}',
    want: { endpoint: "responses", isStream: true, wantsUsage: true },
  },
  {
    name: "input to count",
    path: "/v1/responses/input_tokens",
    body: '{"model":"m","stream":true}',
    want: { endpoint: "responses-input-tokens", isStream: false },
  },
  {
    name: "an image without a model",
    path: "/v1/images/generations",
    body: '{"prompt":"x","stream":true}',
    want: { endpoint: "images", model: "", isStream: true },
  },
  {
    name: "speech as bytes",
    path: "/v1/audio/speech",
    body: '{"model":"m","stream":true,"voice":{"id":"v"}}',
    want: { endpoint: "speech", isStream: false },
  },
  {
    name: "speech as events",
    path: "/v1/audio/speech",
    body: '{"model":"m","stream_format":"sse"}',
    want: { isStream: true },
  },
  {
    name: "a prompt to tokenize",
    path: "/tokenize",
    body: '{"model":"m","prompt":"x"}',
    want: { endpoint: "tokenize" },
  },
  {
    name: "a chat to tokenize",
    path: "/tokenize",
    body: '{"model":"m","messages":[],"continue_final_message":true,"add_generation_prompt":false}',
    want: { model: "m" },
  },
  {
    name: "documents to rank",
    path: "/cohere/v2/rerank",
    body: '{"model":"m","query":"q","documents":["a",{"text":"b"}]}',
    want: { endpoint: "rerank", model: "m" },
  },
  {
    name: "messages",
    path: messages,
    body: '{"model":"m","messages":[{"role":"user","content":[{"type":"new"}]},{"content":null},{"role":"system","content":"x"}],"stream":true}',
    want: { endpoint: "messages", isStream: true, wantsUsage: true },
  },
  {
    name: "messages to count",
    path: `${messages}/count_tokens`,
    body: '{"model":"m","messages":[]}',
    want: { endpoint: "count-tokens", isStream: false },
  },
];

test.each(understood)("readRequest understands $name", ({ path, body, want }) => {
  const request = read(path, body);
  expect(request).toMatchObject(want);
  expect(request.json).toEqual(JSON.parse(body.replace("\uFEFF", "")));
  expect(new TextDecoder("utf-8", { ignoreBOM: true }).decode(request.bytes)).toBe(body);
});

const noModel = "invalid request body: model field is required";
const badJson = (path: string, detail: string) =>
  `malformed request: failed to parse JSON for ${path}: ${detail}`;

const refused: { name: string; path: string; body: string; want: string }[] = [
  {
    name: "an empty body",
    path: chat,
    body: " ",
    want: badJson("/v1/chat/completions", "the body is empty"),
  },
  {
    name: "broken JSON, by its place",
    path: chat,
    body: '{\n "model": "m",\n oops}',
    want: badJson("/v1/chat/completions", "the body is not JSON at line 3, column 2"),
  },
  {
    name: "an array",
    path: chat,
    body: '[{"model":"m"}]',
    want: badJson("/v1/chat/completions", "the body must be an object"),
  },
  {
    name: "null",
    path: chat,
    body: "null",
    want: badJson("/v1/chat/completions", "the body must be an object"),
  },
  {
    name: "a model that is a number",
    path: chat,
    body: '{"model":4}',
    want: badJson("/v1/chat/completions", "model must be a string"),
  },
  {
    name: "a flag that is text",
    path: chat,
    body: '{"model":"m","stream":"true"}',
    want: badJson("/v1/chat/completions", "stream must be a boolean"),
  },
  {
    name: "options that are a list",
    path: chat,
    body: '{"model":"m","stream_options":[]}',
    want: badJson("/v1/chat/completions", "stream_options must be an object"),
  },
  {
    name: "an option that is text",
    path: chat,
    body: '{"model":"m","stream_options":{"include_usage":"yes"}}',
    want: badJson("/v1/chat/completions", "stream_options.include_usage must be a boolean"),
  },
  {
    name: "messages that are an object",
    path: chat,
    body: '{"model":"m","messages":{}}',
    want: badJson("/v1/chat/completions", "messages must be an array"),
  },
  {
    name: "a message that is text",
    path: chat,
    body: '{"model":"m","messages":["hi"]}',
    want: badJson("/v1/chat/completions", "messages[0] must be an object"),
  },
  {
    name: "a message without a role",
    path: chat,
    body: '{"model":"m","messages":[{"role":"user"},{"content":"Hi."}]}',
    want: badJson("/v1/chat/completions", "messages[1].role must be a string"),
  },
  {
    name: "content that is a number",
    path: chat,
    body: '{"model":"m","messages":[{"role":"user","content":5}]}',
    want: badJson("/v1/chat/completions", "messages[0].content must be a string or an array"),
  },
  { name: "no model", path: chat, body: '{"messages":[]}', want: noModel },
  { name: "an empty model", path: "/v1/responses", body: '{"model":""}', want: noModel },
  { name: "speech without a model", path: "/v1/audio/speech", body: "{}", want: noModel },
  { name: "a ranking without a model", path: "/cohere/v2/rerank", body: '{"model":null}', want: noModel },
  {
    name: "two kinds of input",
    path: "/v1/embeddings",
    body: '{"model":"m","input":"x","messages":[]}',
    want: badJson("/v1/embeddings", "input and messages cannot both be set"),
  },
  {
    name: "input that is a number",
    path: "/v1/embeddings",
    body: '{"model":"m","input":7}',
    want: badJson("/v1/embeddings", "input must be a string, an array or an object"),
  },
  {
    name: "two kinds of prompt",
    path: "/tokenize",
    body: '{"model":"m","prompt":"x","messages":[]}',
    want: badJson("/tokenize", "prompt and messages cannot both be set"),
  },
  {
    name: "tokens without a model",
    path: "/tokenize",
    body: '{"prompt":"x"}',
    want: "malformed request: invalid tokenize request: model is required",
  },
  {
    name: "a turn to continue and to begin",
    path: "/tokenize",
    body: '{"model":"m","messages":[],"continue_final_message":true}',
    want: "malformed request: invalid tokenize request: cannot set both continue_final_message and add_generation_prompt to true",
  },
  {
    name: "documents that are text",
    path: "/cohere/v2/rerank",
    body: '{"model":"m","documents":"a"}',
    want: badJson("/v2/rerank", "documents must be an array"),
  },
  {
    name: "messages with a number",
    path: messages,
    body: '{"model":"m","messages":[{"role":"user","content":5}]}',
    want: badJson("/v1/messages", "messages[0].content must be a string or an array"),
  },
  {
    name: "messages with an object",
    path: messages,
    body: '{"model":"m","messages":[{"role":"user","content":{"type":"text"}}]}',
    want: badJson("/v1/messages", "messages[0].content must be a string or an array"),
  },
  {
    name: "a block without a type",
    path: messages,
    body: '{"model":"m","messages":[{"role":"user","content":[{"text":"Hi."}]}]}',
    want: badJson("/v1/messages", "messages[0].content[0].type must be a string"),
  },
  {
    name: "a block that is text",
    path: messages,
    body: '{"model":"m","messages":[{"role":"user","content":["Hi."]}]}',
    want: badJson("/v1/messages", "messages[0].content[0] must be an object"),
  },
  { name: "messages to count without a model", path: `${messages}/count_tokens`, body: "{}", want: noModel },
];

test.each(refused)("readRequest refuses $name", ({ path, body, want }) => {
  expect(refusal(path, body)).toBe(want);
});

test("readRequest refuses a compressed body by its encoding", () => {
  const found = table.lookup("POST", chat, "");
  if (found.type !== "endpoint") throw new Error("no endpoint");
  const headers = new Headers({ "content-encoding": "gzip" });
  expect(() => found.endpoint.readRequest(Bun.gzipSync("{}"), json, headers)).toThrow(
    badJson("/v1/chat/completions", "the body must not be compressed, and its content-encoding is gzip"),
  );
});

test("readRequest does not search a very long body for its error", () => {
  expect(refusal(chat, `{"model":"${"x".repeat(2_000_000)}`)).toBe(
    badJson("/v1/chat/completions", "the body is not JSON"),
  );
});

describe("forms", () => {
  const type = "multipart/form-data; boundary=b";
  const form = (fields: { [name: string]: string }) =>
    `${Object.entries(fields)
      .map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      .join("")}--b--\r\n`;
  const transcriptions = "/v1/audio/transcriptions";
  const translations = "/v1/audio/translations";

  test("are read as far as needed", () => {
    const request = read(
      transcriptions,
      form({ model: "m", file: "RIFF", stream: "True", temperature: "0.5", x: "1" }),
      type,
    );
    expect(request).toMatchObject({
      endpoint: "transcriptions",
      model: "m",
      isStream: true,
      json: undefined,
    });
    expect(request.form?.parts.map((part) => part.name)).toEqual([
      "model",
      "file",
      "stream",
      "temperature",
      "x",
    ]);
    expect(read(translations, form({ model: "m", file: "RIFF", stream: "true" }), type).isStream).toBe(false);
  });

  const refused: { name: string; path: string; body: string; type: string; want: string }[] = [
    {
      name: "JSON where a form is due",
      path: translations,
      body: "{}",
      type: json,
      want: "malformed request: expected multipart/form-data content type for /v1/audio/translations",
    },
    {
      name: "a form where JSON is due",
      path: chat,
      body: form({ model: "m" }),
      type: "Multipart/Form-Data; boundary=b",
      want: "malformed request: multipart body not supported for this endpoint",
    },
    {
      name: "no model",
      path: transcriptions,
      body: form({ file: "RIFF" }),
      type,
      want: "malformed request: missing required field 'model'",
    },
    {
      name: "no file",
      path: transcriptions,
      body: form({ model: "m" }),
      type,
      want: "malformed request: missing required field 'file'",
    },
    {
      name: "a temperature that is no number",
      path: translations,
      body: form({ model: "m", file: "x", temperature: "hot" }),
      type,
      want: "malformed request: field 'temperature' must be a number",
    },
    {
      name: "no boundary",
      path: transcriptions,
      body: "",
      type: "multipart/form-data",
      want: "malformed request: failed to parse multipart form for /v1/audio/transcriptions: the content type names no boundary",
    },
    {
      name: "a broken form",
      path: transcriptions,
      body: "--b\r\n",
      type,
      want: "malformed request: failed to parse multipart form for /v1/audio/transcriptions: the body ends before its last boundary",
    },
  ];

  test.each(refused)("are refused: $name", ({ path, body, type, want }) => {
    expect(refusal(path, body, type)).toBe(want);
  });
});
