import { describe, expect, test } from "bun:test";
import { createEndpointTable, defaultMount, type Lookup } from "./endpoint-table.ts";

function say(found: Lookup): string {
  if (found.type === "endpoint") return found.endpoint.name;
  if (found.type === "models")
    return `models of ${found.family}${found.id === undefined ? "" : `: ${found.id}`}`;
  const { status, headers, body } = found.answer;
  const allow = headers.find(([name]) => name === "allow")?.[1];
  return `${status} ${allow ?? body}`;
}

const table = createEndpointTable();

test.each([
  ["POST", "/v1/chat/completions", "chat"],
  ["POST", "/v1/chat/completions?api-version=1", "chat"],
  ["POST", "//v1///chat/completions", "chat"],
  ["PUT", "/v1/completions", "completions"],
  ["POST", "/tokenize", "tokenize"],
  ["POST", "/cohere/v2/rerank", "rerank"],
  ["POST", "/anthropic/v1/messages?beta=true", "messages"],
  ["POST", "/anthropic/v1/messages/count_tokens", "count-tokens"],
  ["GET", "/v1/models", "models of openai"],
  ["POST", "/v1/models?limit=1", "models of openai"],
  ["HEAD", "/anthropic/v1/models", "models of anthropic"],
  ["GET", "/v1/models/meta/llama-3%3A8b?x=1", "models of openai: meta/llama-3:8b"],
  ["GET", "/v1/models/100%", "models of openai: 100%"],
  ["GET", "/anthropic/v1/models/claude", "models of anthropic: claude"],
  ["DELETE", "/v1/models/x", "405 GET, HEAD, OPTIONS"],
  ["GET", "/v1/chat/completions", "405 POST, OPTIONS"],
  ["HEAD", "/v1/responses", "405 POST, OPTIONS"],
  ["OPTIONS", "/v1/chat/completions", "204 POST, OPTIONS"],
  ["OPTIONS", "/v1/models", "204 GET, HEAD, POST, OPTIONS"],
  ["OPTIONS", "/v1/models/x", "204 GET, HEAD, OPTIONS"],
  ["POST", "/v1/chat/completions/", "404 unsupported path: /v1/chat/completions/"],
  ["POST", "/v1/nothing?x=1", "404 unsupported path: /v1/nothing?x=1"],
  ["POST", "/v1/messages", "404 unsupported path: /v1/messages"],
  ["POST", "/v2/rerank", "404 unsupported path: /v2/rerank"],
  ["GET", "/v1/models/", "404 unsupported path: /v1/models/"],
  ["GET", "/models", "404 unsupported path: /models"],
  ["OPTIONS", "/nothing", "404 unsupported path: /nothing"],
  ["GET", "/", "404 unsupported path: /"],
  ["GET", "", "404 unsupported path: "],
])("%s %s is %s", (method, target, want) => {
  expect(say(table.lookup(method, target, "req-1"))).toBe(want);
});

describe("a method that is not allowed", () => {
  const body = (path: string) => {
    const found = table.lookup("GET", path, "req-1");
    return found.type === "answer" ? JSON.parse(found.answer.body) : undefined;
  };

  test("is answered in the client's shape", () => {
    expect(body("/v1/chat/completions")).toEqual({
      type: "error",
      error: {
        type: "MethodNotAllowed",
        code: "405",
        message: "method GET is not allowed for /v1/chat/completions; use POST",
      },
    });
    expect(body("/anthropic/v1/messages")).toEqual({
      type: "error",
      error: {
        type: "invalid_request_error",
        message: "method GET is not allowed for /anthropic/v1/messages; use POST",
      },
      request_id: "req-1",
    });
  });
});

test("prefixes move families, and the later one wins where they meet", () => {
  const moved = createEndpointTable({
    rootPrefix: "/ai/",
    prefixes: { openai: "x", cohere: "", anthropic: "/x/" },
  });
  expect(say(moved.lookup("POST", "/ai/x/v1/chat/completions", ""))).toBe("chat");
  expect(say(moved.lookup("POST", "/ai/x/v1/messages", ""))).toBe("messages");
  expect(say(moved.lookup("POST", "/ai/v2/rerank", ""))).toBe("rerank");
  expect(say(moved.lookup("GET", "/ai/x/v1/models", ""))).toBe("models of anthropic");
  expect(say(moved.lookup("POST", "/v1/chat/completions", ""))).toStartWith("404");
  expect(defaultMount.rootPrefix).toBe("/");
});
