/** Who may use which tool: OAuth and rules of an MCP route, with the official client. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { McpRule } from "../../src/model/mcp.ts";
import { IdentityProvider } from "../support/identity-provider.ts";
import { type Aggregate, startAggregate } from "./aggregate.ts";
import { textOf } from "./client.ts";
import { type FixtureServer, startFixtureServer } from "./fixture-server.ts";

let server: FixtureServer;
let provider: IdentityProvider;
let gateway: Aggregate;

const resource = "https://gateway.example.com/mcp";
const tool = (name: string, more: Partial<McpRule>): McpRule => ({
  at: 0,
  isAllow: true,
  targets: [{ kind: "tool", backend: "a", name: { type: "exact", value: name } }],
  claims: [],
  scopes: [],
  ...more,
});

beforeAll(async () => {
  server = startFixtureServer();
  provider = new IdentityProvider();
  await provider.rotate("k");
  gateway = startAggregate({
    servers: { a: server.url },
    backend: () => ({ forwardHeaders: [] }),
    route: {
      security: {
        oauth: {
          at: 0,
          issuer: provider.issuer,
          audiences: [],
          isAudienceChecked: true,
          isExpiryRequired: false,
          keys: { type: "discover" },
          claimHeaders: [{ claim: ["sub"], header: "x-user" }],
          resource,
          scopesSupported: ["tools"],
          signingAlgorithms: [],
        },
        authorization: {
          at: 0,
          isAllowedByDefault: false,
          coversAll: false,
          rules: [
            tool("echo", {}),
            tool("test_simple_text", { scopes: ["text"] }),
            tool("test_error_handling", { isAllow: false }),
          ],
        },
      },
    },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  server[Symbol.dispose]();
});

async function connect(claims: Record<string, string> = {}) {
  const token = await provider.token({ aud: resource, ...claims });
  const client = new Client({ name: "tests", version: "1.0.0" });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  const transport = new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit });
  await client.connect(transport);
  return { client, transport, token };
}

const rpc = (body: object, headers: Record<string, string>) =>
  fetch(gateway.url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...body }),
  });

test("a client without a token is told where to get one, and can read there whom to ask", async () => {
  const answer = await rpc({ method: "ping" }, {});
  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toContain(
    'resource_metadata="https://gateway.example.com/.well-known/oauth-protected-resource/mcp"',
  );
  const { origin } = new URL(gateway.url);
  const described = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`);
  expect(await described.json()).toMatchObject({ resource, authorization_servers: [provider.issuer] });
  const metadata = await fetch(`${origin}/.well-known/oauth-authorization-server/mcp`);
  expect(await metadata.json()).toMatchObject({ issuer: provider.issuer, x_of_its_own: true });
});

test("tools that it may not use do not exist, and those that want a scope say so", async () => {
  const { client } = await connect();
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["a__echo"]);
  expect(textOf(await client.callTool({ name: "a__echo", arguments: { message: "hi" } }))).toBe("hi");
  await expect(client.callTool({ name: "a__test_error_handling", arguments: {} })).rejects.toThrow();
  const { transport, token } = await connect();
  const call = { method: "tools/call", params: { name: "a__test_simple_text", arguments: {} } };
  const answer = await rpc(call, {
    authorization: `Bearer ${token}`,
    "mcp-session-id": transport.sessionId ?? "",
  });
  expect(answer.status).toBe(403);
  expect(answer.headers.get("www-authenticate")).toContain('error="insufficient_scope", scope="text"');
  await client.close();
  const more = await connect({ scope: "text" });
  expect((await more.client.listTools()).tools.map(({ name }) => name)).toEqual([
    "a__test_simple_text",
    "a__echo",
  ]);
  await more.client.close();
});

test("a session is of whoever opened it", async () => {
  const alice = await connect({ sub: "alice" });
  const bob = await connect({ sub: "bob" });
  const stolen = { authorization: `Bearer ${bob.token}`, "mcp-session-id": alice.transport.sessionId ?? "" };
  expect((await rpc({ method: "tools/list" }, stolen)).status).toBe(404);
  const fresh = await provider.token({ aud: resource, sub: "alice", jti: "another" });
  const own = { authorization: `Bearer ${fresh}`, "mcp-session-id": alice.transport.sessionId ?? "" };
  expect((await rpc({ method: "tools/list" }, own)).status).toBe(200);
  await Promise.all([alice.client.close(), bob.client.close()]);
});

test("servers are told who calls, and get no token", async () => {
  const { client } = await connect({ sub: "carol" });
  const before = server.seen.length;
  await client.callTool({ name: "a__echo", arguments: { message: "x" } });
  const [call] = server.seen.slice(before).filter(({ method }) => method === "POST");
  const headers = call?.headers ?? new Headers();
  expect([headers.get("x-user"), headers.get("authorization")]).toEqual(["carol", null]);
  await client.close();
});
