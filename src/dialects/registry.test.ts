import { expect, test } from "bun:test";
import type { Schema, SchemaName } from "../model/ai.ts";
import { schemaNames } from "../model/ai.ts";
import { ExchangeFailure } from "../model/failure.ts";
import type { ClientRequest, EndpointName, Passage } from "./passage.ts";
import { requestOf } from "./passthrough/testing.ts";
import { passageFor } from "./registry.ts";
import { readForm } from "./wire/multipart.ts";
import { bytesOf, textOf } from "./wire/testing.ts";

function passage(endpoint: EndpointName, schema: SchemaName): Passage {
  const found = passageFor(endpoint, schema);
  if (found === undefined) throw new Error(`no passage from ${endpoint} to ${schema}`);
  return found;
}

const openAi: Schema = { name: "OpenAI", prefix: "v1" };
const azure: Schema = { name: "AzureOpenAI", version: "2025-01-01-preview" };
const anthropic: Schema = { name: "Anthropic", prefix: "v1" };
const cohere: Schema = { name: "Cohere", version: "v2" };

const paths: [EndpointName, Schema, string][] = [
  ["chat", openAi, "/v1/chat/completions"],
  ["chat", { name: "OpenAI", prefix: "/openai/v1/" }, "/openai/v1/chat/completions"],
  ["chat", { name: "OpenAI", prefix: "" }, "/chat/completions"],
  ["chat", { name: "OpenAI", prefix: "/" }, "/chat/completions"],
  ["completions", openAi, "/v1/completions"],
  ["embeddings", openAi, "/v1/embeddings"],
  ["responses", openAi, "/v1/responses"],
  ["responses-input-tokens", openAi, "/v1/responses/input_tokens"],
  ["images", openAi, "/v1/images/generations"],
  ["speech", openAi, "/v1/audio/speech"],
  ["transcriptions", { name: "OpenAI", prefix: "compat/v2" }, "/compat/v2/audio/transcriptions"],
  ["translations", openAi, "/v1/audio/translations"],
  ["tokenize", { name: "OpenAI", prefix: "compat/v2" }, "/tokenize"],
  ["rerank", openAi, "/v1/rerank"],
  ["chat", azure, "/openai/deployments/up%2Fstream%20%3F/chat/completions?api-version=2025-01-01-preview"],
  ["completions", azure, "/openai/deployments/up%2Fstream%20%3F/completions?api-version=2025-01-01-preview"],
  ["embeddings", azure, "/openai/deployments/up%2Fstream%20%3F/embeddings?api-version=2025-01-01-preview"],
  [
    "images",
    azure,
    "/openai/deployments/up%2Fstream%20%3F/images/generations?api-version=2025-01-01-preview",
  ],
  [
    "speech",
    { name: "AzureOpenAI", version: "" },
    "/openai/deployments/up%2Fstream%20%3F/audio/speech?api-version=",
  ],
  ["responses", azure, "/openai/responses?api-version=2025-01-01-preview"],
  ["responses-input-tokens", azure, "/openai/responses/input_tokens?api-version=2025-01-01-preview"],
  ["messages", anthropic, "/v1/messages"],
  ["messages", { name: "Anthropic", prefix: "/compat/v3" }, "/compat/v3/messages"],
  ["count-tokens", { name: "Anthropic", prefix: "compat/v3" }, "/compat/v3/messages/count_tokens"],
  ["rerank", cohere, "/v2/rerank"],
  ["rerank", { name: "Cohere", version: "" }, "/rerank"],
];

test.each(paths)("%s to %j goes to %s", (endpoint, schema, path) => {
  const request = requestOf(endpoint, { model: "m" });
  const sent = passage(endpoint, schema.name).request(request, { schema, model: "up/stream ?" });
  expect(sent.path).toBe(path);
});

test("a deployment of Azure needs a model", () => {
  const request = requestOf("images", { prompt: "x" }, { model: "" });
  const send = () => passage("images", "AzureOpenAI").request(request, { schema: azure, model: "" });
  expect(send).toThrow(
    new ExchangeFailure("untranslatable", "invalid request body: model field is required"),
  );
});

test("pairs that nobody can serve have no passage", () => {
  expect(passageFor("tokenize", "AzureOpenAI")).toBeUndefined();
  expect(passageFor("images", "Cohere")).toBeUndefined();
  for (const schema of schemaNames) {
    expect(passageFor("chat", schema) === undefined).toBe(schema === "Cohere");
    expect(passageFor("speech", schema) === undefined).toBe(!["OpenAI", "AzureOpenAI"].includes(schema));
  }
});

