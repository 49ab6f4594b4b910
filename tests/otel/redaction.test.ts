/** Nothing that is hidden is anywhere in what is exported or written: every endpoint, streamed or not, and their errors. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gatewayYaml } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { startCollector } from "./collector.ts";

/** In every place of a request, and of an answer, that somebody can write into. */
const asked = "CANARYASKED";
const answered = "CANARYANSWERED";

const picture = `data:image/png;base64,${asked}`;
const parameters = {
  type: "object",
  description: asked,
  properties: { [asked]: { type: "string", enum: [asked] } },
};
const chatTools = [{ type: "function", function: { name: asked, description: asked, parameters } }];
const call = { id: asked, type: "function", function: { name: asked, arguments: `{"a":"${asked}"}` } };

interface Request {
  readonly path: string;
  readonly body?: object;
  readonly form?: Readonly<Record<string, string>>;
  readonly canStream?: boolean;
}

/** `stop`: words that the GenAI conventions show always, as a parameter of the request. */
const requestsWith = (stop: string): readonly Request[] => [
  {
    path: "/v1/chat/completions",
    canStream: true,
    body: {
      model: "acme",
      messages: [
        { role: "system", content: asked },
        {
          role: "user",
          content: [
            { type: "text", text: asked },
            { type: "image_url", image_url: { url: picture } },
          ],
        },
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", tool_call_id: asked, content: asked },
      ],
      tools: chatTools,
      tool_choice: { type: "function", function: { name: asked } },
      stop: [stop],
      user: asked,
      metadata: { note: asked },
      prediction: { type: "content", content: asked },
      response_format: { type: "json_schema", json_schema: { name: asked, schema: parameters } },
    },
  },
  {
    path: "/v1/completions",
    canStream: true,
    body: { model: "acme", prompt: [asked, asked], suffix: asked },
  },
  { path: "/v1/embeddings", body: { model: "acme", input: [asked], user: asked } },
  {
    path: "/v1/responses",
    canStream: true,
    body: {
      model: "acme",
      instructions: asked,
      input: [
        { role: "user", content: [{ type: "input_text", text: asked }] },
        { role: "user", content: [{ type: "input_image", image_url: picture }] },
        { type: "function_call", call_id: asked, name: asked, arguments: asked },
        { type: "function_call_output", call_id: asked, output: asked },
        { type: "reasoning", summary: [{ type: "summary_text", text: asked }] },
      ],
      tools: [{ type: "function", name: asked, parameters }],
      metadata: { note: asked },
      prompt: { id: "p", variables: { a: asked } },
    },
  },
  { path: "/v1/responses/input_tokens", body: { model: "acme", input: asked } },
  { path: "/v1/images/generations", body: { model: "acme", prompt: asked } },
  { path: "/v1/audio/speech", body: { model: "acme", input: asked, voice: "alloy", instructions: asked } },
  { path: "/v1/audio/transcriptions", form: { model: "acme", file: asked, prompt: asked } },
  { path: "/v1/audio/translations", form: { model: "acme", file: asked, prompt: asked } },
  { path: "/tokenize", body: { model: "acme", messages: [{ role: "user", content: asked }] } },
  { path: "/cohere/v2/rerank", body: { model: "rerank", query: asked, documents: [asked, { text: asked }] } },
  {
    path: "/anthropic/v1/messages",
    canStream: true,
    body: {
      model: "claude",
      max_tokens: 9,
      system: [{ type: "text", text: asked }],
      messages: [
        { role: "user", content: asked },
        { role: "assistant", content: [{ type: "tool_use", id: asked, name: asked, input: { a: asked } }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: asked, content: asked }] },
      ],
      tools: [{ name: asked, description: asked, input_schema: parameters }],
      stop_sequences: [stop],
      metadata: { user_id: asked },
    },
  },
  {
    path: "/anthropic/v1/messages/count_tokens",
    body: { model: "claude", messages: [{ role: "user", content: asked }] },
  },
];

