/** `aigw run` as people start it, with MCP servers behind it. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { root } from "../support/program.ts";
import { connectClient, textOf } from "./client.ts";
import { mcpConfig } from "./config.ts";
import { type FixtureServer, startFixtureServer } from "./fixture-server.ts";

const portsOf = (servers: Readonly<Record<string, FixtureServer>>) =>
  Object.fromEntries(Object.entries(servers).map(([name, { port }]) => [name, port]));

function start(
  servers: Readonly<Record<string, FixtureServer>>,
  env: Record<string, string> = {},
): Promise<Gateway> {
  return startGateway({ program: "source", config: mcpConfig(portsOf(servers)), env });
}

test("an MCPRoute is served beside what else the gateway does, and leaves in good order", async () => {
  using a = startFixtureServer();
  using b = startFixtureServer({ isJson: true });
  await using gateway = await start({ a, b });
  expect(gateway.stderr()).not.toContain("not served");
  await using session = await connectClient(`${gateway.url}/mcp`);
  const { tools } = await session.client.listTools();
  expect(new Set(tools.map(({ name }) => name.slice(0, 3)))).toEqual(new Set(["a__", "b__"]));
  expect(textOf(await session.client.callTool({ name: "b__echo", arguments: { message: "hi" } }))).toBe("hi");
  const slow = session.client.callTool({ name: "a__test_wait", arguments: { ms: 300 } });
  await Bun.sleep(50);
  const stopped = gateway.stop();
  // What is being answered is answered; the stream that the client listens on does not hold the gateway up.
  expect(textOf(await slow)).toBe("Waited");
  expect(await stopped).toBe(0);
  expect((await fetch(`${a.url}`, { method: "OPTIONS" })).status).toBeGreaterThan(0);
});

test("two replicas with one seed serve one session in turn, and so does one that has a newer seed", async () => {
  using a = startFixtureServer();
  using b = startFixtureServer({ isStateless: true });
  const [one, two, three] = await Promise.all([
    start({ a, b }, { AIGW_MCP_SESSION_SEED: "s" }),
    start({ a, b }, { AIGW_MCP_SESSION_SEED: "s" }),
    start({ a, b }, { AIGW_MCP_SESSION_SEED: "newer", AIGW_MCP_SESSION_FALLBACK_SEED: "s" }),
  ]);
  await using _one = one;
  await using _two = two;
  await using _three = three;
  const replicas = [one, two, three];
  let next = 0;
  // Every request of the client goes to the next replica.
  const proxy = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request) => fetch(`${replicas[next++ % 3]?.url}/mcp`, new Request(request)),
  });
  await using session = await connectClient(`http://127.0.0.1:${proxy.port}/mcp`);
  const before = a.sessions.size;
  for (let i = 0; i < 9; i++) {
    const name = i % 2 === 0 ? "a__echo" : "b__echo";
    expect(textOf(await session.client.callTool({ name, arguments: { message: `m${i}` } }))).toBe(`m${i}`);
  }
  // What a server asks reaches the client through one replica, and comes home through another.
  expect(textOf(await session.client.callTool({ name: "a__test_elicitation" }))).toContain('"username":"u"');
  expect(a.sessions.size).toBe(before);
  await proxy.stop(true);
});

test("servers of an mcpServers file are served, child processes among them", async () => {
  using a = startFixtureServer();
  const everything = join(root, "node_modules/@modelcontextprotocol/server-everything/dist/index.js");
  const servers = {
    remote: { url: a.url },
    child: { command: process.execPath, args: [everything, "stdio"] },
  };
  await using gateway = await startGateway({
    program: "source",
    config: mcpConfig({}),
    flags: ["--mcp-json", JSON.stringify({ mcpServers: servers })],
  });
  await using session = await connectClient(`${gateway.url}/mcp`);
  const { client } = session;
  expect(textOf(await client.callTool({ name: "remote__echo", arguments: { message: "hi" } }))).toBe("hi");
  expect(textOf(await client.callTool({ name: "child__echo", arguments: { message: "hi" } }))).toContain(
    "hi",
  );
  const { resources } = await client.listResources();
  expect(resources.some(({ uri }) => uri.startsWith("child+"))).toBe(true);
});
