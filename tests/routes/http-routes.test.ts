/** HTTPRoutes: what is matched, changed and handed on, the same in both engines. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { onEachEngine } from "./both-engines.ts";
import { aiRoute, backend, envoyApi, gateway, httpRoute, ref, resource, yaml } from "./documents.ts";

const startLimitMs = 60_000;
let one: Upstream;
let two: Upstream;
let copies: Upstream;
let socket: ReturnType<typeof Bun.serve>;
const folder = mkdtempSync(join(tmpdir(), "aigw-routes-"));

beforeAll(() => {
  const naming = (from: string) => () =>
    Response.json({ from }, { headers: { "x-from": from, "x-secret": "inside", "x-kept": "yes" } });
  one = startUpstream(naming("one"));
  two = startUpstream(naming("two"));
  copies = startUpstream(naming("copies"));
  socket = Bun.serve({ unix: join(folder, "up.sock"), fetch: () => Response.json({ from: "socket" }) });
});
afterAll(() => {
  for (const upstream of [one, two, copies]) upstream[Symbol.dispose]();
  void socket.stop(true);
  rmSync(folder, { recursive: true, force: true });
});

const path = (value: string, type = "PathPrefix") => ({ path: { type, value } });
const to = (...names: string[]) => ({ backendRefs: names.map((name) => ref(name)) });
const rewrite = (change: object) => [{ type: "URLRewrite", urlRewrite: change }];
const extension = (name: string) => [
  { type: "ExtensionRef", extensionRef: { group: "gateway.envoyproxy.io", kind: "HTTPRouteFilter", name } },
];

const rules = [
  { matches: [path("/exact", "Exact")], ...to("one") },
  { matches: [path("/exact")], ...to("two") },
  { matches: [path("/re/[a-c]+", "RegularExpression")], ...to("one") },
  { matches: [{ ...path("/by"), method: "DELETE" }], ...to("one") },
  { matches: [{ ...path("/by"), headers: [{ name: "X-Team", value: "red" }] }], ...to("two") },
  {
    matches: [{ ...path("/by"), queryParams: [{ name: "v", value: "2" }] }],
    ...to("one"),
  },
  { matches: [path("/by")], ...to("socket") },
  {
    matches: [path("/edit")],
    filters: [
      {
        type: "RequestHeaderModifier",
        requestHeaderModifier: {
          set: [{ name: "X-Set", value: "100%" }],
          add: [{ name: "X-Add", value: "more" }],
          remove: ["X-Gone"],
        },
      },
      {
        type: "ResponseHeaderModifier",
        responseHeaderModifier: { set: [{ name: "X-From", value: "gateway" }], remove: ["X-Secret"] },
      },
    ],
    ...to("one"),
  },
  {
    matches: [path("/ref")],
    backendRefs: [
      ref("one", {
        filters: [
          {
            type: "RequestHeaderModifier",
            requestHeaderModifier: { set: [{ name: "X-Ref", value: "one" }] },
          },
          {
            type: "ResponseHeaderModifier",
            responseHeaderModifier: { add: [{ name: "X-Ref", value: "one" }] },
          },
          ...rewrite({ hostname: "one.example" }),
        ],
      }),
    ],
  },
] as const;

const moreRules = [
  {
    matches: [path("/old")],
    filters: rewrite({ path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/new" } }),
    ...to("one"),
  },
  {
    matches: [path("/away")],
    filters: rewrite({ path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } }),
    ...to("one"),
  },
  {
    matches: [path("/full")],
    filters: rewrite({ path: { type: "ReplaceFullPath", replaceFullPath: "/all" }, hostname: "up.example" }),
    ...to("one"),
  },
  { matches: [path("/sub")], filters: extension("sub"), ...to("one") },
  { matches: [path("/own")], filters: extension("own"), ...to("named") },
  { matches: [path("/fixed")], filters: extension("fixed") },
  { matches: [path("/secret")], filters: extension("secret"), ...to("one") },
  { matches: [path("/cookie")], filters: extension("cookie"), ...to("one") },
  {
    matches: [path("/mirror")],
    filters: [{ type: "RequestMirror", requestMirror: { backendRef: ref("copies") } }],
    ...to("one"),
  },
  { matches: [path("/none")] },
  { matches: [path("/broken")], ...to("nowhere") },
  { matches: [path("/half")], ...to("one", "nowhere") },
];

const redirects = [
  {
    matches: [path("/https")],
    filters: [
      {
        type: "RequestRedirect",
        requestRedirect: { scheme: "https", hostname: "new.example", statusCode: 301 },
      },
    ],
  },
  {
    matches: [path("/moved")],
    filters: [
      {
        type: "RequestRedirect",
        requestRedirect: {
          path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/here" },
          statusCode: 307,
        },
      },
    ],
  },
  {
    matches: [path("/whole")],
    filters: [
      {
        type: "RequestRedirect",
        requestRedirect: { path: { type: "ReplaceFullPath", replaceFullPath: "/there" } },
      },
    ],
  },
  {
    matches: [path("/port")],
    filters: [{ type: "RequestRedirect", requestRedirect: { hostname: "new.example", port: 8443 } }],
  },
  { matches: [path("/slow")], timeouts: { request: "300ms" }, ...to("one") },
  { matches: [path("/retry")], retry: { codes: [503], attempts: 2, backoff: "10ms" }, ...to("one") },
];

const filters = [
  resource(envoyApi, "HTTPRouteFilter", "sub", {
    urlRewrite: {
      path: {
        type: "ReplaceRegexMatch",
        replaceRegexMatch: { pattern: "^/sub/(\\w+)/(\\w+)$", substitution: "/\\2/\\1" },
      },
      hostname: { type: "Header", header: "X-Host" },
    },
  }),
  resource(envoyApi, "HTTPRouteFilter", "own", { urlRewrite: { hostname: { type: "Backend" } } }),
  resource(envoyApi, "HTTPRouteFilter", "fixed", {
    directResponse: {
      statusCode: 418,
      contentType: "text/plain",
      body: { type: "Inline", inline: "100% tea\n" },
      header: { set: [{ name: "X-Pot", value: "short" }] },
    },
  }),
  resource(envoyApi, "HTTPRouteFilter", "secret", {
    credentialInjection: { header: "X-Key", overwrite: true, credential: { valueRef: { name: "key" } } },
  }),
  resource(envoyApi, "HTTPRouteFilter", "cookie", {
    matches: [{ cookies: [{ name: "flavour", value: "mint" }] }],
  }),
  { apiVersion: "v1", kind: "Secret", metadata: { name: "key" }, stringData: { credential: "s3cret" } },
];

const configuration = (port: number) =>
  yaml(
    ...gateway(port),
    httpRoute("a", rules),
    httpRoute("b", moreRules),
    httpRoute("c", redirects),
    ...filters,
    backend("one", one.port),
    backend("two", two.port),
    backend("copies", copies.port),
    backend("socket", join(folder, "up.sock")),
    backend("named", one.port, {
      endpoints: [{ ip: { address: "127.0.0.1", port: one.port }, hostname: "named.example" }],
    }),
  );

onEachEngine("an HTTPRoute", configuration, (engine) => {
  const ask = async (target: string, init: RequestInit = {}) =>
    fetch((await engine.start()).url + target, { redirect: "manual", ...init });
  const from = async (target: string, init: RequestInit = {}) => {
    const answer = await ask(target, init);
    return answer.ok ? ((await answer.json()) as { from: string }).from : answer.status;
  };
  const seen = async (target: string, init: RequestInit = {}) => {
    const answer = await ask(target, init);
    await answer.text();
    return { answer, request: one.seen.at(-1) };
  };

  const matches: readonly (readonly [target: string, init: RequestInit, want: string | number])[] = [
    ["/exact", {}, "one"],
    ["/exact?q=1", {}, "one"],
    ["/exact/x", {}, "two"],
    ["/exactly", {}, 404],
    ["/re/abc", {}, "one"],
    ["/re/abd", {}, 404],
    ["/by", { method: "DELETE" }, "one"],
    ["/by", { headers: { "x-team": "red" } }, "two"],
    ["/by", { headers: { "x-team": "Red" } }, "socket"],
    ["/by?v=2", {}, "one"],
    ["/by?v=22", {}, "socket"],
    ["/cookie", { headers: { cookie: "a=b; flavour=mint" } }, "one"],
    ["/cookie", { headers: { cookie: "flavour=mints" } }, 404],
    ["/nothing", {}, 404],
    ["/none", {}, 500],
    ["/broken", {}, 500],
  ];
  test.each(matches)(
    "%s %j goes to %s",
    async (target, init, want) => {
      expect(await from(target, init)).toBe(want);
    },
    startLimitMs,
  );

  test("headers of requests and answers are edited", async () => {
    const headers = { "x-set": "client", "x-add": "some", "x-gone": "x", "x-ai-eg-model": "forged" };
    const { answer, request } = await seen("/edit", { headers });
    expect(request?.headers.get("x-set")).toBe("100%");
    expect(request?.headers.get("x-add")?.replace(", ", ",")).toBe("some,more");
    expect(request?.headers.has("x-gone")).toBe(false);
    expect(request?.headers.has("x-ai-eg-model")).toBe(false);
    expect(answer.headers.get("x-from")).toBe("gateway");
    expect(answer.headers.has("x-secret")).toBe(false);
    expect(answer.headers.get("x-kept")).toBe("yes");
  });

  test("a reference edits on top, and names the host", async () => {
    const { answer, request } = await seen("/ref");
    expect(request?.headers.get("x-ref")).toBe("one");
    expect(request?.headers.get("host")).toBe("one.example");
    expect(answer.headers.get("x-ref")).toBe("one");
  });

  const rewrites = [
    ["/old/a?q=1", "/new/a?q=1"],
    ["/old", "/new"],
    ["/away/a", "/a"],
    ["/away", "/"],
    ["/full/a/b?q=1", "/all?q=1"],
    ["/sub/a/b", "/b/a"],
  ] as const;
  test.each(rewrites)("the path %s becomes %s", async (target, want) => {
    expect((await seen(target)).request?.path).toBe(want);
  });

  test("the host is kept, named, taken from a header or the backend's", async () => {
    const { url } = await engine.start();
    const own = new URL(url).host;
    const hostOf = async (target: string, headers = {}) => {
      const { request } = await seen(target, { headers });
      return [request?.headers.get("host"), request?.headers.get("x-forwarded-host")];
    };
    expect(await hostOf("/old")).toEqual([own, null]);
    expect(await hostOf("/full")).toEqual(["up.example", own]);
    expect(await hostOf("/sub/a/b", { "x-host": "head.example" })).toEqual(["head.example", own]);
    expect(await hostOf("/own")).toEqual(["named.example", own]);
  });

  test("the upstream learns who asked, and how", async () => {
    const { request } = await seen("/exact", { headers: { "x-forwarded-for": "192.0.2.7" } });
    expect(request?.headers.get("x-forwarded-for")?.replace(", ", ",")).toMatch(/^192\.0\.2\.7,[\da-f.:]+$/);
    expect(request?.headers.get("x-forwarded-proto")).toBe("http");
    expect(request?.headers.get("x-request-id")).toMatch(/^[-\da-f]{36}$/);
  });

  test("a direct response is said as it is written", async () => {
    const answer = await ask("/fixed");
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("x-pot")]).toEqual([
      418,
      "text/plain",
      "short",
    ]);
    expect(await answer.text()).toBe("100% tea\n");
  });

  test("a credential is injected over the client's", async () => {
    expect((await seen("/secret", { headers: { "x-key": "mine" } })).request?.headers.get("x-key")).toBe(
      "s3cret",
    );
  });

  test("a mirror gets a copy and the client none of its answer", async () => {
    copies.seen.length = 0;
    const { answer } = await seen("/mirror", { method: "POST", body: "hello" });
    expect(answer.headers.get("x-from")).toBe("one");
    for (let waited = 0; copies.seen.length === 0 && waited < 2000; waited += 20) await Bun.sleep(20);
    expect(copies.seen.map(({ method, path: to, text }) => [method, to, text])).toEqual([
      ["POST", "/mirror", "hello"],
    ]);
  });

  test("a broken reference keeps its share", async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => from("/half")));
    expect(new Set(answers)).toEqual(new Set(["one", 500]));
  });

  const locations: readonly (readonly [
    target: string,
    status: number,
    location: (host: string) => string,
  ])[] = [
    ["/https/a?q=1", 301, () => "https://new.example/https/a?q=1"],
    ["/moved/a?q=1", 307, (host) => `http://${host}/here/a?q=1`],
    ["/whole/a", 302, (host) => `http://${host}/there`],
    ["/port", 302, () => "http://new.example:8443/port"],
  ];
  test.each(locations)("%s is redirected with %i", async (target, status, location) => {
    const answer = await ask(target);
    const { url } = await engine.start();
    expect([answer.status, answer.headers.get("location")]).toEqual([status, location(new URL(url).host)]);
  });

  test("a time limit is kept, and a status retried", async () => {
    const naming = () => Response.json({ from: "one" });
    one.answerWith(() => new Promise<Response>(() => {}));
    expect((await ask("/slow")).status).toBe(504);
    let tries = 0;
    one.answerWith(() => (++tries < 3 ? new Response("no", { status: 503 }) : naming()));
    expect([await from("/retry"), tries]).toEqual(["one", 3]);
    one.answerWith(() => Response.json({ from: "one" }, { headers: { "x-from": "one", "x-kept": "yes" } }));
  });

  test("a large body passes whole, whatever its length", async () => {
    const body = new Uint8Array(3 * 1024 * 1024).fill(7);
    const { request } = await seen("/exact", { method: "PUT", body });
    expect(request?.bytes.length).toBe(body.length);
  });
});

const mixed = (port: number) =>
  yaml(
    ...gateway(port),
    ...aiRoute("ai", ["m"], "two"),
    httpRoute("rest", [{ ...to("one") }, { matches: [path("/v1/files")], ...to("one") }]),
    backend("one", one.port),
    backend("two", two.port),
  );

onEachEngine("HTTPRoutes beside models", mixed, (engine) => {
  const chat = async (model: string, target = "/v1/chat/completions") => {
    two.answerWith({ choices: [], from: "two" });
    const answer = await fetch((await engine.start()).url + target, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [] }),
    });
    return answer.ok ? ((await answer.json()) as { from?: string }).from : answer.status;
  };

  test(
    "a rule for all paths swallows no chat",
    async () => {
      expect(await chat("m")).toBe("two");
    },
    startLimitMs,
  );

  test("it has the models that no AI rule wants, unchanged and without our headers", async () => {
    expect(await chat("other")).toBe("one");
    const request = one.seen.at(-1);
    expect([request?.path, request?.text]).toEqual([
      "/v1/chat/completions",
      '{"model":"other","messages":[]}',
    ]);
    expect([...(request?.headers.keys() ?? [])].filter((name) => name.startsWith("x-ai-eg"))).toEqual([]);
  });

  test("it has the paths of no endpoint", async () => {
    expect(await chat("m", "/unknown")).toBe("one");
    expect(await chat("m", "/v1/files/x")).toBe("one");
  });

  test("models are listed all the same", async () => {
    const answer = await fetch(`${(await engine.start()).url}/v1/models`);
    expect(((await answer.json()) as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(["m"]);
  });
});

const hosts = (port: number) =>
  yaml(
    ...gateway(port, [
      { name: "any" },
      { name: "api", hostname: "api.example.com" },
      { name: "wild", hostname: "*.example.com" },
    ]),
    httpRoute("everywhere", [to("one")]),
    httpRoute("api", [to("two")], { parentRefs: [{ name: "gw", sectionName: "api" }] }),
    httpRoute("deep", [{ matches: [path("/deep")], ...to("two") }], { hostnames: ["a.b.example.com"] }),
    backend("one", one.port),
    backend("two", two.port),
  );

onEachEngine("listeners with host names", hosts, (engine) => {
  const cases = [
    ["localhost", "/", "one"],
    ["other.example.com", "/", "one"],
    // The first route by name wins where both are attached.
    ["api.example.com", "/", "two"],
    ["API.example.com:80", "/", "two"],
    ["a.b.example.com", "/deep", "two"],
    // Hosts do not fall through.
    ["a.b.example.com", "/", 404],
  ] as const;
  test.each(cases)(
    "%s%s goes to %s",
    async (host, target, want) => {
      one.answerWith({ from: "one" });
      two.answerWith({ from: "two" });
      const answer = await fetch((await engine.start()).url + target, { headers: { host } });
      expect(answer.ok ? ((await answer.json()) as { from: string }).from : answer.status).toBe(want);
    },
    startLimitMs,
  );
});
