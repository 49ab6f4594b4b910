/** MCP routes: the same servers behind the same endpoint, whoever carries the bytes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connectClient, textOf } from "../mcp/client.ts";
import { type FixtureServer, startFixtureServer } from "../mcp/fixture-server.ts";
import { gatewayYaml } from "../support/config.ts";
import { onEachEngine } from "../support/engines.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { chatBody, post, startLimitMs } from "../support/start.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

/** An AI gateway with an MCP route beside it. */
function configOf(upstream: Upstream, servers: Readonly<Record<string, FixtureServer>>): string {
  const route = {
    apiVersion: "aigateway.envoyproxy.io/v1beta1",
    kind: "MCPRoute",
    metadata: { name: "tools" },
    spec: {
      parentRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "tests" }],
      backendRefs: Object.keys(servers).map((name) => ({
        group: "gateway.envoyproxy.io",
        kind: "Backend",
        name,
      })),
    },
  };
  const backends = Object.entries(servers).map(([name, { port }]) => ({
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "Backend",
    metadata: { name },
    spec: { endpoints: [{ ip: { address: "127.0.0.1", port } }] },
  }));
  const resources = [route, ...backends].map((resource) => JSON.stringify(resource));
  const ai = gatewayYaml({ port: freePort(), backends: [{ name: "up", url: upstream.url }] });
  return [ai, ...resources].join("\n---\n");
}

onEachEngine((engine) => {
  let upstream: Upstream;
  let one: FixtureServer;
  let two: FixtureServer;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = startUpstream({ ok: true });
    one = startFixtureServer();
    two = startFixtureServer({ isJson: true });
    gateway = await startGateway({ engine, config: configOf(upstream, { one, two }) });
  }, startLimitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    for (const server of [upstream, one, two]) server?.[Symbol.dispose]();
  });

  test("tools of all servers are listed, and called at theirs", async () => {
    await using session = await connectClient(`${gateway.url}/mcp`);
    const { tools } = await session.client.listTools();
    expect(new Set(tools.map(({ name }) => name.slice(0, 5)))).toEqual(new Set(["one__", "two__"]));
    for (const name of ["one__echo", "two__echo"]) {
      const answer = await session.client.callTool({ name, arguments: { message: "hi" } });
      expect(textOf(answer)).toBe("hi");
    }
  });

  test("what a server asks of the client reaches it, and comes home", async () => {
    await using session = await connectClient(`${gateway.url}/mcp`);
    const answer = await session.client.callTool({ name: "one__test_elicitation" });
    expect(textOf(answer)).toContain('"username":"u"');
  });

  test("AI requests go their own way beside it", async () => {
    expect((await post(gateway, "/v1/chat/completions", chatBody("any"))).status).toBe(200);
  });

  test("what is no MCP request is refused as MCP says", async () => {
    const headers = { "content-type": "text/plain" };
    const answer = await fetch(`${gateway.url}/mcp`, { method: "POST", body: "hello", headers });
    expect(answer.status).toBe(415);
    expect((await fetch(`${gateway.url}/mcp`, { method: "PUT" })).status).toBe(405);
  });

  test("nobody gets in by headers of the gateway's own", async () => {
    const headers = { "x-ai-eg-mcp-route": "default/tools", "content-type": "application/json" };
    const answer = await fetch(`${gateway.url}/elsewhere`, { method: "POST", body: "{}", headers });
    expect(answer.status).toBe(404);
  });

  test("a stop answers what is being asked, and does not wait for clients that listen", async () => {
    await using session = await connectClient(`${gateway.url}/mcp`);
    const slow = session.client.callTool({ name: "one__test_wait", arguments: { ms: 300 } });
    await Bun.sleep(50);
    const stopped = gateway.stop();
    expect(textOf(await slow)).toBe("Waited");
    expect(await stopped).toBe(0);
  });
});
