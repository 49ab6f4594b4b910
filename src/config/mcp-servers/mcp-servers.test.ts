// biome-ignore-all lint/suspicious/noTemplateCurlyInString: files hold such expressions.
import { describe, expect, test } from "bun:test";
import { parseAllDocuments } from "yaml";
import { autoconfigure } from "../autoconfig/autoconfigure.ts";
import { compileGateway } from "../compile-gateway.ts";
import { findings, gateway, type TestWorld, testWorld } from "../testing.ts";
import type { Source } from "../world.ts";
import { writeResources } from "../write-resources.ts";
import { checkMcpServers } from "./read-mcp-servers.ts";

const list = (text: string): Source => ({
  name: "mcp.json",
  text,
  isSubstituted: false,
  format: "mcp-servers",
});
const listOf = (servers: object) => list(JSON.stringify({ mcpServers: servers }));

function compile(
  servers: Source,
  options: TestWorld = {},
  base = autoconfigure({}, { isDebug: false, hasMcpServers: true }).source,
) {
  const world = testWorld(options);
  const sources = [base, servers];
  const compiled = compileGateway(sources, world);
  const { model, secrets } = compiled;
  const [route] = Object.values(model?.mcpRoutes ?? {});
  const revealed: unknown = JSON.parse(JSON.stringify(route?.backends ?? []), (key, value: unknown) => {
    if (key === "at") return undefined;
    const isSecret = typeof value === "object" && value !== null && "fingerprint" in value;
    return isSecret ? `secret ${secrets.value(value as Parameters<typeof secrets.value>[0])}` : value;
  });
  const said = findings(compiled).filter((line) => !line.includes("are not served"));
  return { model, route, servers: revealed, said, printed: () => writeResources(sources, world) };
}

describe("a list of servers", () => {
  test("is one route of the Gateway, in the order written, whatever the names", () => {
    const { route, model, said } = compile(
      list(
        '{"mcpServers": {"z": {"url": "http://h"}, "2": {"url": "http://h"}, "on": {"url": "http://h"}, "1": {"url": "http://h"}}}',
      ),
    );
    expect(said).toEqual([]);
    expect(route?.key).toBe("default/mcp-route");
    expect(route?.backends.map(({ name }) => name)).toEqual(["z", "2", "on", "1"]);
    expect(model?.listeners[0]?.chains[0]?.hosts[0]).toMatchObject({
      domains: ["*"],
      mcp: [{ route: "default/mcp-route" }],
      isAi: false,
    });
  });

  test("may have comments, trailing commas and the name that editors give it", () => {
    const { servers, said } = compile(
      list('{\n  // mine\n  "servers": {"a": {"url": "http://h:1/x",},},\n}'),
    );
    expect(said).toEqual([]);
    expect(servers).toMatchObject([{ name: "a", transport: { path: "/x" } }]);
  });

  test("leaves out what is disabled, and what other programs understand", () => {
    const { servers } = compile(
      listOf({
        a: { url: "http://h", timeout: 5, alwaysAllow: ["x"], description: "d" },
        b: { url: "http://h", disabled: true },
      }),
    );
    expect(servers).toMatchObject([{ name: "a" }]);
  });

  test("goes to the Gateway of a file, in its namespace", () => {
    const text = gateway.replace(
      "kind: Gateway\nmetadata: {name: gw}",
      "kind: Gateway\nmetadata: {name: gw, namespace: prod}",
    );
    const base = { name: "gw.yaml", text, isSubstituted: true };
    const { route, said } = compile(listOf({ a: { url: "http://h" } }), {}, base);
    expect(said).toEqual([]);
    expect(route?.key).toBe("prod/mcp-route");
  });

  test("stands beside a language model", () => {
    const environment = { OPENAI_API_KEY: "sk" };
    const base = autoconfigure(environment, { isDebug: false, hasMcpServers: true }).source;
    const { model, said } = compile(listOf({ a: { url: "http://h" } }), { environment }, base);
    expect(said).toEqual([]);
    expect(Object.keys(model?.rules ?? {})).toHaveLength(1);
    expect(Object.keys(model?.mcpRoutes ?? {})).toHaveLength(1);
  });
});

