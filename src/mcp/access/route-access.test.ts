import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import {
  defaultMcpLimits,
  type McpOauth,
  type McpPolicy,
  type McpRoute,
  type McpRule,
  type McpSecurity,
} from "../../model/mcp.ts";
import { KeySets } from "../../policy/access/key-set.ts";
import type { Caller, Operation } from "./access.ts";
import { createRouteAccess } from "./route-access.ts";

const issuer = "https://login.example.com";
const resource = "https://gateway.example.com/mcp";
let privateKey: CryptoKey;
let jwks: string;
const documents: { [url: string]: object } = {};
let asked: string[] = [];
let warnings: string[] = [];

beforeAll(async () => {
  const pair = await generateKeyPair("ES256", { extractable: true });
  privateKey = pair.privateKey;
  jwks = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k", alg: "ES256" }] });
});

function oauthOf(more: Partial<McpOauth> = {}): McpOauth {
  return {
    at: 0,
    issuer,
    audiences: [],
    isAudienceChecked: true,
    isExpiryRequired: false,
    keys: { type: "inline", jwks },
    claimHeaders: [{ claim: ["org", "team"], header: "x-team" }],
    resource,
    scopesSupported: ["read", "offline_access"],
    signingAlgorithms: [],
    ...more,
  };
}

function access(security: McpSecurity, more: Partial<McpRoute> = {}, isAlone = false) {
  const route: McpRoute = {
    key: "default/mcp",
    print: "",
    at: 0,
    path: "/mcp",
    backends: [],
    prefixMode: "always",
    failureMode: "open",
    security,
    allowedOrigins: [],
    limits: defaultMcpLimits,
    ...more,
  };
  const services = {
    keySets: new KeySets(),
    fetchDocument: () => async (url: string) => {
      asked.push(url);
      const document = documents[url];
      if (document === undefined) throw new Error("404");
      return JSON.stringify(document);
    },
    warn: (message: string) => void warnings.push(message),
  };
  return createRouteAccess(route, { value: ({ id }) => `key-of-${id}` }, services, isAlone);
}

function token(claims: JWTPayload = {}): Promise<string> {
  const usual = { iss: issuer, aud: resource, sub: "alice", exp: Math.floor(Date.now() / 1000) + 60 };
  return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: "ES256", kid: "k" }).sign(privateKey);
}

const request = (headers: Record<string, string> = {}) =>
  new Request("http://gateway/mcp", { method: "POST", headers: { host: "gateway", ...headers } });
const bearer = async (claims: JWTPayload = {}) => request({ authorization: `Bearer ${await token(claims)}` });

