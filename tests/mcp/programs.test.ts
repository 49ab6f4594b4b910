/** Servers that are programs, of both eras, for clients of both. */
import { afterEach, describe, expect, test } from "bun:test";
import type { McpStdioTransport } from "../../src/model/mcp.ts";
import { type Aggregate, startAggregate } from "./aggregate.ts";
import { connectClient, textOf } from "./client.ts";
import { ask } from "./modern-client.ts";

/** What both have: a tool, and a way to say it. */
const common = `
const write = (message) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\\n");
const text = (words) => ({ content: [{ type: "text", text: words }], resultType: "complete" });
let rest = "";
process.stdin.on("data", (piece) => {
  const lines = (rest + piece).split("\\n");
  rest = lines.pop();
  for (const line of lines) receive(JSON.parse(line));
});
process.stdin.on("end", () => process.exit(0));
const tools = [{ name: "hello", inputSchema: { type: "object" } }];
`;

/** Ends at once when it is asked anything before its session has begun, as some do. */
const strict = `${common}
let isOpen = false;
function receive({ id, method, params }) {
  if (method === "initialize") {
    isOpen = true;
    return write({ id, result: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "strict", version: "1" } } });
  }
  if (!isOpen) process.exit(9);
  if (id === undefined) return;
  if (method === "tools/list") return write({ id, result: { tools } });
  if (method === "tools/call") return write({ id, result: { content: text("from " + process.pid).content } });
  write({ id, error: { code: -32601, message: "Method not found" } });
}`;

/** Knows no sessions. */
const modern = `${common}
function receive({ id, method, params }) {
  if (id === undefined) return;
  const meta = params?._meta ?? {};
  if (meta["io.modelcontextprotocol/protocolVersion"] === undefined) return write({ id, error: { code: -32601, message: "Method not found" } });
  if (method === "server/discover") return write({ id, result: { resultType: "complete", supportedVersions: ["2026-07-28"], capabilities: { tools: {} } } });
  if (method === "tools/list") return write({ id, result: { resultType: "complete", tools, ttlMs: 0, cacheScope: "private" } });
  const name = params.inputResponses?.who?.content?.username;
  if (name !== undefined) return write({ id, result: text("Hello, " + name) });
  const request = { method: "elicitation/create", params: { mode: "form", message: "Who?", requestedSchema: { type: "object", properties: { username: { type: "string" } } } } };
  write({ id, result: { resultType: "input_required", inputRequests: { who: request } } });
}`;

let gateway: Aggregate | undefined;

afterEach(async () => {
  await gateway?.[Symbol.asyncDispose]();
  gateway = undefined;
});

function start(program: string, mode: McpStdioTransport["mode"] = "shared"): string {
  const transport: McpStdioTransport = {
    type: "stdio",
    command: process.execPath,
    arguments: ["-e", program],
    environment: [],
    inheritsEnvironment: true,
    mode,
    isFailFast: false,
  };
  gateway = startAggregate({ servers: { p: "http://unused/" }, backend: () => ({ transport }) });
  return gateway.url;
}

describe.each(["shared", "per-session"] as const)("a %s program", (mode) => {
  test("with sessions is never asked before one has begun", async () => {
    const url = start(strict, mode);
    const { result } = await ask(url, "tools/call", { name: "p__hello" });
    expect(result).toMatchObject({
      resultType: "complete",
      content: [{ text: expect.stringMatching(/^from \d+$/) }],
    });
    await using session = await connectClient(url);
    expect(textOf(await session.client.callTool({ name: "p__hello" }))).toMatch(/^from \d+$/);
    expect(gateway?.log.filter((line) => line.includes("has ended"))).toEqual([]);
  });

  test("without sessions is found out, and asks its clients in the way of each", async () => {
    const url = start(modern, mode);
    await using session = await connectClient(url);
    expect((await session.client.listTools()).tools.map(({ name }) => name)).toEqual(["p__hello"]);
    expect(textOf(await session.client.callTool({ name: "p__hello" }))).toBe("Hello, u");
    const first = await ask(url, "tools/call", { name: "p__hello" });
    expect(first.result).toMatchObject({
      resultType: "input_required",
      inputRequests: { who: { method: "elicitation/create" } },
    });
    const inputResponses = { who: { action: "accept", content: { username: "me" } } };
    expect(textOf((await ask(url, "tools/call", { name: "p__hello", inputResponses })).result as never)).toBe(
      "Hello, me",
    );
  });
});