const http = (transport: object, more: object = {}) => ({
  name: "a",
  transport: { type: "http", backend: "default/a", path: "/", headers: [], ...transport },
  protocol: "auto",
  forwardHeaders: [],
  ...more,
});

describe("a server", () => {
  const cases: readonly (readonly [name: string, written: object, want: object])[] = [
    ["by its URL", { url: "http://h" }, http({})],
    ...["serverUrl", "httpUrl"].map(
      (member) => [`by its ${member}`, { [member]: "http://h/p" }, http({ path: "/p" })] as const,
    ),
    ...["", "http", "streamable-http", "streamable_http", "streamableHttp"].map(
      (type) => [`of the type "${type}"`, { type, url: "http://h/p" }, http({ path: "/p" })] as const,
    ),
    [
      "with a query, which may be a key",
      { url: "https://h/p%20q/?k=v" },
      http({ path: "/p%20q/", query: "secret k=v" }),
    ],
    [
      "with a key in its path",
      { url: "https://h/${KEY}/mcp" },
      http({ path: "/mcp", secretPath: "secret /from-environment/mcp" }),
    ],
    [
      "with a token and headers",
      { url: "http://h", headers: { authorization: "Bearer ${KEY}", "X-Org": "$ORG" } },
      http({
        headers: [["x-org", "secret acme"]],
        credential: {
          type: "header",
          name: "authorization",
          scheme: "Bearer",
          secret: "secret from-environment",
        },
      }),
    ],
    [
      "with other credentials",
      { url: "http://h", headers: { Authorization: "Basic dTpw" } },
      http({ headers: [["authorization", "secret Basic dTpw"]] }),
    ],
    [
      "with some tools",
      { url: "http://h", includeTools: ["x"], excludeTools: ["y"] },
      http(
        {},
        { tools: { include: [{ type: "exact", value: "x" }], exclude: [{ type: "exact", value: "y" }] } },
      ),
    ],
    ["with no tool left out", { url: "http://h", includeTools: [] }, http({})],
    [
      "that is a command, which wins over a URL",
      {
        url: "http://h",
        command: "${CMD:-npx}",
        args: ["-y", "$HOME", "${env:ORG}", "$$5"],
        env: { TOKEN: "${KEY}" },
        cwd: "/srv",
      },
      {
        name: "a",
        transport: {
          type: "stdio",
          command: "npx",
          arguments: ["secret -y", "secret $HOME", "secret acme", "secret $5"],
          environment: [["TOKEN", "secret from-environment"]],
          inheritsEnvironment: true,
          workingDirectory: "/srv",
          mode: "shared",
          isFailFast: false,
        },
        protocol: "auto",
        forwardHeaders: [],
      },
    ],
    [
      "that is a command with a file of variables",
      {
        command: "x",
        envFile: "/e.env",
        env: { A: "own" },
        inheritEnv: false,
        mode: "perSession",
        failFast: true,
      },
      {
        name: "a",
        transport: {
          type: "stdio",
          command: "x",
          arguments: [],
          environment: [
            ["B", "secret two words"],
            ["A", "secret own"],
          ],
          inheritsEnvironment: false,
          mode: "per-session",
          isFailFast: true,
        },
        protocol: "auto",
        forwardHeaders: [],
      },
    ],
  ];
  const world = {
    environment: { KEY: "from-environment", ORG: "acme", HOME: "/h" },
    files: { "/e.env": 'A=1\nB="two words" # why\n' },
  };
  test.each(cases)("%s", (_, written, want) => {
    const { servers, said, printed, model } = compile(listOf({ a: written }), world);
    expect(said).toEqual([]);
    expect(servers).toEqual([want]);
    for (const text of [printed(), JSON.stringify(model)]) {
      expect(text).not.toContain("from-environment");
      expect(text).not.toContain("dTpw");
    }
  });

  test("with a name that is none for a resource keeps it towards clients", () => {
    const { servers, model, said } = compile(
      listOf({ "my-server": { url: "http://h" }, My_Server: { url: "http://i" }, Fs: { command: "x" } }),
    );
    expect(said).toEqual([]);
    expect(servers).toMatchObject([
      { name: "my-server" },
      { name: "my-server-2", alias: "My_Server", transport: { backend: "default/my-server-2" } },
      { name: "Fs" },
    ]);
    expect(model?.backends["default/my-server-2"]?.endpoints[0]?.address).toEqual({
      type: "dns",
      host: "i",
      port: 80,
    });
  });

  test("with more tools than a selector takes has a pattern for them", () => {
    const names = Array.from({ length: 40 }, (_, index) => `t.${index}`);
    const { route } = compile(listOf({ a: { url: "http://h", includeTools: names } }));
    const [pattern, ...others] = route?.backends[0]?.tools?.include ?? [];
    expect(others).toEqual([]);
    if (pattern?.type !== "search") throw new Error("no pattern");
    const shown = new RegExp(pattern.pattern);
    expect(names.every((name) => shown.test(name))).toBe(true);
    expect(shown.test("t.400") || shown.test("tx1")).toBe(false);
  });

  test("over TLS is checked against its name", () => {
    const { model } = compile(listOf({ a: { url: "https://h.example.com:8443/mcp" } }));
    expect(model?.backends["default/a"]?.endpoints).toMatchObject([
      {
        address: { type: "dns", host: "h.example.com", port: 8443 },
        tls: { trust: "system", serverName: "h.example.com" },
      },
    ]);
  });
});