const bodies: {
  name: string;
  endpoint: EndpointName;
  schema: Schema;
  request: Partial<ClientRequest> & { text: string };
  model?: string;
  want: string | undefined;
}[] = [
  {
    name: "as it came",
    endpoint: "chat",
    schema: openAi,
    request: { text: '{ "model":"m" }' },
    want: undefined,
  },
  {
    name: "with the backend's model",
    endpoint: "chat",
    schema: openAi,
    request: { text: '{ "model" :"m","n":1.0 }' },
    model: "u",
    want: '{ "model" :"u","n":1.0 }',
  },
  {
    name: "with the client's model in a chat at Azure",
    endpoint: "chat",
    schema: azure,
    request: { text: '{"model":"m"}' },
    model: "u",
    want: undefined,
  },
  {
    name: "with the backend's model in embeddings at Azure",
    endpoint: "embeddings",
    schema: azure,
    request: { text: '{"model":"m"}' },
    model: "u",
    want: '{"model":"u"}',
  },
  {
    name: "with a model that the client left out",
    endpoint: "images",
    schema: openAi,
    request: { text: '{"prompt":"x"}', model: "" },
    model: "u",
    want: '{"prompt":"x","model":"u"}',
  },
  {
    name: "with the backend's model in messages",
    endpoint: "messages",
    schema: anthropic,
    request: { text: '{"model":"m"}' },
    model: "u",
    want: '{"model":"u"}',
  },
  {
    name: "with the usage of a stream asked for",
    endpoint: "chat",
    schema: openAi,
    request: { text: '{"model":"m","stream":true}', isStream: true, wantsUsage: false },
    want: '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
  },
  {
    name: "with both changes",
    endpoint: "chat",
    schema: openAi,
    request: { text: '{"model":"m","stream":true}', isStream: true, wantsUsage: false },
    model: "u",
    want: '{"model":"u","stream":true,"stream_options":{"include_usage":true}}',
  },
  {
    name: "with the usage asked for at Azure",
    endpoint: "chat",
    schema: azure,
    request: { text: '{"stream":true}', isStream: true, wantsUsage: false },
    want: '{"stream":true,"stream_options":{"include_usage":true}}',
  },
  {
    name: "with other options of a stream kept",
    endpoint: "chat",
    schema: openAi,
    request: { text: '{"stream_options":{"include_usage":false,"x":1}}', isStream: true, wantsUsage: false },
    want: '{"stream_options":{"include_usage":true,"x":1}}',
  },
  {
    name: "with options in place of null",
    endpoint: "chat",
    schema: openAi,
    request: { text: '{"stream_options":null}', isStream: true, wantsUsage: false },
    want: '{"stream_options":{"include_usage":true}}',
  },
  {
    name: "as it came where the client asked for usage",
    endpoint: "chat",
    schema: openAi,
    request: { text: '{"stream":true}', isStream: true, wantsUsage: true },
    want: undefined,
  },
  {
    name: "as it came for completions, which are not asked for usage",
    endpoint: "completions",
    schema: openAi,
    request: { text: '{"stream":true}', isStream: true, wantsUsage: false },
    want: undefined,
  },
];

test.each(bodies)("the body goes $name", ({ endpoint, schema, request, model, want }) => {
  const { text, ...changes } = request;
  const client = requestOf(endpoint, JSON.parse(text), { ...changes, bytes: bytesOf(text) });
  const sent = passage(endpoint, schema.name).request(client, { schema, model: model ?? client.model });
  expect(sent.body === undefined ? undefined : textOf(sent.body)).toBe(want);
  expect(textOf(client.bytes)).toBe(text);
});

test("a form is written anew only for another model", () => {
  const contentType = "multipart/form-data; boundary=b";
  const bytes = bytesOf('--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--b--\r\n');
  const request = requestOf(
    "translations",
    {},
    { bytes, contentType, json: undefined, form: readForm(bytes, contentType) },
  );
  const send = (model: string) =>
    passage("translations", "OpenAI").request(request, { schema: openAi, model });
  expect(send("m")).toEqual({ path: "/v1/audio/translations", set: [], remove: [] });
  const { body, set } = send("u");
  expect(set).toEqual([["content-type", expect.stringMatching(/^multipart\/form-data; boundary=aigw-/)]]);
  expect(textOf(body ?? new Uint8Array())).toContain('name="model"\r\n\r\nu\r\n');
});

test("Anthropic is told a version where the client named none", () => {
  const send = (headers: Headers) =>
    passage("messages", "Anthropic").request(requestOf("messages", {}, { headers }), {
      schema: anthropic,
      model: "m",
    }).set;
  expect(send(new Headers())).toEqual([["anthropic-version", "2023-06-01"]]);
  expect(send(new Headers({ "anthropic-version": "2024-01-01" }))).toEqual([]);
});
