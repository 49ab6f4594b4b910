import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../failure.ts";
import { temporaryDirectory } from "../testing.ts";
import { planMcpServers, readMcpServersSource } from "./mcp-servers.ts";

const list = (servers: object) => JSON.stringify({ mcpServers: servers });
const place = { environment: {}, workingDirectory: "/" };
const plan = (flags: { config?: string; json?: string }) =>
  planMcpServers({ "mcp-config": flags.config, "mcp-json": flags.json }, place);

test("planMcpServers takes a file or a text, and nothing for a list without servers", async () => {
  const path = join(temporaryDirectory(), "mcp.json");
  writeFileSync(path, list({ a: { url: "http://x" } }));
  const file = await plan({ config: path });
  expect(file).toEqual({ type: "file", path, name: path });
  expect(file && readMcpServersSource(file)).toEqual({
    name: path,
    text: list({ a: { url: "http://x" } }),
    isSubstituted: false,
    format: "mcp-servers",
  });
  expect(await plan({ json: list({ a: { command: "npx" } }) })).toEqual({
    type: "text",
    text: list({ a: { command: "npx" } }),
  });
  expect(await plan({ json: list({}) })).toBeUndefined();
  expect(await plan({ json: list({ a: { url: "http://x", disabled: true } }) })).toBeUndefined();
  expect(await plan({})).toBeUndefined();
  expect(await plan({ config: "", json: "" })).toBeUndefined();
});

test("planMcpServers names every mistake with its place, and no secret", async () => {
  const problem = await plan({
    json: '{"mcpServers": {\n  "a": {"type": "grpc", "headers": {"k": "sk-secret"}},\n  "b": {}}}',
  }).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(UsageError);
  expect((problem as UsageError).message).toBe(
    'run: --mcp-json:2:17: MCP server "a": type: unknown type "grpc"\n' +
      '  --mcp-json:3:8: MCP server "b": url: a server without command needs a url',
  );
});

test("planMcpServers names the file that it cannot read", async () => {
  await expect(plan({ config: "/nope.json" })).rejects.toThrow(
    new UsageError("run: cannot read --mcp-config: /nope.json: no such file or directory"),
  );
});