test("what is printed are resources that compile to the same again", () => {
  const { printed, model } = compile(
    listOf({ gh: { url: "https://h.example.com/mcp/x", includeTools: ["a"] }, Fs: { command: "npx" } }),
  );
  const text = printed();
  expect(parseAllDocuments(text).map((document) => (document.toJS() as { kind: string }).kind)).toEqual([
    "GatewayClass",
    "Gateway",
    "EnvoyProxy",
    "ClientTrafficPolicy",
    "Backend",
    "BackendTLSPolicy",
    "MCPRoute",
  ]);
  const again = compileGateway([{ name: "printed.yaml", text, isSubstituted: false }], testWorld()).model;
  const bare = (value: unknown) =>
    JSON.stringify(value, (key, member: unknown) =>
      key === "at" || key === "fingerprint" ? undefined : member,
    );
  expect(bare(again?.mcpRoutes)).toBe(bare(model?.mcpRoutes));
});

describe("what is wrong is said at its place:", () => {
  const shapes: readonly (readonly [name: string, text: string, want: string])[] = [
    [
      "no JSON",
      '{"mcpServers": {\n "a": {"url": "http://sk-secret',
      "mcp.json:2:15: the list of MCP servers is not valid JSON: a text without an end",
    ],
    ["nothing", "", "mcp.json:1:1: the list of MCP servers is not valid JSON: a value is expected"],
    [
      "a list",
      "[]",
      'mcp.json:1:1: the list of MCP servers must be an object with "mcpServers": name to server',
    ],
    [
      "servers in a list",
      '{"mcpServers": []}',
      'mcp.json:1:16: the list of MCP servers must be an object with "mcpServers": name to server',
    ],
    [
      "a server that is a text",
      '{"mcpServers": {"a": "sk-secret"}}',
      'mcp.json:1:22: MCP server "a": must be a mapping, not a text',
    ],
    [
      "an unknown type",
      '{"mcpServers": {"a": {"type": "grpc"}}}',
      'mcp.json:1:31: MCP server "a": type: unknown type "grpc"',
    ],
    [
      "no url",
      '{"mcpServers": {"a": {"type": "http"}}}',
      'mcp.json:1:22: MCP server "a": url: a server without command needs a url',
    ],
    [
      "stdio without a command",
      '{"mcpServers": {"a": {"type": "stdio", "url": "x"}}}',
      'MCP server "a": command: a stdio server needs a command',
    ],
    [
      "a header that is a number",
      '{"mcpServers": {"a": {"url": "http://h", "headers": {"k": 1}}}}',
      'mcp.json:1:59: MCP server "a": headers.k: must be text, not a number',
    ],
    [
      "a name with the separator",
      '{"mcpServers": {"a__b": {}}}',
      'mcp.json:1:17: MCP server "a__b": a name must not contain "__"; call it "a-b"',
    ],
    [
      "a name with a blank",
      '{"mcpServers": {"my server": {}}}',
      'a name may have letters, digits, ".", "_" and "-" only; call it "my-server"',
    ],
    [
      "a name that ends in the separator's half",
      '{"mcpServers": {"a_": {}}}',
      'a name must not end in "_"; call it "a"',
    ],
    ["a name of JavaScript's own", '{"mcpServers": {"__proto__": {}}}', 'a name must not contain "__"'],
    ["an empty name", '{"mcpServers": {"": {}}}', 'MCP server "": a name must not be empty'],
    ["a long name", `{"mcpServers": {"${"x".repeat(64)}": {}}}`, "longer than 63 characters"],
    [
      "a name that is there twice",
      '{"mcpServers": {"a": {"url": "http://h"}, "a": {"url": "http://i"}}}',
      'mcp.json:1:17: MCP server "a": is there twice',
    ],
  ];
  test.each(shapes)("%s", (_, text, want) => {
    const said = checkMcpServers(list(text)).diagnostics.map(
      ({ origin: { file, line, column }, message }) => `${file}:${line}:${column}: ${message}`,
    );
    expect(said.join("\n")).toContain(want);
    expect(said.join("\n")).not.toContain("sk-secret");
    expect(compile(list(text)).model).toBeUndefined();
  });

  const values: readonly (readonly [name: string, server: object, want: string])[] = [
    [
      "a variable that is not set",
      { url: "http://h", headers: { "X-Key": "${NOPE}" } },
      'error mcp.json:1:57: MCP server "a": headers.X-Key: $NOPE is not set; set it, or give a default with ${NOPE:-…}',
    ],
    [
      "an expression that is none",
      { command: "x", args: ["${input:token}"] },
      'error mcp.json:1:43: MCP server "a": args.0: "${input:token}" is no expression; write $$ for a literal dollar',
    ],
    [
      "a URL without a scheme",
      { url: "h/mcp" },
      'error mcp.json:1:27: MCP server "a": url: "h/mcp" has no scheme; put http:// or https:// in front',
    ],
    [
      "another scheme",
      { url: "ws://h" },
      'MCP server "a": url: "ws://h" has the scheme "ws"; use http or https',
    ],
    [
      "a token that is empty",
      { url: "http://h", headers: { Authorization: "Bearer ${EMPTY}" } },
      'warning mcp.json:1:65: MCP server "a": headers.Authorization: the token is empty: the server is called without one',
    ],
    [
      "the old transport",
      { type: "sse", url: "http://h" },
      'warning mcp.json:1:28: MCP server "a": type: type sse is the transport of 2024',
    ],
    [
      "a file that is not there",
      { command: "x", envFile: "/no.env" },
      'MCP server "a": envFile: cannot read "/no.env": ENOENT',
    ],
    [
      "a header that cannot be sent",
      { url: "http://h", headers: { "X-A": "a\nb" } },
      "error mcp.json:1:48: document 2 (MCPRoute default/mcp-route): spec.backendRefs[0].headers[0].value: holds a line break",
    ],
  ];
  test.each(values)("%s", (_, server, want) => {
    expect(compile(listOf({ a: server }), { environment: { EMPTY: "" } }).said.join("\n")).toContain(want);
  });

  test("a server with the name of a Backend that is there", () => {
    const environment = { OPENAI_API_KEY: "sk" };
    const base = autoconfigure(environment, { isDebug: false, hasMcpServers: true }).source;
    const { said, model } = compile(listOf({ openai: { url: "http://h" } }), { environment }, base);
    expect(said).toContain(
      "error mcp.json:1:16: needs the name of Backend default/openai, which is in the configuration already; give the MCP server another name",
    );
    expect(model).toBeUndefined();
  });

  test("two routes for one path", () => {
    const text = `${gateway}apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: Backend\nmetadata: {name: b}\nspec: {endpoints: [{fqdn: {hostname: h, port: 80}}]}\n---\napiVersion: aigateway.envoyproxy.io/v1beta1\nkind: MCPRoute\nmetadata: {name: mine}\nspec: {parentRefs: [{name: gw}], backendRefs: [{name: b, group: gateway.envoyproxy.io, kind: Backend}]}\n`;
    const { said } = compile(
      listOf({ a: { url: "http://h" } }),
      {},
      { name: "gw.yaml", text, isSubstituted: true },
    );
    expect(said.join("\n")).toContain(
      "error mcp.json:1:16: the list of MCP servers is served at /mcp, and so is MCPRoute default/mine of the configuration; give the MCPRoute another path, or leave out the list",
    );
  });
});