describe("tokens", () => {
  test("tell who calls, bound to issuer and subject", async () => {
    const claims = { org: { team: "red" }, scope: "write read" };
    const caller = (await access({ oauth: oauthOf() }).authenticate(await bearer(claims))) as Caller;
    expect(caller).toMatchObject({
      principal: `token ["${issuer}","alice"]`,
      scopes: ["read", "write"],
      headers: [["x-team", "red"]],
      claims: { org: { team: "red" } },
    });
    expect(caller.claims).not.toHaveProperty("scope");
  });

  const now = Math.floor(Date.now() / 1000);
  test.each([
    ["of another issuer", { iss: "https://evil.example" }, {}],
    ["for another resource", { aud: "https://other/mcp" }, {}],
    ["for nobody", { aud: [] }, {}],
    ["that are over", { exp: now - 100 }, {}],
    ["that never end, where they must", { exp: undefined }, { isExpiryRequired: true }],
  ] as const)("%s are refused with the way to a better one", async (_, claims, more) => {
    const answer = (await access({ oauth: oauthOf(more) }).authenticate(
      await bearer(claims as unknown as JWTPayload),
    )) as Response;
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe(
      'Bearer error="invalid_token", error_description="The access token is missing or invalid", resource_metadata="https://gateway.example.com/.well-known/oauth-protected-resource/mcp", scope="read"',
    );
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(await answer.json()).toMatchObject({ jsonrpc: "2.0", id: null, error: { code: -32000 } });
  });

  test.each([
    ["without an issuer, and with a slash behind it", { iss: undefined }, {}],
    ["for one of the audiences", { aud: ["a", "b"] }, { audiences: ["b", "c"] }],
    ["for anybody, where that is permitted", { aud: "x" }, { isAudienceChecked: false }],
  ] as const)("%s are good", async (_, claims, more) => {
    const result = await access({ oauth: oauthOf(more) }).authenticate(
      await bearer(claims as unknown as JWTPayload),
    );
    expect(result).not.toBeInstanceOf(Response);
  });

  test("that are not there are no error, and those in a query do not count", async () => {
    const inQuery = new Request(`http://gateway/mcp?access_token=${await token()}`, { method: "POST" });
    for (const one of [request(), inQuery, request({ authorization: "Basic abc" })]) {
      const answer = (await access({ oauth: oauthOf() }).authenticate(one)) as Response;
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
        401,
        'Bearer resource_metadata="https://gateway.example.com/.well-known/oauth-protected-resource/mcp", scope="read"',
      ]);
    }
  });

  test("that never end are said once", async () => {
    warnings = [];
    const guard = access({ oauth: oauthOf() });
    for (let index = 0; index < 3; index += 1)
      await guard.authenticate(await bearer({ exp: undefined as never }));
    expect(warnings).toEqual([`tokens of ${issuer} never expire; requireExp refuses them`]);
  });

  test("whose keys cannot be had are nobody's fault", async () => {
    const keys = { type: "remote", uri: "https://login.example.com/none", cacheMs: 1 } as const;
    const answer = (await access({ oauth: oauthOf({ keys }) }).authenticate(await bearer())) as Response;
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  });
});

describe("API keys", () => {
  const secret = { id: "bob", from: "literal", name: "n", fingerprint: "f", at: 0 } as const;
  const apiKeys = {
    at: 0,
    clients: [{ id: "bob", secret }],
    from: [{ type: "header", name: "x-api-key" }],
    clientIdHeader: "x-client",
    isRemoved: true,
  } as const;

  test("name their client", async () => {
    const caller = await access({ apiKeys }).authenticate(request({ "x-api-key": "key-of-bob" }));
    expect(caller).toMatchObject({ principal: "key bob", headers: [["x-client", "bob"]] });
    expect(
      (await access({ apiKeys }).authenticate(request({ "x-api-key": "x" }))) as Response,
    ).toHaveProperty("status", 401);
  });

  test("and tokens must both be shown, where both are asked for", async () => {
    const guard = access({ apiKeys, oauth: oauthOf() });
    expect(((await guard.authenticate(await bearer())) as Response).status).toBe(401);
    const both = await bearer();
    both.headers.set("x-api-key", "key-of-bob");
    expect(await guard.authenticate(both)).toMatchObject({
      principal: `key bob token ["${issuer}","alice"]`,
    });
  });
});

