/** An MCP server of the era without sessions (2026-07-28), with what the conformance suite asks a server for. */
import { createHmac, timingSafeEqual } from "node:crypto";
import {
  audio,
  image,
  prompts,
  readPrompt,
  readResource,
  resources,
  resourceTemplates,
  tools,
} from "./fixture-contents.ts";

type Json = { readonly [member: string]: unknown };
interface Request_ {
  readonly id: string | number;
  readonly method: string;
  readonly params: Json;
}

export interface ModernServer extends Disposable {
  readonly url: string;
  /** Method, headers and body of each request. */
  readonly seen: { readonly headers: Headers; readonly body: Json }[];
  /** Tells all who listen that something has changed. */
  tell(method: string, params?: Json): void;
  /** Ends all streams, as a restart does. */
  dropStreams(): void;
}

export interface ModernOptions {
  readonly name?: string;
  readonly cache?: { readonly ttlMs: number; readonly cacheScope: "public" | "private" };
}

const version = "2026-07-28";
const meta = "io.modelcontextprotocol/";
const inputTools = [
  "elicitation",
  "sampling",
  "list_roots",
  "request_state",
  "multiple_inputs",
  "multi_round",
  "tampered_state",
  "capabilities",
].map((name) => `test_input_required_result_${name}`);
const moreTools = [
  "test_missing_capability",
  "test_streaming_elicitation",
  "test_logging_tool",
  "test_trigger_tool_change",
  ...inputTools,
];
const key = "fixture";

class Failure extends Error {
  readonly code: number;
  readonly status: number;
  readonly data: unknown;
  constructor(code: number, message: string, status = 200, data?: unknown) {
    super(message);
    this.code = code;
    this.status = status;
    this.data = data;
  }
}

export function startModernServer({
  name = "modern",
  cache = { ttlMs: 1000, cacheScope: "public" },
}: ModernOptions = {}): ModernServer {
  const seen: ModernServer["seen"] = [];
  const listeners = new Map<ReadableStreamDefaultController<Uint8Array>, { id: unknown; wanted: Json }>();
  const encoder = new TextEncoder();
  const event = (message: object) =>
    encoder.encode(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`);

  function listen({ id, params }: Request_): Response {
    const wanted = params["notifications"] as Json;
    let own: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        own = controller;
        listeners.set(controller, { id, wanted });
        const _meta = { [`${meta}subscriptionId`]: id };
        controller.enqueue(
          event({
            method: "notifications/subscriptions/acknowledged",
            params: { notifications: wanted, _meta },
          }),
        );
      },
      cancel: () => void listeners.delete(own),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  async function answer(request: Request_, send: (message: object) => void): Promise<Json> {
    const { method, params } = request;
    switch (method) {
      case "server/discover":
        return {
          supportedVersions: [version],
          capabilities: {
            tools: { listChanged: true },
            prompts: { listChanged: true },
            resources: { listChanged: true, subscribe: true },
            completions: {},
          },
          instructions: `Use ${name} wisely.`,
          ...cache,
          _meta: { [`${meta}serverInfo`]: { name, version: "1.0.0" } },
        };
      case "tools/list":
        return {
          tools: [
            ...tools,
            ...moreTools.map((tool) => ({
              name: tool,
              description: `The tool ${tool}`,
              inputSchema: { type: "object" },
            })),
          ],
          ...cache,
        };
      case "prompts/list":
        return {
          prompts: [...prompts, { name: "test_input_required_result_prompt" }].map((prompt) => ({
            description: "A prompt",
            ...prompt,
          })),
          ...cache,
        };
      case "resources/list":
        return { resources, ...cache };
      case "resources/templates/list":
        return { resourceTemplates, ...cache };
      case "resources/read":
        return { ...readOr(() => readResource(String(params["uri"]))), ...cache };
      case "prompts/get":
        return getPrompt(params);
      case "completion/complete":
        return { completion: { values: ["paris", "park"], total: 2, hasMore: false } };
      case "tools/call":
        return callTool(params, send);
      default:
        throw new Failure(-32601, `Method not found: ${method}`, 404);
    }
  }

  const http = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const headers = request.headers;
      const host = headers.get("host") ?? "";
      const origin = headers.get("origin");
      const isOwn = (text: string) => /^(http:\/\/)?(127\.0\.0\.1|localhost)(:\d+)?$/.test(text);
      if (!isOwn(host) || (origin !== null && !isOwn(origin))) return new Response(null, { status: 403 });
      if (request.method !== "POST") return new Response(null, { status: 405 });
      const body = (await request.json()) as Json;
      seen.push({ headers, body });
      const id = (body["id"] ?? null) as string | number;
      const message: Request_ = {
        id,
        method: String(body["method"]),
        params: (body["params"] ?? {}) as Json,
      };
      try {
        check(message, headers);
        if (body["id"] === undefined) return new Response(null, { status: 202 });
        if (message.method === "subscriptions/listen") return listen(message);
        const early: object[] = [];
        const result = await answer(message, (one) => void early.push(one));
        const last = { id, result: { resultType: "complete", ...result } };
        if (early.length === 0) return Response.json({ jsonrpc: "2.0", ...last });
        return new Response([...early, last].map((one) => new TextDecoder().decode(event(one))).join(""), {
          headers: { "content-type": "text/event-stream" },
        });
      } catch (error) {
        const failure = error instanceof Failure ? error : new Failure(-32603, String(error));
        const { code, message: text, data } = failure;
        return Response.json(
          { jsonrpc: "2.0", id, error: { code, message: text, ...(data === undefined ? {} : { data }) } },
          { status: failure.status },
        );
      }
    },
  });
  return {
    url: `http://127.0.0.1:${http.port}/mcp`,
    seen,
    tell(method, params = {}) {
      for (const [controller, { id }] of listeners)
        controller.enqueue(
          event({ method, params: { ...params, _meta: { [`${meta}subscriptionId`]: id } } }),
        );
    },
    dropStreams() {
      for (const controller of listeners.keys()) controller.close();
      listeners.clear();
    },
    [Symbol.dispose]() {
      void http.stop(true);
    },
  };
}

