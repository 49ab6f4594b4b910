import { describe, expect, test } from "bun:test";
import type { Compiled } from "../../model/gateway.ts";
import { defaultMcpLimits, type McpRoute } from "../../model/mcp.ts";
import type { SecretRef } from "../../model/values.ts";
import { compileText, findings, gateway, type TestWorld } from "../testing.ts";

const eg = "group: gateway.envoyproxy.io, kind: Backend";
const backend = (name: string) =>
  `apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: Backend\nmetadata: {name: ${name}}\nspec: {endpoints: [{fqdn: {hostname: ${name}.example.com, port: 80}}]}\n---\n`;
const mcpRoute = (name: string, spec: string) =>
  `apiVersion: aigateway.envoyproxy.io/v1beta1\nkind: MCPRoute\nmetadata: {name: ${name}}\nspec:\n  parentRefs: [{name: gw}]\n${spec}\n---\n`;
const secret = (name: string, data: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\nstringData: {${data}}\n---\n`;
const base = gateway + backend("a") + backend("b");
const plain = `  backendRefs: [{name: a, ${eg}}]`;

const said = (compiled: Compiled) =>
  findings(compiled)
    .filter((line) => !line.includes("are not served"))
    .map((line) => line.replace(/ document \d+ \(MCPRoute default\/m\):/, ""));

function compileRoute(spec: string, more = "", world: TestWorld = {}) {
  const compiled = compileText(base + more + mcpRoute("m", spec), world);
  const route = compiled.model?.mcpRoutes["default/m"];
  if (route === undefined) throw new Error(findings(compiled).join("\n"));
  return { compiled, route };
}

/** Parts without their places. */
function bare(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, member) => (key === "at" ? undefined : member)));
}

/** A route with its secrets in the clear. */
function reveal({ secrets }: Compiled, value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, member: unknown) =>
    isSecretRef(member) ? `secret ${secrets.value(member)}` : member,
  );
}

function isSecretRef(value: unknown): value is SecretRef {
  return typeof value === "object" && value !== null && "fingerprint" in value;
}

describe("a route", () => {
  test("has the defaults, and a place on its hosts", () => {
    const { compiled, route } = compileRoute(plain);
    const { print, ...content } = route;
    expect(print).toMatch(/^[0-9a-f]{32}$/);
    expect(bare(content)).toEqual({
      key: "default/m",
      path: "/mcp",
      backends: [
        {
          name: "a",
          transport: { type: "http", backend: "default/a", path: "/mcp", headers: [] },
          protocol: "auto",
          forwardHeaders: [],
        },
      ],
      prefixMode: "always",
      failureMode: "open",
      security: {},
      allowedOrigins: [],
      limits: { ...defaultMcpLimits },
    });
    const [host] = compiled.model?.listeners[0]?.chains[0]?.hosts ?? [];
    expect(bare(host)).toEqual({
      domains: ["*"],
      matches: [],
      mcp: [{ name: "httproute/default/ai-eg-mcp-main-m/rule/0/match/0/*", route: "default/m", headers: [] }],
      isAi: false,
    });
    expect(Object.keys(compiled.model?.backends ?? {})).toEqual(["default/a"]);
    expect(said(compiled)).toEqual([]);
  });

  test("keeps its servers in the order written", () => {
    const { route } = compileRoute(`  backendRefs: [{name: b, ${eg}}, {name: a, ${eg}}]`);
    expect(route.backends.map(({ name }) => name)).toEqual(["b", "a"]);
  });

  test("is tried before another with fewer headers, on its own hosts", () => {
    const text =
      base +
      mcpRoute("a", plain) +
      mcpRoute("b", `${plain}\n  headers: [{name: X-Team, value: red}]`) +
      mcpRoute("c", `${plain}\n  hostnames: [c.example.com]`);
    const { model } = compileText(text);
    const hosts = model?.listeners[0]?.chains[0]?.hosts ?? [];
    expect(hosts.map(({ domains, mcp }) => [domains[0], mcp?.map(({ route }) => route)])).toEqual([
      ["*", ["default/b", "default/a"]],
      ["c.example.com", ["default/c"]],
    ]);
    expect(hosts[0]?.mcp?.[0]?.headers).toEqual([{ name: "x-team", value: { type: "exact", value: "red" } }]);
  });

  test("changes its print with a key, and not with its place", () => {
    const printOf = (key: string, before = "") =>
      compileRoute(`  backendRefs: [{name: a, ${eg}, securityPolicy: {apiKey: {inline: ${key}}}}]`, before)
        .route.print;
    expect(printOf("k1", secret("s", "x: y"))).toBe(printOf("k1"));
    expect(printOf("k2")).not.toBe(printOf("k1"));
  });

  const limits: readonly (readonly [
    name: string,
    spec: string,
    environment: TestWorld["environment"],
    want: object,
  ])[] = [
    [
      "its own words",
      "{callTimeout: 1m, maxRequestSize: 1Mi, pageSize: 50}",
      {},
      { callMs: 60_000, maxRequestBytes: 2 ** 20, pageSize: 50 },
    ],
    [
      "the reference's variables",
      "{}",
      { MCP_PROXY_MAX_REQUEST_BODY_SIZE: "1000", MCP_PROXY_HEARTBEAT_INTERVAL: "1m30s" },
      { maxRequestBytes: 1000, heartbeatMs: 90_000 },
    ],
    [
      "its own words before them",
      "{heartbeatInterval: 5s}",
      { MCP_PROXY_HEARTBEAT_INTERVAL: "-1s" },
      { heartbeatMs: 5000 },
    ],
    ["no heartbeat", "{}", { MCP_PROXY_HEARTBEAT_INTERVAL: "0" }, { heartbeatMs: 0 }],
  ];
  test.each(limits)("takes limits from %s", (_, spec, environment, want) => {
    const { route } = compileRoute(`${plain}\n  limits: ${spec}`, "", { environment: environment ?? {} });
    expect(route.limits).toEqual({ ...defaultMcpLimits, ...want });
  });
});

describe("a server", () => {
  const servers: readonly (readonly [name: string, fields: string, want: object])[] = [
    [
      "with a key",
      "securityPolicy: {apiKey: {secretRef: {name: s}}}",
      {
        credential: { type: "header", name: "authorization", scheme: "Bearer", secret: "secret from-secret" },
      },
    ],
    [
      "with a key in its own header",
      "securityPolicy: {apiKey: {inline: k, header: X-Key}}",
      { credential: { type: "header", name: "x-key", scheme: "", secret: "secret k" } },
    ],
    [
      "with a key whose header is spelt small",
      "securityPolicy: {apiKey: {inline: k, header: authorization}}",
      { credential: { type: "header", name: "authorization", scheme: "Bearer", secret: "secret k" } },
    ],
    [
      "with a key in the query",
      "securityPolicy: {apiKey: {inline: k, queryParam: key}}",
      { credential: { type: "query", name: "key", secret: "secret k" } },
    ],
    [
      "with headers and a query",
      "path: /v1/mcp, query: a=b, headers: [{name: X-A, value: v}]",
      { path: "/v1/mcp", query: "secret a=b", headers: [["x-a", "secret v"]] },
    ],
    ["with a query in its path", 'path: "v1?x=y"', { path: "/v1", query: "secret x=y" }],
  ];
  test.each(servers)("%s", (_, fields, want) => {
    const { compiled, route } = compileRoute(
      `  backendRefs: [{name: a, ${eg}, ${fields}}]`,
      secret("s", "apiKey: from-secret"),
    );
    const { transport } = route.backends[0]!;
    expect(reveal(compiled, transport)).toEqual({
      type: "http",
      backend: "default/a",
      path: "/mcp",
      headers: [],
      ...want,
    });
    expect(JSON.stringify(compiled.model)).not.toContain("from-secret");
  });

  test("that is a child process has arguments and variables that nobody prints", () => {
    const stdio =
      "{command: npx, args: [-y, $$x], env: [{name: TOKEN, value: t0ken}], cwd: /srv, mode: perSession}";
    const { compiled, route } = compileRoute(`  backendRefs: [{name: fs, stdio: ${stdio}}]`);
    expect(reveal(compiled, route.backends[0]?.transport)).toEqual({
      type: "stdio",
      command: "npx",
      arguments: ["secret -y", "secret $x"],
      environment: [["TOKEN", "secret t0ken"]],
      inheritsEnvironment: true,
      workingDirectory: "/srv",
      mode: "per-session",
      isFailFast: false,
    });
    expect(JSON.stringify(compiled.model)).not.toContain("t0ken");
  });

  test("shows tools by name and pattern, and may have another name", () => {
    const fields =
      "toolSelector: {include: [x], excludeRegex: ['^y']}, prefix: GH, forwardHeaders: [{name: X-User, backendHeader: X-U}]";
    const { route } = compileRoute(`  backendRefs: [{name: a, ${eg}, ${fields}}]`);
    expect(bare(route.backends[0])).toMatchObject({
      alias: "GH",
      tools: { include: [{ type: "exact", value: "x" }], exclude: [{ type: "search", pattern: "^y" }] },
      forwardHeaders: [{ from: "x-user", to: "x-u" }],
    });
  });
});

describe("security", () => {
  const securityOf = (policy: string, more = ""): McpRoute["security"] =>
    compileRoute(`${plain}\n  securityPolicy: {${policy}}`, more).route.security;
  const metadata = 'protectedResourceMetadata: {resource: "https://gw.example.com/mcp"}';

  test("by tokens", () => {
    const policy = `oauth: {issuer: "https://id", audiences: [x], claimToHeaders: [{claim: a.b, header: X-B}], ${metadata}}`;
    expect(bare(securityOf(policy))).toEqual({
      oauth: {
        issuer: "https://id",
        audiences: ["x"],
        isAudienceChecked: true,
        isExpiryRequired: false,
        keys: { type: "discover" },
        claimHeaders: [{ claim: ["a", "b"], header: "x-b" }],
        resource: "https://gw.example.com/mcp",
        scopesSupported: [],
        signingAlgorithms: [],
      },
    });
  });

  test("by tokens whose keys are in a ConfigMap, or behind a Backend", () => {
    const map = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: keys}\ndata: {jwks: '{"keys": []}'}\n---\n`;
    const local = `jwks: {localJWKS: {type: ValueRef, valueRef: {kind: ConfigMap, name: keys}}}`;
    expect(securityOf(`oauth: {issuer: "https://id", ${metadata}, ${local}}`, map).oauth?.keys).toEqual({
      type: "inline",
      jwks: '{"keys": []}',
    });
    const remote = `jwks: {remoteJWKS: {uri: "https://b.example.com/keys", backendRefs: [{name: b, ${eg}}]}}`;
    const { compiled, route } = compileRoute(
      `${plain}\n  securityPolicy: {oauth: {issuer: "https://id", ${metadata}, ${remote}}}`,
    );
    expect(route.security.oauth?.keys).toEqual({
      type: "remote",
      uri: "https://b.example.com/keys",
      cacheMs: 300_000,
      backend: "default/b",
    });
    expect(Object.keys(compiled.model?.backends ?? {})).toEqual(["default/a", "default/b"]);
  });

  test("by keys", () => {
    const policy =
      "apiKeyAuth: {credentialRefs: [{name: s}], extractFrom: [{headers: [X-Key]}, {params: [key]}], forwardClientIDHeader: X-Client}";
    const { compiled, route } = compileRoute(
      `${plain}\n  securityPolicy: {${policy}}`,
      secret("s", "alice: k1, bob: k2"),
    );
    expect(reveal(compiled, bare(route.security))).toEqual({
      apiKeys: {
        clients: [
          { id: "alice", secret: "secret k1" },
          { id: "bob", secret: "secret k2" },
        ],
        from: [
          { type: "header", name: "x-key" },
          { type: "query", name: "key" },
        ],
        clientIdHeader: "x-client",
        isRemoved: false,
      },
    });
  });

  test("by rules", () => {
    const rules =
      "[{target: {tools: [{backend: a, tool: 'read_*'}], resources: [{backend: a, uri: 'file:///'}]}, cel: 'true'}, {action: Deny, target: {tools: [{backend: a, tool: x.y}]}}]";
    const { authorization } = securityOf(`authorization: {scope: All, rules: ${rules}}`);
    expect(bare(authorization)).toEqual({
      isAllowedByDefault: false,
      coversAll: true,
      rules: [
        {
          isAllow: true,
          cel: { source: "true", result: "bool" },
          targets: [
            { kind: "tool", backend: "a", name: { type: "regex", pattern: "read_.*" } },
            { kind: "resource", backend: "a", name: { type: "prefix", value: "file:///" } },
          ],
          claims: [],
          scopes: [],
        },
        {
          isAllow: false,
          targets: [{ kind: "tool", backend: "a", name: { type: "exact", value: "x.y" } }],
          claims: [],
          scopes: [],
        },
      ],
    });
  });
});