describe("documents", () => {
  const get = (path: string) => new Request(`http://gateway${path}`);

  test("about the resource say whom to ask", async () => {
    const guard = access({ oauth: oauthOf({ resourceName: "Tools" }) });
    expect(guard.documentPaths).toEqual([
      "/.well-known/oauth-protected-resource/mcp",
      "/.well-known/oauth-authorization-server/mcp",
      "/.well-known/openid-configuration/mcp",
    ]);
    const [path = ""] = guard.documentPaths;
    expect(await (await guard.document(path, get(path))).json()).toEqual({
      resource,
      authorization_servers: [issuer],
      bearer_methods_supported: ["header"],
      resource_name: "Tools",
      scopes_supported: ["read", "offline_access"],
    });
    const preflight = await guard.document(path, new Request(`http://gateway${path}`, { method: "OPTIONS" }));
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
    expect(
      (await guard.document(path, new Request(`http://gateway${path}`, { method: "POST" }))).status,
    ).toBe(405);
  });

  test("of a route that is alone are at the root as well", () => {
    expect(access({ oauth: oauthOf() }, {}, true).documentPaths).toContain(
      "/.well-known/oauth-protected-resource",
    );
    expect(access({ oauth: oauthOf() }, { path: "/" }).documentPaths).toContain(
      "/.well-known/oauth-protected-resource",
    );
  });

  test("of the authorization server are its own, whole, and asked for once", async () => {
    const metadata = { issuer: `${issuer}/`, token_endpoint: "https://login/token", its_own: [1] };
    documents[`${issuer}/.well-known/openid-configuration`] = metadata;
    asked = [];
    const guard = access({ oauth: oauthOf() });
    for (const path of guard.documentPaths.slice(1)) {
      expect(await (await guard.document(path, get(path))).json()).toEqual(metadata);
    }
    expect(asked.length).toBe(2);
    delete documents[`${issuer}/.well-known/openid-configuration`];
  });

  test("of an authorization server that does not answer are not made up", async () => {
    const guard = access({ oauth: oauthOf() });
    const [, path = ""] = guard.documentPaths;
    expect((await guard.document(path, get(path))).status).toBe(502);
  });
});