function check({ method, params, id }: Request_, headers: Headers): void {
  const own = (params["_meta"] ?? {}) as Json;
  const wanted = own[`${meta}protocolVersion`];
  if (wanted === undefined) throw new Failure(-32602, "no version", 400);
  if (headers.get("mcp-protocol-version") !== wanted || headers.get("mcp-method")?.trim() !== method)
    throw new Failure(-32020, "Header mismatch", 400);
  if (wanted !== version)
    throw new Failure(-32022, "Unsupported protocol version", 400, {
      supported: [version],
      requested: wanted,
    });
  if (id !== null && own[`${meta}clientCapabilities`] === undefined)
    throw new Failure(-32602, "no capabilities", 400);
  const name =
    method === "resources/read"
      ? params["uri"]
      : /^(tools\/call|prompts\/get)$/.test(method)
        ? params["name"]
        : undefined;
  if (name !== undefined && decoded(headers.get("mcp-name")) !== name)
    throw new Failure(-32020, "Header mismatch", 400);
}

function decoded(value: string | null): string | undefined {
  const encoded = /^=\?base64\?(.*)\?=$/.exec(value ?? "")?.[1];
  return encoded === undefined ? value?.trim() : Buffer.from(encoded, "base64").toString();
}

function readOr<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message, data } = error as Error & { data?: unknown };
    throw new Failure(-32602, message, 200, data);
  }
}

const text = (words: string): Json => ({ content: [{ type: "text", text: words }] });
const elicit = (message: string, property: string): Json => ({
  method: "elicitation/create",
  params: {
    mode: "form",
    message,
    requestedSchema: { type: "object", properties: { [property]: { type: "string" } }, required: [property] },
  },
});
const sample: Json = {
  method: "sampling/createMessage",
  params: {
    messages: [{ role: "user", content: { type: "text", text: "What is the capital of France?" } }],
    maxTokens: 100,
  },
};
const roots: Json = { method: "roots/list", params: {} };
const ask = (inputRequests: Json, requestState?: string): Json => ({
  resultType: "input_required",
  inputRequests,
  ...(requestState === undefined ? {} : { requestState }),
});
const sign = (state: string) => `${state}.${createHmac("sha256", key).update(state).digest("base64url")}`;

function opened(state: unknown): string {
  const [plain = "", signature = ""] = String(state).split(".");
  const wanted = createHmac("sha256", key).update(plain).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw new Failure(-32602, "invalid requestState");
  return plain;
}

function getPrompt(params: Json): Json {
  const {
    name,
    arguments: given,
    inputResponses,
  } = params as { name: string; arguments?: Record<string, string>; inputResponses?: Json };
  if (name === "test_input_required_result_prompt" && inputResponses?.["user_context"] === undefined)
    return ask({ user_context: elicit("What context?", "context") });
  return { ...readPrompt(name, given ?? {}) };
}