const sse = (events: readonly object[]) =>
  new Response(
    `${events.map((event) => `event: ${(event as { type?: string }).type ?? "m"}\ndata: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`,
    { headers: { "content-type": "text/event-stream" } },
  );

/** Answers each endpoint with the canary wherever an answer has room for it. */
function answerFor(path: string, isStream: boolean): Response {
  const calls = [
    { index: 0, id: answered, type: "function", function: { name: answered, arguments: answered } },
  ];
  const message = { role: "assistant", content: answered, reasoning_content: answered, refusal: answered };
  const output = [
    { type: "message", role: "assistant", content: [{ type: "output_text", text: answered }] },
    { type: "function_call", call_id: answered, name: answered, arguments: answered },
  ];
  const content = [
    { type: "thinking", thinking: answered, signature: answered },
    { type: "text", text: answered },
    { type: "tool_use", id: answered, name: answered, input: { a: answered } },
  ];
  if (path.endsWith("/speech")) return new Response(answered, { headers: { "content-type": "audio/mpeg" } });
  if (path.endsWith("/messages")) {
    const whole = {
      type: "message",
      role: "assistant",
      model: "claude",
      content,
      usage: { input_tokens: 1 },
    };
    if (!isStream) return Response.json(whole);
    const start = { type: "message_start", message: { ...whole, content: [] } };
    const delta = { type: "text_delta", text: answered };
    return sse([
      start,
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
      { type: "message_stop" },
    ]);
  }
  if (path.endsWith("/responses")) {
    const response = { id: "r", object: "response", status: "completed", model: "acme", output };
    if (!isStream) return Response.json(response);
    return sse([
      { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: answered },
      { type: "response.completed", response },
    ]);
  }
  if (isStream) {
    const choice = path.includes("chat")
      ? { index: 0, delta: { ...message, tool_calls: calls }, finish_reason: "stop" }
      : { index: 0, text: answered, finish_reason: "stop" };
    return sse([{ id: "c", model: "acme", choices: [choice] }]);
  }
  return Response.json({
    id: "c",
    model: "acme",
    text: answered,
    language: "en",
    choices: [
      { index: 0, text: answered, message: { ...message, tool_calls: calls }, finish_reason: "stop" },
    ],
    data: [{ index: 0, b64_json: answered, embedding: [0.5], revised_prompt: answered }],
    results: [{ index: 0, relevance_score: 0.5, document: { text: answered } }],
    count: 1,
    tokens: [1],
    token_strs: [answered],
    input_tokens: 1,
  });
}

let upstream: Upstream;
let isFailing = false;
beforeAll(() => {
  upstream = startUpstream((request) => {
    if (request.path.startsWith("/mcp")) return answerMcp(request.text);
    if (!isFailing) return answerFor(request.path, request.text.includes('"stream":true'));
    return Response.json({ error: { message: `${answered} ${asked}`, type: answered } }, { status: 400 });
  });
});
afterAll(() => upstream[Symbol.dispose]());

async function send(url: string, { path, body, form }: Request, isStream: boolean): Promise<number> {
  const filled = new FormData();
  for (const [name, value] of Object.entries(form ?? {}))
    filled.append(name, name === "file" ? new File([value], `${value}.wav`) : value);
  const text =
    body === undefined ? undefined : JSON.stringify({ ...body, ...(isStream && { stream: true }) });
  const response = await fetch(url + path, { method: "POST", body: text ?? filled });
  await response.arrayBuffer();
  return response.status;
}

/** Sends every kind of request once and gives all that was exported, and all that was written. */
async function everything(
  env: Record<string, string>,
  stop: string,
): Promise<{ exported: string; written: string }> {
  await using collector = await startCollector("http");
  const backends = [
    { name: "acme", url: upstream.url },
    { name: "claude", url: upstream.url, schema: "Anthropic" as const },
    { name: "cohere", url: upstream.url, schema: "Cohere" as const, version: "v2" },
  ];
  const rules = [
    { models: ["claude"], backends: ["claude"] },
    { models: ["rerank"], backends: ["cohere"] },
    { models: ["acme"], backends: ["acme"] },
  ];
  await using gateway = await startGateway({
    config: `${gatewayYaml({ port: freePort(), backends, rules })}\n---\n${mcpRoute(upstream.url)}`,
    flags: ["--engine", "embedded", "--debug"],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_METRIC_EXPORT_INTERVAL: "100",
      ...env,
    },
  });
  let sent = 0;
  for (const failing of [false, true]) {
    isFailing = failing;
    for (const request of requestsWith(stop)) {
      for (const isStream of request.canStream === true ? [false, true] : [false]) {
        expect(await send(gateway.url, request, isStream)).toBe(failing ? 400 : 200);
        sent += 1;
      }
    }
  }
  sent += await callMcp(gateway.url);
  await gateway.stop();
  expect(collector.spans()).toHaveLength(sent);
  return { exported: collector.text(), written: gateway.stdout() + gateway.stderr() + filesOf(gateway.home) };
}

/** A server `mini` at the path /mcp of the upstream. */
function mcpRoute(url: string): string {
  const ref = { group: "gateway.envoyproxy.io", kind: "Backend", name: "mini", path: "/mcp" };
  const address = { address: "127.0.0.1", port: Number(new URL(url).port) };
  const resources = [
    {
      apiVersion: "gateway.envoyproxy.io/v1alpha1",
      kind: "Backend",
      metadata: { name: "mini" },
      spec: { endpoints: [{ ip: address }] },
    },
    {
      apiVersion: "aigateway.envoyproxy.io/v1beta1",
      kind: "MCPRoute",
      metadata: { name: "mcp" },
      spec: {
        parentRefs: [{ name: "tests", kind: "Gateway", group: "gateway.networking.k8s.io" }],
        path: "/mcp",
        backendRefs: [ref],
      },
    },
  ];
  return resources.map((resource) => JSON.stringify(resource)).join("\n---\n");
}

function filesOf(directory: string): string {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "latin1"))
    .join("\n");
}

const genAi = { AI_GATEWAY_TRACING_SEMCONV: "gen_ai" };
const capture = { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: "true" };

/** An MCP server that says the canary again, as a good answer and as a bad one. */
function answerMcp(text: string): Response {
  const { id, method, params } = JSON.parse(text) as {
    readonly id?: number;
    readonly method: string;
    readonly params?: { readonly name?: string };
  };
  if (id === undefined) return new Response(null, { status: 202 });
  const content = [{ type: "text", text: answered }];
  const results: { readonly [method: string]: object } = {
    initialize: {
      protocolVersion: "2025-06-18",
      capabilities: { tools: {}, prompts: {}, completions: {} },
      serverInfo: { name: "mini", version: "1" },
    },
    "tools/call": { content, isError: params?.name === "fail" },
    "completion/complete": { completion: { values: [answered] } },
  };
  const result = results[method];
  const error = { code: -32000, message: `${answered} ${asked}` };
  return Response.json({ jsonrpc: "2.0", id, ...(result === undefined ? { error } : { result }) });
}

/** Calls, one that the tool fails, one that the server refuses, and a completion; gives how many spans that makes. */
async function callMcp(url: string): Promise<number> {
  const params = [
    [
      "initialize",
      { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } },
    ],
    ["tools/call", { name: "mini__echo", arguments: { text: asked } }],
    ["tools/call", { name: "mini__fail", arguments: { text: asked } }],
    ["prompts/get", { name: "mini__p", arguments: { text: asked } }],
    [
      "completion/complete",
      { ref: { type: "ref/prompt", name: "mini__p" }, argument: { name: "a", value: asked } },
    ],
  ] as const;
  const headers = new Headers({
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  });
  for (const [index, [method, own]] of params.entries()) {
    const body = JSON.stringify({ jsonrpc: "2.0", id: index, method, params: own });
    const response = await fetch(`${url}/mcp`, { method: "POST", headers, body });
    const session = response.headers.get("mcp-session-id");
    if (session !== null) headers.set("mcp-session-id", session);
    expect(await response.text()).toContain('"jsonrpc"');
  }
  return params.length;
}

interface Case {
  readonly name: string;
  readonly env: Record<string, string>;
  readonly shows: readonly string[];
  readonly stop?: string;
}

describe.each([
  { name: "nothing hidden", env: {}, shows: [asked, answered] },
  { name: "inputs hidden", env: { OPENINFERENCE_HIDE_INPUTS: "true" }, shows: [answered] },
  { name: "outputs hidden", env: { OPENINFERENCE_HIDE_OUTPUTS: "1" }, shows: [asked] },
  {
    name: "both hidden",
    env: { OPENINFERENCE_HIDE_INPUTS: "T", OPENINFERENCE_HIDE_OUTPUTS: "True" },
    shows: [],
  },
  { name: "GenAI's conventions", env: genAi, shows: [], stop: "END" },
  { name: "GenAI's conventions and capture", env: { ...genAi, ...capture }, shows: [asked, answered] },
] as readonly Case[])("with $name", ({ env, shows, stop = asked }) => {
  test("exported bytes hold what is shown and nothing else, and no log or file holds any", async () => {
    const { exported, written } = await everything(env, stop);
    for (const canary of [asked, answered]) {
      expect({ canary, isExported: exported.includes(canary) }).toEqual({
        canary,
        isExported: shows.includes(canary),
      });
      expect(written.includes(canary)).toBe(false);
    }
  }, 30_000);
});