describe("what is wrong is said at its place:", () => {
  const policy = (text: string) => `${plain}\n  securityPolicy: {${text}}`;
  const wrong: readonly (readonly [name: string, spec: string, want: string])[] = [
    [
      "a server that is not there",
      `  backendRefs: [{name: z, ${eg}}]`,
      'error gw.yaml:29:24: spec.backendRefs[0].name: MCPRoute default/m references Backend "default/z", which is not in the configuration',
    ],
    [
      "one of another namespace",
      `  backendRefs: [{name: a, namespace: other, ${eg}}]`,
      "error gw.yaml:29:38: spec.backendRefs[0].namespace: cross-namespace backend reference is not supported: backend other/a in MCPRoute default/m",
    ],
    [
      "a Service",
      `  backendRefs: [{name: s, port: 1}, {name: a, ${eg}}]`,
      'warning gw.yaml:29:17: spec.backendRefs[0]: references Service "s", which does not exist outside Kubernetes; use a gateway.envoyproxy.io Backend with an fqdn, ip or unix endpoint',
    ],
    [
      "a pattern that is none",
      `  backendRefs: [{name: a, ${eg}, toolSelector: {includeRegex: ["(?=x)"]}}]`,
      "spec.backendRefs[0].toolSelector.includeRegex[0]: invalid regular expression:",
    ],
    [
      "a header that belongs to the aggregator",
      `  backendRefs: [{name: a, ${eg}, forwardHeaders: [{name: Mcp-Session-Id}]}]`,
      "spec.backendRefs[0].forwardHeaders[0].name: header mcp-session-id cannot be forwarded",
    ],
    [
      "clients' tokens for a server",
      `  backendRefs: [{name: a, ${eg}, forwardHeaders: [{name: Authorization}]}]`,
      "would hand clients' tokens to a server that they were not issued for; use securityPolicy.apiKey, or write allowAuthorizationForward: true in spec",
    ],
    [
      "a key with a line break",
      `  backendRefs: [{name: a, ${eg}, securityPolicy: {apiKey: {inline: "a\\nb"}}}]`,
      "holds a line break",
    ],
    [
      "two servers that look alike",
      `  backendRefs: [{name: a, ${eg}}, {name: b, prefix: a, ${eg}}]`,
      'spec.backendRefs[1].prefix: another server of this route is shown to clients as "a", too',
    ],
    [
      "an expression that is none",
      policy("authorization: {rules: [{cel: 'request.'}]}"),
      "spec.securityPolicy.authorization.rules[0].cel: invalid CEL expression:",
    ],
    [
      "a rule for a server that is not there",
      policy("authorization: {rules: [{target: {tools: [{backend: z, tool: t}]}}]}"),
      'spec.securityPolicy.authorization.rules[0].target.tools[0].backend: the route has no server "z"',
    ],
    [
      "rules for tools only",
      policy("authorization: {rules: []}"),
      "covers tools only: prompts and resources are open to every client; write scope: All",
    ],
    [
      "metadata that nobody finds",
      policy('oauth: {issuer: "https://id", protectedResourceMetadata: {resource: "https://gw/other"}}'),
      "has the path /other, but the route is served at /mcp: clients will not find its metadata",
    ],
    [
      "keys of tokens that are none",
      policy(
        `oauth: {issuer: "https://id", jwks: {localJWKS: {inline: "{}"}}, protectedResourceMetadata: {resource: "https://gw/mcp"}}`,
      ),
      'is no JSON Web Key Set: {"keys": […]} is expected',
    ],
  ];
  test.each(wrong)("%s", (_, spec, want) => {
    expect(said(compileText(base + mcpRoute("m", spec))).join("\n")).toContain(want);
  });

  test("a second route for the same", () => {
    const compiled = compileText(base + mcpRoute("l", plain) + mcpRoute("m", plain));
    expect(said(compiled).join("\n")).toContain("is never reached: default/l has the same path /mcp");
  });

  test("a key that two clients share", () => {
    const text = policy("apiKeyAuth: {credentialRefs: [{name: s}], extractFrom: [{headers: [x]}]}");
    const compiled = compileText(base + secret("s", "a: same, b: same") + mcpRoute("m", text));
    expect(findings(compiled).join("\n")).toContain("is the key of another client, too");
    expect(findings(compiled).join("\n")).not.toContain('"same"');
  });
});
