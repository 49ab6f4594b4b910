import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../failure.ts";
import { temporaryDirectory } from "../testing.ts";
import { checkMcpServers, readMcpServers } from "./mcp-servers.ts";

const list = (servers: object) => JSON.stringify({ mcpServers: servers });
const http = {
  type: "http",
  url: "https://mcp.example.com/mcp",
  headers: { Authorization: "Bearer sk-secret" },
};

test.each([
  { name: "no type", server: { url: "http://x" } },
  ...["", "http", "streamable-http", "streamable_http", "streamableHttp", "sse"].map((type) => ({
    name: `the type "${type}"`,
    server: { type, url: "http://x" },
  })),
  { name: "a command", server: { command: "npx", args: ["-y", "x"], env: { A: "b" } } },
  { name: "the type stdio with its command", server: { type: "stdio", command: "npx" } },
  {
    name: "everything, and keys that nobody knows",
    server: { ...http, includeTools: ["a"], disabled: true },
  },
])("a server with $name is fine", async ({ server }) => {
  expect(await checkMcpServers(list({ "my.Server-1": server }))).toBe(1);
});

test.each([
  {
    name: "text that is not JSON",
    text: '{"mcpServers": {"a": {"url": "http://sk-secret',
    want: "not valid JSON",
  },
  { name: "a list", text: "[]", want: 'an object with "mcpServers"' },
  { name: "another key", text: '{"servers":{}}', want: 'an object with "mcpServers"' },
  { name: "servers in a list", text: '{"mcpServers":[]}', want: 'an object with "mcpServers"' },
  { name: "a server that is a text", text: list({ a: "sk-secret" }), want: 'MCP server "a": ' },
  {
    name: "an unknown type",
    text: list({ a: { ...http, type: "grpc" } }),
    want: 'MCP server "a": type: unknown type "grpc"',
  },
  {
    name: "no url",
    text: list({ a: { type: "http" } }),
    want: 'MCP server "a": url: a server without command needs a url',
  },
  { name: "nothing", text: list({ a: {} }), want: 'MCP server "a": url: ' },
  {
    name: "stdio without a command",
    text: list({ a: { type: "stdio", url: "x" } }),
    want: 'MCP server "a": command: ',
  },
  {
    name: "a header that is a number",
    text: list({ a: { ...http, headers: { k: 1 } } }),
    want: 'MCP server "a": headers.k: ',
  },
  {
    name: "a name with the separator",
    text: list({ a__b: http }),
    want: 'MCP server "a__b": a name must not contain "__"',
  },
  { name: "a name with a blank", text: list({ "a b": http }), want: 'MCP server "a b": a name may have' },
  { name: "an empty name", text: list({ "": http }), want: 'MCP server "": a name must not be empty' },
  { name: "a long name", text: list({ ["x".repeat(64)]: http }), want: "longer than 63 bytes" },
])("a list with $name is refused without a word of its secrets", async ({ text, want }) => {
  const problem = await checkMcpServers(text).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(UsageError);
  expect((problem as UsageError).message).toContain(want);
  expect((problem as UsageError).message).not.toContain("sk-secret");
});

const place = { environment: {}, workingDirectory: "/" };

test("readMcpServers takes the file or the text, and nothing for an empty list", async () => {
  const path = join(temporaryDirectory(), "mcp.json");
  writeFileSync(path, list({ a: http }));
  expect(await readMcpServers({ "mcp-config": path, "mcp-json": undefined }, place)).toBe(list({ a: http }));
  expect(await readMcpServers({ "mcp-config": undefined, "mcp-json": list({ a: http }) }, place)).toBe(
    list({ a: http }),
  );
  expect(await readMcpServers({ "mcp-config": undefined, "mcp-json": list({}) }, place)).toBeUndefined();
  expect(await readMcpServers({ "mcp-config": undefined, "mcp-json": undefined }, place)).toBeUndefined();
});

test("readMcpServers names the file that it cannot read", async () => {
  const reading = readMcpServers({ "mcp-config": "/nope.json", "mcp-json": undefined }, place);
  await expect(reading).rejects.toThrow("cannot read --mcp-config: /nope.json: no such file or directory");
});
