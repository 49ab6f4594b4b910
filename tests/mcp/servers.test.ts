/** `aigw run --mcp-config` as people use it: a list of servers, programs among them, and their agents. */
import { afterEach, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client as ModernClient, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { type Gateway, runAigw, startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { type Program, programs, root } from "../support/program.ts";
import { startLimitMs } from "../support/start.ts";
import { connectClient, textOf, until } from "./client.ts";
import { startFixtureServer } from "./fixture-server.ts";
import { startModernServer } from "./modern-server.ts";

const token = "gh-secret-token";
const filesystem = join(root, "node_modules/@modelcontextprotocol/server-filesystem/dist/index.js");
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function gatewayYaml(): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: tests}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: tests}
spec: {gatewayClassName: tests, listeners: [{name: http, protocol: HTTP, port: ${freePort()}}]}
`;
}

/** The example, with a program that is there instead of one that npx would fetch. */
function exampleList(): string {
  const text = readFileSync(join(root, "examples/mcp-servers.json"), "utf8");
  const list = text
    .replace('"command": "npx"', `"command": ${JSON.stringify(process.execPath)}`)
    .replace('["-y", "@modelcontextprotocol/server-filesystem", "."]', JSON.stringify([filesystem, "."]));
  if (!list.includes(filesystem)) throw new Error("the example has another program");
  return list;
}

async function start(
  list: string,
  env: Record<string, string> = {},
  program: Program = "source",
): Promise<Gateway & { readonly list: string }> {
  const home = (await Bun.$`mktemp -d`.text()).trim();
  const path = join(home, "mcp-servers.json");
  writeFileSync(path, list);
  const gateway = await startGateway({ program, config: gatewayYaml(), flags: ["--mcp-config", path], env });
  cleanups.push(
    () => Bun.$`rm -rf ${home}`,
    () => gateway[Symbol.asyncDispose](),
  );
  return Object.assign(gateway, { list: path });
}

function childrenOf(pid: number): number[] {
  const { stdout } = Bun.spawnSync(["ps", "-o", "pid=", "--ppid", String(pid)]);
  return stdout.toString().trim().split(/\s+/).filter(Boolean).map(Number);
}

/** Not one that has ended and that nobody has asked after yet. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test.each(programs)(
  "the example's servers are one, aigw as %s",
  async (program) => {
    using web = startFixtureServer();
    using github = startModernServer();
    const env = {
      CONTEXT7_URL: web.url,
      GITHUB_MCP_URL: `${github.url}?key=query-secret`,
      GITHUB_TOKEN: token,
    };
    const gateway = await start(exampleList(), env, program);
    writeFileSync(join(gateway.home, "hello.txt"), "hello from a file");
    await using old = await connectClient(`${gateway.url}/mcp`);
    const { tools } = await old.client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toContain("context7__echo");
    expect(names).toContain("files__read_text_file");
    // Of the two tools that are shown of this server it has none.
    expect(names.filter((name) => name.startsWith("github__"))).toEqual([]);
    const call = { name: "files__read_text_file", arguments: { path: "hello.txt" } };
    expect(textOf(await old.client.callTool(call))).toBe("hello from a file");

    const modern = new ModernClient({ name: "tests", version: "1.0.0" });
    await modern.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp`)));
    cleanups.push(() => modern.close());
    expect((await modern.listTools()).tools.map(({ name }) => name)).toEqual(names);
    const result = await modern.callTool(call);
    expect(result.content).toMatchObject([{ type: "text", text: "hello from a file" }]);
    const { contents } = await modern.readResource({ uri: "context7+test://static-text" });
    expect(contents[0]?.uri).toBe("context7+test://static-text");

    const seen = github.seen.at(-1)?.headers;
    expect(seen?.get("authorization")).toBe(`Bearer ${token}`);
    expect(everythingIn(gateway)).not.toContain(token);
    expect(everythingIn(gateway)).not.toContain("query-secret");
    const children = childrenOf(gateway.pid);
    expect(await gateway.stop()).toBe(0);
    expect(children.filter(isAlive)).toEqual([]);
  },
  2 * startLimitMs,
);

/** All that a run has said and written. */
function everythingIn(gateway: Gateway): string {
  const state = join(gateway.home, "state");
  const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  return [gateway.stdout(), gateway.stderr(), ...texts].join("\n");
}

