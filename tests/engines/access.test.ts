/** Who may come in: SecurityPolicies, one for each host, on both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gatewayYaml } from "../support/config.ts";
import { onEachEngine } from "../support/engines.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { IdentityProvider } from "../support/identity-provider.ts";
import { freePort } from "../support/ports.ts";
import { chatBody, type ErrorBody, startLimitMs } from "../support/start.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const httpRoute = { group: "gateway.networking.k8s.io", kind: "HTTPRoute" };
const envoyGroup = "gateway.envoyproxy.io";

/** A route of its own host, under a policy. */
function protectedRoute(name: string, policy: object): object[] {
  return [
    routeOf(name, [`${name}.test`]),
    {
      apiVersion: "gateway.envoyproxy.io/v1alpha1",
      kind: "SecurityPolicy",
      metadata: { name },
      spec: { targetRefs: [{ ...httpRoute, name }], ...policy },
    },
  ];
}

function routeOf(name: string, hostnames: readonly string[], models: readonly string[] = []): object {
  const headers = (model: string) => [{ name: "x-ai-eg-model", value: model }];
  const rules = models.length === 0 ? [undefined] : models;
  return {
    apiVersion: "aigateway.envoyproxy.io/v1beta1",
    kind: "AIGatewayRoute",
    metadata: { name },
    spec: {
      parentRefs: [{ name: "tests" }],
      hostnames,
      rules: rules.map((model, index) => ({
        name: `rule-${index}`,
        ...(model !== undefined && { matches: [{ headers: headers(model) }] }),
        backendRefs: [{ name: "up" }],
      })),
    },
  };
}

const secret = (name: string, stringData: object) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name },
  stringData,
});

function configuration(port: number, upstream: Upstream, auth: Upstream, provider: IdentityProvider): string {
  const jwt = {
    providers: [
      {
        name: "idp",
        issuer: provider.issuer,
        audiences: ["aigw"],
        remoteJWKS: { uri: provider.jwksUri },
        claimToHeaders: [{ claim: "org.team", header: "x-team" }],
      },
    ],
  };
  const documents = [
    secret("clients", { alice: "key-of-alice", bob: "key-of-bob" }),
    // `htpasswd -nbs carol secret`
    secret("users", { ".htpasswd": "carol:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n" }),
    ...protectedRoute("keys", {
      apiKeyAuth: {
        credentialRefs: [{ name: "clients" }],
        extractFrom: [{ headers: ["x-api-key", "Authorization"] }, { params: ["key"] }, { cookies: ["key"] }],
        forwardClientIDHeader: "X-Client",
        sanitize: true,
      },
    }),
    ...protectedRoute("basic", { basicAuth: { users: { name: "users" }, forwardUsernameHeader: "x-user" } }),
    ...protectedRoute("jwt", { jwt }),
    ...protectedRoute("scoped", {
      jwt,
      authorization: {
        defaultAction: "Deny",
        rules: [
          {
            action: "Allow",
            principal: {
              jwt: {
                provider: "idp",
                scopes: ["chat"],
                claims: [{ name: "roles", valueType: "StringArray", values: ["dev", "ops"] }],
              },
            },
          },
          { action: "Allow", principal: { headers: [{ name: "x-ai-eg-model", values: ["for-all"] }] } },
        ],
      },
    }),
    ...protectedRoute("near", {
      authorization: { rules: [{ action: "Allow", principal: { clientCIDRs: ["127.0.0.0/8"] } }] },
    }),
    ...protectedRoute("far", {
      authorization: { rules: [{ action: "Allow", principal: { clientCIDRs: ["10.0.0.0/8"] } }] },
    }),
    ...protectedRoute("cors", {
      cors: {
        allowOrigins: ["https://app.example.com", "https://*.example.org"],
        allowMethods: ["POST"],
        allowHeaders: ["content-type", "x-api-key"],
        exposeHeaders: ["x-request-id"],
        maxAge: "10m",
        allowCredentials: true,
      },
      apiKeyAuth: { credentialRefs: [{ name: "clients" }], extractFrom: [{ headers: ["x-api-key"] }] },
    }),
    {
      apiVersion: "gateway.envoyproxy.io/v1alpha1",
      kind: "Backend",
      metadata: { name: "auth" },
      spec: { endpoints: [{ ip: { address: "127.0.0.1", port: auth.port } }] },
    },
    ...protectedRoute("asked", {
      extAuth: {
        http: {
          backendRefs: [{ group: envoyGroup, kind: "Backend", name: "auth" }],
          path: "/check",
          headersToBackend: ["x-tenant"],
        },
        headersToExtAuth: ["x-ticket"],
      },
    }),
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "plain" },
      spec: {
        parentRefs: [{ name: "tests" }],
        // On the second host it stands beside AI rules that are open.
        hostnames: ["plain.test", "beside.test"],
        rules: [{ backendRefs: [{ group: envoyGroup, kind: "Backend", name: "up" }] }],
      },
    },
    routeOf("beside", ["beside.test"], ["open"]),
    {
      apiVersion: "gateway.envoyproxy.io/v1alpha1",
      kind: "SecurityPolicy",
      metadata: { name: "plain" },
      spec: {
        targetRefs: [{ ...httpRoute, name: "plain" }],
        cors: { allowOrigins: ["https://app.example.com"], allowMethods: ["POST"] },
        apiKeyAuth: {
          credentialRefs: [{ name: "clients" }],
          extractFrom: [{ headers: ["x-api-key"] }, { params: ["key"] }],
          forwardClientIDHeader: "x-client",
          sanitize: true,
        },
      },
    },
    // Two rules of one host, of which one is open.
    routeOf("mixed", ["mixed.test"], ["open", "shut"]),
    {
      apiVersion: "gateway.envoyproxy.io/v1alpha1",
      kind: "SecurityPolicy",
      metadata: { name: "mixed" },
      spec: {
        targetRefs: [{ ...httpRoute, name: "mixed", sectionName: "rule-1" }],
        apiKeyAuth: {
          credentialRefs: [{ name: "clients" }],
          extractFrom: [{ headers: ["x-api-key"] }],
          forwardClientIDHeader: "x-client",
          sanitize: true,
        },
      },
    },
  ];
  const base = gatewayYaml({ port, backends: [{ name: "up", url: upstream.url }] });
  return [base, ...documents.map((document) => JSON.stringify(document))].join("\n---\n");
}