function callTool(params: Json, send: (message: object) => void): Json {
  const own = (params["_meta"] ?? {}) as Json;
  const responses = (params["inputResponses"] ?? {}) as Json;
  const can = (own[`${meta}clientCapabilities`] ?? {}) as Json;
  const has = (one: string) => typeof responses[one] === "object" && responses[one] !== null;
  const need = (capability: string) => {
    if (can[capability] !== undefined) return;
    throw new Failure(-32021, "Missing required client capability", 400, {
      requiredCapabilities: { [capability]: {} },
    });
  };
  switch (params["name"]) {
    case "echo":
      return text(String((params["arguments"] as Json)["message"]));
    case "test_simple_text":
      return text("This is a simple text response for testing.");
    case "test_image_content":
      return { content: [{ type: "image", data: image, mimeType: "image/png" }] };
    case "test_audio_content":
      return { content: [{ type: "audio", data: audio, mimeType: "audio/wav" }] };
    case "test_embedded_resource":
      return {
        content: [
          {
            type: "resource",
            resource: { uri: "test://embedded-resource", mimeType: "text/plain", text: "Embedded" },
          },
        ],
      };
    case "test_multiple_content_types":
      return {
        content: [
          { type: "text", text: "Several" },
          { type: "image", data: image, mimeType: "image/png" },
          {
            type: "resource",
            resource: { uri: "test://mixed-content-resource", mimeType: "application/json", text: "{}" },
          },
        ],
      };
    case "test_resource_link":
      return { content: [{ type: "resource_link", uri: "test://static-text", name: "Text" }] };
    case "test_error_handling":
      return { ...text("This tool intentionally returns an error for testing"), isError: true };
    case "test_tool_with_progress":
      for (const progress of [0, 50, 100])
        send({
          method: "notifications/progress",
          params: { progressToken: own["progressToken"], progress, total: 100 },
        });
      return text("Done");
    case "test_logging_tool":
      if (own[`${meta}logLevel`] !== undefined)
        send({ method: "notifications/message", params: { level: "info", logger: "tool", data: "working" } });
      return text("Logged");
    case "test_missing_capability":
      need("sampling");
      return text("Sampled");
    case "test_streaming_elicitation":
      return has("user_name") ? text("Elicited") : ask({ user_name: elicit("Name?", "name") });
    case "test_trigger_tool_change":
      return text("Changed");
    case "json_schema_2020_12_tool":
      return text("Valid");
    case "test_input_required_result_elicitation":
      return has("user_name")
        ? text("Hello, Alice!")
        : ask({ user_name: elicit("What is your name?", "name") });
    case "test_input_required_result_capabilities":
      return has("capital_question") || has("user_name")
        ? text("Done")
        : ask({
            ...(can["elicitation"] ? { user_name: elicit("What is your name?", "name") } : {}),
            ...(can["sampling"] ? { capital_question: sample } : {}),
          });
    case "test_input_required_result_sampling":
      return has("capital_question") ? text("Paris") : ask({ capital_question: sample });
    case "test_input_required_result_list_roots":
      return has("client_roots")
        ? text(JSON.stringify(responses["client_roots"]))
        : ask({ client_roots: roots });
    case "test_input_required_result_request_state":
      if (!has("confirm")) return ask({ confirm: elicit("Please confirm", "ok") }, sign("once"));
      return opened(params["requestState"]) === "once" ? text("state-ok") : text("no");
    case "test_input_required_result_tampered_state":
      if (params["requestState"] === undefined)
        return ask({ confirm: elicit("Please confirm", "ok") }, sign("tamper"));
      opened(params["requestState"]);
      return text("state-ok");
    case "test_input_required_result_multiple_inputs":
      if (!has("user_name") || !has("greeting") || !has("client_roots"))
        return ask(
          { user_name: elicit("What is your name?", "name"), greeting: sample, client_roots: roots },
          sign("many"),
        );
      opened(params["requestState"]);
      return text("All there");
    case "test_input_required_result_multi_round": {
      const step = params["requestState"] === undefined ? "" : opened(params["requestState"]);
      if (step === "") return ask({ step1: elicit("Step 1: What is your name?", "name") }, sign("one"));
      if (step === "one")
        return ask({ step2: elicit("Step 2: What is your favorite color?", "color") }, sign("two"));
      return text("All rounds are over");
    }
    default:
      throw new Failure(-32602, `Unknown tool: ${params["name"]}`);
  }
}