test(
  "a list that changes is taken up, while sessions go on",
  async () => {
    using one = startFixtureServer();
    using two = startFixtureServer();
    const listOf = (servers: object) => JSON.stringify({ mcpServers: servers });
    const gateway = await start(listOf({ one: { url: one.url } }));
    await using session = await connectClient(`${gateway.url}/mcp`);
    await until(() => one.seen.some(({ method }) => method === "GET"));
    writeFileSync(gateway.list, listOf({ one: { url: one.url }, two: { url: two.url } }));
    await until(() =>
      session.notifications.some(({ method }) => method === "notifications/tools/list_changed"),
    );
    const { tools } = await session.client.listTools();
    expect(tools.map(({ name }) => name)).toContain("two__echo");
    expect(one.sessions.size).toBe(1);
    // One that is wrong changes nothing, and is named with its place.
    writeFileSync(gateway.list, '{"mcpServers": {\n "one": {"url": "nowhere"}}}');
    await until(() => gateway.stderr().includes("configuration not reloaded"));
    expect(gateway.stderr()).toContain(
      'mcp-servers.json:2:17: MCP server "one": url: "nowhere" has no scheme',
    );
    expect(textOf(await session.client.callTool({ name: "two__echo", arguments: { message: "x" } }))).toBe(
      "x",
    );
  },
  startLimitMs,
);

test(
  "programs do not outlive a gateway that is killed",
  async () => {
    const gateway = await start(exampleList(), {
      CONTEXT7_URL: "http://127.0.0.1:1/mcp",
      GITHUB_MCP_URL: "http://127.0.0.1:1/mcp",
      GITHUB_TOKEN: "t",
    });
    await using session = await connectClient(`${gateway.url}/mcp`);
    expect((await session.client.listTools()).tools.length).toBeGreaterThan(5);
    const children = childrenOf(gateway.pid);
    expect(children.length).toBe(1);
    gateway.signal("SIGKILL");
    await gateway.exited;
    await until(() => !children.some(isAlive));
  },
  startLimitMs,
);

test(
  "a program that cannot be started does not keep the others from it, and is named",
  async () => {
    using web = startFixtureServer();
    const servers = { web: { url: web.url }, broken: { command: "aigw-no-such-program" } };
    const gateway = await start(JSON.stringify({ mcpServers: servers }));
    await using session = await connectClient(`${gateway.url}/mcp`);
    const { tools, _meta } = await session.client.listTools();
    expect(tools.map(({ name }) => name)).toContain("web__echo");
    expect(_meta).toMatchObject({ "aigw/partial": { broken: expect.any(String) } });
    expect(everythingIn(gateway)).toMatch(
      /an MCP server has ended.*server=broken.*its command, or its directory, is not there/,
    );
  },
  startLimitMs,
);

/** A program that does not want to end, and writes its number where it is told. */
const stubborn = (path: string) => ["-c", `trap "" TERM; echo $$$$ > ${path}; while true; do sleep 1; done`];

test(
  "a program does not outlive a gateway that could not start",
  async () => {
    using taken = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data() {} } });
    const config = gatewayYaml().replace(/port: \d+/, `port: ${taken.port}`);
    const path = `${(await Bun.$`mktemp`.text()).trim()}`;
    cleanups.push(() => Bun.$`rm -f ${path}`);
    const list = JSON.stringify({ mcpServers: { s: { command: "sh", args: stubborn(path) } } });
    const { code, stderr } = await runAigw(["run", "--mcp-json", list, "--admin-port=0"], {
      program: "source",
      config,
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining("address already in use")]);
    const pid = Number(readFileSync(path, "utf8"));
    if (pid > 0) await until(() => !isAlive(pid));
  },
  startLimitMs,
);

test(
  "a program that has to start, and does not, is the end",
  async () => {
    const list = JSON.stringify({
      mcpServers: { s: { command: "sh", args: ["-c", "exit 4"], failFast: true } },
    });
    const { code, stderr } = await runAigw(["run", "--mcp-json", list, "--admin-port=0"], {
      program: "source",
      config: gatewayYaml(),
    });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('Error running: MCP server "s" ended with exit code 4'),
    ]);
  },
  startLimitMs,
);
