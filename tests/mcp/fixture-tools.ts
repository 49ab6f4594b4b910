/** The tools of the fixture server. */
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  type CallToolRequest,
  type CallToolResult,
  CreateMessageResultSchema,
  type ElicitRequestFormParams,
  ElicitResultSchema,
  ListRootsResultSchema,
  type ServerNotification,
  type ServerRequest,
} from "@modelcontextprotocol/sdk/types.js";
import { audio, image } from "./fixture-contents.ts";

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
type Content = CallToolResult["content"][number];

const text = (words: string): Content => ({ type: "text", text: words });
const result = (...content: Content[]): CallToolResult => ({ content });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const embedded: Content = {
  type: "resource",
  resource: {
    uri: "test://embedded-resource",
    mimeType: "text/plain",
    text: "This is an embedded resource content.",
  },
};
const picture: Content = { type: "image", data: image, mimeType: "image/png" };

export async function callTool({ params }: CallToolRequest, extra: Extra): Promise<CallToolResult> {
  const given = params.arguments ?? {};
  switch (params.name) {
    case "echo":
      return result(text(String(given["message"])));
    case "test_simple_text":
      return result(text("This is a simple text response for testing."));
    case "test_image_content":
      return result(picture);
    case "test_audio_content":
      return result({ type: "audio", data: audio, mimeType: "audio/wav" });
    case "test_embedded_resource":
      return result(embedded);
    case "test_multiple_content_types":
      return result(text("Several contents"), picture, embedded);
    case "test_resource_link":
      return result({ type: "resource_link", uri: "test://static-text", name: "Text" });
    case "test_error_handling":
      return { ...result(text("This tool intentionally returns an error for testing")), isError: true };
    case "test_tool_with_logging":
      return logThrice(extra);
    case "test_tool_with_progress":
      return progress(params, extra);
    case "test_sampling":
      return sample(String(given["prompt"]), extra);
    case "test_elicitation":
      return elicit({ message: String(given["message"]), requestedSchema: userSchema }, extra);
    case "test_elicitation_sep1034_defaults":
      return elicit({ message: "Defaults?", requestedSchema: defaultsSchema }, extra);
    case "test_elicitation_sep1330_enums":
      return elicit({ message: "Which?", requestedSchema: enumsSchema }, extra);
    case "test_roots": {
      const { roots } = await extra.sendRequest({ method: "roots/list" }, ListRootsResultSchema);
      return result(text(roots.map(({ uri }) => uri).join(" ")));
    }
    case "test_reconnection":
      extra.closeSSEStream?.();
      await pause(100);
      return result(text("Reconnected"));
    case "test_wait":
      await waitFor(Number(given["ms"]), extra.signal);
      return result(text("Waited"));
    case "test_large":
      return result(text("x".repeat(Number(given["bytes"]))));
    default:
      throw Object.assign(new Error(`Unknown tool: ${params.name}`), { code: -32602 });
  }
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    reject(new Error("cancelled"));
  });
  return promise;
}

async function logThrice({ sendNotification }: Extra): Promise<CallToolResult> {
  for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
    await sendNotification({
      method: "notifications/message",
      params: { level: "info", logger: "tool", data },
    });
    await pause(5);
  }
  return result(text("Logged"));
}

async function progress(
  { _meta }: CallToolRequest["params"],
  { sendNotification }: Extra,
): Promise<CallToolResult> {
  const progressToken = _meta?.progressToken;
  for (const done of [0, 50, 100]) {
    if (progressToken !== undefined) {
      const params = { progressToken, progress: done, total: 100 };
      await sendNotification({ method: "notifications/progress", params });
    }
    await pause(5);
  }
  return result(text(String(progressToken)));
}

async function sample(prompt: string, { sendRequest }: Extra): Promise<CallToolResult> {
  const messages = [{ role: "user" as const, content: { type: "text" as const, text: prompt } }];
  const request = { method: "sampling/createMessage" as const, params: { messages, maxTokens: 100 } };
  const { content } = await sendRequest(request, CreateMessageResultSchema);
  return result(text(`LLM response: ${JSON.stringify(content)}`));
}

async function elicit(params: ElicitRequestFormParams, { sendRequest }: Extra): Promise<CallToolResult> {
  const answer = await sendRequest({ method: "elicitation/create", params }, ElicitResultSchema);
  return result(text(`User response: ${JSON.stringify(answer)}`));
}

const userSchema: ElicitRequestFormParams["requestedSchema"] = {
  type: "object",
  properties: { username: { type: "string" }, email: { type: "string" } },
  required: ["username", "email"],
};

const defaultsSchema: ElicitRequestFormParams["requestedSchema"] = {
  type: "object",
  properties: {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true },
  },
};

const titled = (name: string) => [1, 2, 3].map((n) => ({ const: `value${n}`, title: `${name} ${n}` }));
const enumsSchema: ElicitRequestFormParams["requestedSchema"] = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
    titledSingle: { type: "string", oneOf: titled("Title") },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti: { type: "array", items: { type: "string", enum: ["option1", "option2", "option3"] } },
    titledMulti: { type: "array", items: { anyOf: titled("Choice") } },
  },
};