describe("rules", () => {
  const rule = (more: Partial<McpRule>): McpRule => ({
    at: 0,
    isAllow: true,
    targets: [],
    claims: [],
    scopes: [],
    ...more,
  });
  const cel = (source: string) => ({ source, result: "bool" }) as const;
  const tool = (value: string) => ({ kind: "tool", backend: "gh", name: { type: "exact", value } }) as const;
  const call = (more: Partial<Operation> = {}): Operation => ({
    method: "tools/call",
    backend: "gh",
    kind: "tool",
    name: "read",
    params: { arguments: { path: "/a", count: 3 } },
    ...more,
  });
  const caller: Caller = {
    principal: "p",
    claims: { team: "red", groups: ["dev"], age: 7 },
    scopes: ["a"],
    headers: [],
  };
  const policy = (rules: readonly McpRule[], more: Partial<McpPolicy> = {}): McpPolicy => ({
    at: 0,
    isAllowedByDefault: false,
    coversAll: false,
    rules,
    ...more,
  });
  const decide = (authorization: McpPolicy, operation = call(), who = caller) =>
    access({ oauth: oauthOf(), authorization }).decide(operation, who, request({ "x-env": "prod" }));

  const table: readonly [string, McpPolicy, Operation, ReturnType<typeof decide>][] = [
    ["no rule fits: denied", policy([]), call(), "hide"],
    ["no rule fits: allowed by default", policy([], { isAllowedByDefault: true }), call(), "allow"],
    ["its tool", policy([rule({ targets: [tool("read")] })]), call(), "allow"],
    ["another server's tool", policy([rule({ targets: [tool("read")] })]), call({ backend: "x" }), "hide"],
    [
      "the first rule counts",
      policy([rule({ isAllow: false, targets: [tool("read")] }), rule({})]),
      call(),
      "hide",
    ],
    [
      "a claim",
      policy([rule({ claims: [{ path: ["team"], type: "string", values: ["red"] }] })]),
      call(),
      "allow",
    ],
    [
      "a claim in a list",
      policy([rule({ claims: [{ path: ["groups"], type: "list", values: ["dev"] }] })]),
      call(),
      "allow",
    ],
    [
      "a list where text is wanted",
      policy([rule({ claims: [{ path: ["groups"], type: "string", values: ["dev"] }] })]),
      call(),
      "hide",
    ],
    [
      "a number",
      policy([rule({ claims: [{ path: ["age"], type: "any", values: ["7"] }] })]),
      call(),
      "allow",
    ],
    [
      "a number where text is wanted",
      policy([rule({ claims: [{ path: ["age"], type: "list", values: ["7"] }] })]),
      call(),
      "hide",
    ],
    [
      "a condition on a call",
      policy([rule({ cel: cel("request.mcp.params.arguments.path.startsWith('/a')") })]),
      call(),
      "allow",
    ],
    [
      "a condition on whole numbers",
      policy([rule({ cel: cel("request.mcp.params.arguments.count > 2") })]),
      call(),
      "allow",
    ],
    [
      "a condition on headers and tool",
      policy([rule({ cel: cel("request.headers['x-env'] == 'prod' && request.mcp.tool == 'read'") })]),
      call(),
      "allow",
    ],
    [
      "a condition on claims and scopes",
      policy([rule({ cel: cel("request.auth.jwt.claims.team == 'red' && 'a' in request.auth.jwt.scopes") })]),
      call(),
      "allow",
    ],
    [
      "a condition that fails does not allow",
      policy([rule({ cel: cel("request.mcp.params.nothing.here == 1") })]),
      call(),
      "hide",
    ],
    [
      "a condition that fails does deny",
      policy([rule({ isAllow: false, cel: cel("request.mcp.params.nothing.here == 1") }), rule({})]),
      call(),
      "hide",
    ],
    [
      "a condition that is no truth value denies",
      policy([rule({ isAllow: false, cel: cel("request.mcp.tool") }), rule({})]),
      call(),
      "hide",
    ],
    [
      "in a list, what only a call can tell is shown",
      policy([rule({ cel: cel("request.mcp.params.arguments.path == '/b'") })]),
      call({ params: undefined }),
      "allow",
    ],
    [
      "in a list, a denial that only a call can tell is none",
      policy([rule({ isAllow: false, cel: cel("request.mcp.params.arguments.path == '/b'") }), rule({})]),
      call({ params: undefined }),
      "allow",
    ],
    ["prompts are free", policy([]), call({ kind: "prompt", method: "prompts/get" }), "allow"],
    [
      "prompts are not free where all is covered",
      policy([], { coversAll: true }),
      call({ kind: "prompt" }),
      "hide",
    ],
    [
      "a resource by the beginning of its URI",
      policy(
        [
          rule({
            targets: [{ kind: "resource", backend: "gh", name: { type: "prefix", value: "file:///a/" } }],
          }),
        ],
        { coversAll: true },
      ),
      call({ kind: "resource", name: "file:///a/b" }),
      "allow",
    ],
  ];
  test.each(table)("%s", (_, authorization, operation, want) => {
    expect(decide(authorization, operation)).toEqual(want);
  });

  test("the smallest set of scopes that would do is asked for", () => {
    const rules = [
      rule({ scopes: ["a", "b", "c"] }),
      rule({ scopes: ["x", "y"] }),
      rule({ isAllow: false, scopes: ["z"] }),
    ];
    expect(decide(policy(rules))).toEqual({
      challenge:
        'Bearer error="insufficient_scope", scope="x y", resource_metadata="https://gateway.example.com/.well-known/oauth-protected-resource/mcp", error_description="The token is missing required scopes"',
    });
  });

  test("a deny rule with scopes is for those who have them", () => {
    const rules = [rule({ isAllow: false, scopes: ["a"] }), rule({})];
    expect(decide(policy(rules))).toBe("hide");
    expect(decide(policy(rules), call(), { ...caller, scopes: [] })).toBe("allow");
  });

  test("a session gets the servers that the selector has for its caller", () => {
    const backendSelector = policy([
      rule({ cel: cel("request.mcp.backend in request.auth.jwt.claims.groups") }),
    ]);
    const guard = access({}, { backendSelector });
    expect(["dev", "ops"].map((backend) => guard.selects(backend, caller, request()))).toEqual([true, false]);
  });
});

afterAll(() => {
  warnings = [];
});