onEachEngine((engine) => {
  let upstream: Upstream;
  let auth: Upstream;
  let provider: IdentityProvider;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = startUpstream({ ok: true });
    auth = startUpstream({ ok: true });
    provider = new IdentityProvider();
    await provider.rotate("first");
    gateway = await startGateway({
      program: "source",
      engine,
      config: configuration(freePort(), upstream, auth, provider),
    });
  }, startLimitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await provider[Symbol.asyncDispose]();
    for (const one of [upstream, auth]) one[Symbol.dispose]();
  });

  function ask(
    host: string,
    headers: Record<string, string> = {},
    more: { path?: string; model?: string } = {},
  ) {
    return fetch(`${gateway.url}${more.path ?? "/v1/chat/completions"}`, {
      method: "POST",
      headers: { host: `${host}.test`, "content-type": "application/json", ...headers },
      body: JSON.stringify(chatBody(more.model ?? "m")),
    });
  }

  async function status(...request: Parameters<typeof ask>): Promise<number> {
    const answer = await ask(...request);
    await answer.text();
    return answer.status;
  }

  const last = () => upstream.seen.at(-1)?.headers;

  describe("API keys", () => {
    const chat = "/v1/chat/completions";
    const good: readonly [string, Record<string, string>, string][] = [
      ["in a header of its own", { "x-api-key": "key-of-alice" }, chat],
      ["as a bearer", { authorization: "Bearer key-of-alice" }, chat],
      ["in the query", {}, `${chat}?key=key-of-alice`],
      ["in a cookie", { cookie: "a=b; key=key-of-alice" }, chat],
    ];
    test.each(good)("%s let their client in, by name and without the key", async (_, headers, path) => {
      expect(await status("keys", headers, { path })).toBe(200);
      expect(last()?.get("x-client")).toBe("alice");
      expect(JSON.stringify([...(last() ?? [])]) + upstream.seen.at(-1)?.path).not.toContain("key-of-alice");
    });

    test.each([
      ["none", {}],
      ["a wrong one", { "x-api-key": "key-of-alicf" }],
      ["an empty one", { "x-api-key": "" }],
      ["a name instead of a key", { "x-api-key": "alice" }],
    ])("%s is 401 with a challenge, and asks nobody", async (_, headers) => {
      const before = upstream.seen.length;
      const answer = await ask("keys", headers as Record<string, string>);
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="aigw"');
      const body = (await answer.json()) as ErrorBody;
      expect(body.error).toMatchObject({ type: "Unauthorized", code: "401" });
      expect(upstream.seen.length).toBe(before);
    });

    test("a client cannot say who it is", async () => {
      expect(await status("keys", { "x-api-key": "key-of-bob", "x-client": "alice" })).toBe(200);
      expect(last()?.get("x-client")).toBe("bob");
    });

    test("the list of models and unknown paths are behind them, too", async () => {
      for (const path of ["/v1/models", "/nothing/here"]) {
        const headers = { host: "keys.test" };
        const answer = await fetch(gateway.url + path, { headers });
        expect([path, answer.status]).toEqual([path, 401]);
        await answer.text();
      }
      const headers = { host: "keys.test", "x-api-key": "key-of-bob" };
      expect((await fetch(`${gateway.url}/v1/models`, { headers })).status).toBe(200);
    });

    test("an Anthropic client is told in its own shape", async () => {
      const answer = await ask("keys", {}, { path: "/anthropic/v1/messages" });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ type: "error", error: { type: "authentication_error" } });
    });

    test("a stranger's body is not read", async () => {
      const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { host: "keys.test" },
        body: "not even JSON",
      });
      expect(answer.status).toBe(401);
      await answer.text();
    });
  });

  describe("user names and passwords", () => {
    const basic = (pair: string) => ({ authorization: `Basic ${btoa(pair)}` });
    test("of a user let it in", async () => {
      expect(await status("basic", basic("carol:secret"))).toBe(200);
      expect(last()?.get("x-user")).toBe("carol");
    });
    test.each([
      ["a wrong password", basic("carol:Secret")],
      ["an unknown user", basic("dave:secret")],
      ["no password", basic("carol")],
      ["a token", { authorization: "Bearer carol:secret" }],
      ["nothing", {}],
    ])("%s is 401", async (_, headers) => {
      const answer = await ask("basic", headers as Record<string, string>);
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
        401,
        'Basic realm="aigw", charset="UTF-8"',
      ]);
      await answer.text();
    });
  });

  describe("access tokens", () => {
    const bearer = async (token: Promise<string>) => ({ authorization: `Bearer ${await token}` });

    test("of the issuer let their bearer in, and tell of it", async () => {
      const headers = { ...(await bearer(provider.token({ org: { team: "red" } }))), "x-team": "blue" };
      expect(await status("jwt", headers)).toBe(200);
      expect(last()?.get("x-team")).toBe("red");
    });

    test("without the claim leave no header of the client's", async () => {
      expect(await status("jwt", { ...(await bearer(provider.token())), "x-team": "blue" })).toBe(200);
      expect(last()?.get("x-team")).toBeNull();
    });

    const hour = 3600;
    const now = () => Math.floor(Date.now() / 1000);
    const none = (claims: object) =>
      `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(claims))}.`.replaceAll("=", "");
    const bad: readonly [string, () => Promise<string>][] = [
      ["expired", () => provider.token({ exp: now() - hour })],
      ["not yet valid", () => provider.token({ nbf: now() + hour })],
      ["for somebody else", () => provider.token({ aud: "another" })],
      ["for nobody", () => provider.token({ aud: [] })],
      ["of another issuer", () => provider.token({ iss: "https://evil.example" })],
      ["signed by a stranger", () => provider.forged()],
      ["not signed", async () => none({ iss: provider.issuer, aud: "aigw", exp: now() + hour })],
      ["no token at all", async () => "abc"],
    ];
    test.each(bad)("%s are 401", async (_, make) => {
      const answer = await ask("jwt", await bearer(make()));
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="aigw", error="invalid_token"');
      await answer.text();
    });

    test("that are missing are 401 without an error", async () => {
      const answer = await ask("jwt");
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="aigw"');
      await answer.text();
    });

    test("of a new key are good at once, those of the old one no longer, and keys are fetched seldom", async () => {
      const old = await bearer(provider.token());
      expect(await status("jwt", old)).toBe(200);
      await provider.rotate("second");
      const fresh = await bearer(provider.token());
      const before = provider.fetches;
      expect(await Promise.all(Array.from({ length: 20 }, () => status("jwt", fresh)))).toEqual(
        Array.from({ length: 20 }, () => 200),
      );
      expect(provider.fetches).toBe(before + 1);
      expect(await status("jwt", old)).toBe(401);
    });

    test("of keys that nobody knows cause a few fetches and no more", async () => {
      const stranger = new IdentityProvider();
      const before = provider.fetches;
      for (let index = 0; index < 20; index += 1) {
        await stranger.rotate(`unknown-${index}`);
        expect(await status("jwt", await bearer(stranger.token({ iss: provider.issuer })))).toBe(401);
      }
      expect(provider.fetches - before).toBeLessThan(8);
      await stranger[Symbol.asyncDispose]();
    });

    test.each([
      ["the scope and a role", { scope: "read chat", roles: ["dev"] }, "m", 200],
      ["no scope", { roles: ["dev"] }, "m", 403],
      ["no role", { scope: "chat", roles: ["guest"] }, "m", 403],
      ["neither, for a model that is for all", {}, "for-all", 200],
    ] as const)("with %s", async (_, claims, model, want) => {
      const answer = await ask("scoped", await bearer(provider.token({ ...claims })), { model });
      expect(answer.status).toBe(want);
      if (want === 403)
        expect(await answer.json()).toMatchObject({ error: { type: "Forbidden", code: "403" } });
      else await answer.text();
    });
  });

  test(
    "behind a proxy that is trusted its word decides",
    async () => {
      const port = freePort();
      const trusting = {
        apiVersion: "gateway.envoyproxy.io/v1alpha1",
        kind: "ClientTrafficPolicy",
        metadata: { name: "hops" },
        spec: {
          targetRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "tests" }],
          clientIPDetection: { xForwardedFor: { numTrustedHops: 1 } },
        },
      };
      const config = `${configuration(port, upstream, auth, provider)}\n---\n${JSON.stringify(trusting)}`;
      await using behind = await startGateway({ program: "source", engine, config });
      const from = async (forwarded: string) => {
        const headers = {
          host: "far.test",
          "content-type": "application/json",
          "x-forwarded-for": forwarded,
        };
        const body = JSON.stringify(chatBody("m"));
        const answer = await fetch(`${behind.url}/v1/chat/completions`, { method: "POST", headers, body });
        await answer.text();
        return answer.status;
      };
      expect([
        await from("10.1.2.3"),
        await from("10.1.2.3, 8.8.8.8"),
        await from("8.8.8.8, 10.1.2.3"),
      ]).toEqual([200, 403, 200]);
    },
    startLimitMs,
  );

  test("addresses decide", async () => {
    expect([await status("near"), await status("far")]).toEqual([200, 403]);
    const headers = { "x-forwarded-for": "10.1.2.3" };
    expect(await status("far", headers)).toBe(403);
  });

  describe("other origins", () => {
    const preflight = (origin: string) =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: "OPTIONS",
        headers: { host: "cors.test", origin, "access-control-request-method": "POST" },
      });

    test.each(["https://app.example.com", "https://a.example.org"])("%s may ask", async (origin) => {
      const answer = await preflight(origin);
      expect(answer.status).toBe(200);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": expect.stringMatching(/^content-type, ?x-api-key$/),
        "access-control-max-age": "600",
      });
    });

    test("a strange one is answered, and not permitted", async () => {
      const answer = await preflight("https://evil.example");
      expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([200, null]);
    });

    test.each([
      ["an answer", { "x-api-key": "key-of-bob" }, 200],
      ["a refusal", {}, 401],
    ] as const)("%s can be read there", async (_, key, want) => {
      const answer = await ask("cors", { origin: "https://app.example.com", ...key });
      expect(answer.status).toBe(want);
      expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
      expect(answer.headers.get("access-control-expose-headers")).toBe("x-request-id");
      await answer.text();
    });
  });

  describe("a service that is asked", () => {
    test("lets in, and has a word for the backend", async () => {
      auth.answerWith(() => new Response("yes", { headers: { "x-tenant": "t1" } }));
      expect(await status("asked", { "x-ticket": "7", "x-other": "secret" })).toBe(200);
      expect(last()?.get("x-tenant")).toBe("t1");
      const asked = auth.seen.at(-1);
      expect(asked).toMatchObject({ method: "POST", path: "/check/v1/chat/completions", text: "" });
      expect([asked?.headers.get("x-ticket"), asked?.headers.get("x-other")]).toEqual(["7", null]);
      expect(asked?.headers.get("host")).toBe("asked.test");
    });

    test("refuses in its own words", async () => {
      auth.answerWith(() => new Response("pay first", { status: 402, headers: { "x-why": "money" } }));
      const answer = await ask("asked");
      expect([answer.status, await answer.text(), answer.headers.get("x-why")]).toEqual([
        402,
        "pay first",
        "money",
      ]);
    });

    test("fails, and nobody comes in", async () => {
      auth.answerWith(() => new Response("oops", { status: 500 }));
      expect(await status("asked")).toBe(403);
    });
  });

  test("rules of one host with different policies: each has its own, once the model is known", async () => {
    expect(await status("mixed", {}, { model: "open" })).toBe(200);
    expect(await status("mixed", {}, { model: "shut" })).toBe(401);
    expect(await status("mixed", {}, { model: "unknown" })).toBe(404);
    const headers = { "x-api-key": "key-of-bob", "x-client": "alice" };
    expect(await status("mixed", headers, { model: "shut" })).toBe(200);
    expect([last()?.get("x-client"), last()?.get("x-api-key")]).toEqual(["bob", null]);
  });

  describe("plain HTTP", () => {
    test("is protected the same", async () => {
      const path = "/any/thing?a=1&key=key-of-bob";
      expect(await status("plain", { "x-client": "alice" }, { path: "/any/thing" })).toBe(401);
      expect(await status("plain", {}, { path })).toBe(200);
      expect([last()?.get("x-client"), upstream.seen.at(-1)?.path]).toEqual(["bob", "/any/thing?a=1"]);
      expect(await status("plain", { "x-api-key": "key-of-alice" })).toBe(200);
      expect([last()?.get("x-client"), last()?.get("x-api-key")]).toEqual(["alice", null]);
    });

    test("lets other origins ask, and read", async () => {
      const origin = "https://app.example.com";
      const asked = await fetch(`${gateway.url}/any/thing`, {
        method: "OPTIONS",
        headers: { host: "plain.test", origin, "access-control-request-method": "POST" },
      });
      expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
      const refused = await ask("plain", { origin }, { path: "/any/thing" });
      expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([401, origin]);
      await refused.text();
    });

    test("is protected beside AI rules that are open, and so is what these do not want", async () => {
      expect(await status("beside", {}, { model: "open" })).toBe(200);
      expect(await status("beside", {}, { path: "/any/thing" })).toBe(401);
      expect(await status("beside", { "x-api-key": "key-of-bob" }, { path: "/any/thing" })).toBe(200);
      const before = upstream.seen.length;
      expect([401, 404]).toContain(await status("beside", {}, { model: "other" }));
      expect(upstream.seen.length).toBe(before);
    });
  });

  test("a secret is in no file and no log", async () => {
    const grep = Bun.spawnSync(["grep", "-rlE", "key-of-(alice|bob)", gateway.home]);
    const files = grep.stdout.toString().trim().split("\n");
    expect(files.map((file) => file.replace(gateway.home, ""))).toEqual(["/config.yaml"]);
    expect(gateway.stdout() + gateway.stderr()).not.toMatch(/key-of-(alice|bob)/);
  });
});
