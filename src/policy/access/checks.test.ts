import { describe, expect, test } from "bun:test";
import type { Access, AuthorizationRule } from "../../model/access.ts";
import type { AccessRequest, Claims, Identity } from "./admission.ts";
import { prepareAuthorization } from "./authorize.ts";
import { readHtpasswd } from "./basic-users.ts";
import { compileCidrs } from "./cidrs.ts";
import { readClaim, readScopes, writeClaim } from "./claims.ts";
import { prepareCors } from "./cors.ts";
import { ChangedHeaders } from "./gatekeeper.ts";
import { clearPlace, readPlace } from "./places.ts";
import { prepareLogPath } from "./secret-parameters.ts";

function request(
  more: Partial<AccessRequest> & { readonly header?: Record<string, string> } = {},
): AccessRequest {
  const { header = {}, ...rest } = more;
  return {
    method: "POST",
    target: "/v1",
    headers: new Headers(header),
    clientAddress: () => "127.0.0.1",
    ...rest,
  };
}

describe("places", () => {
  test.each([
    ["a header", { type: "header", name: "x-key" }, { header: { "x-key": " a " } }, "a"],
    [
      "a header with its scheme",
      { type: "header", name: "authorization", prefix: "Bearer " },
      { header: { authorization: "bearer  t" } },
      "t",
    ],
    [
      "a header with another scheme",
      { type: "header", name: "authorization", prefix: "Bearer " },
      { header: { authorization: "Basic t" } },
      undefined,
    ],
    ["an empty header", { type: "header", name: "x-key" }, { header: { "x-key": "" } }, undefined],
    [
      "the first parameter of its name",
      { type: "query", name: "k" },
      { target: "/p?a=1&k=x%20y&k=z" },
      "x y",
    ],
    ["no parameter", { type: "query", name: "k" }, { target: "/p?kk=1" }, undefined],
    ["a cookie", { type: "cookie", name: "k" }, { header: { cookie: "kk=1; k = x=y ; k=z" } }, "x=y"],
    ["a quoted cookie", { type: "cookie", name: "k" }, { header: { cookie: 'k="v"' } }, "v"],
    ["no cookie", { type: "cookie", name: "k" }, {}, undefined],
  ] as const)("%s", (_, place, more, want) => {
    expect(readPlace(place, request(more))).toBe(want);
  });

  test.each([
    ["/p?k=1", "/p"],
    ["/p?a=%20&k=1&b", "/p?a=%20&b"],
    ["/p?k=1&k=2&kk=3", "/p?kk=3"],
    ["/p", "/p"],
  ])("%s without its parameter is %s", (target, want) => {
    expect(clearPlace({ type: "query", name: "k" }, request({ target })).target).toBe(want);
  });

  test.each([
    ["a=1; k=2; b=3", "a=1; b=3"],
    ["k=2", undefined],
  ])("cookies %s without one of them are %s", (cookie, want) => {
    const { changes } = clearPlace({ type: "cookie", name: "k" }, request({ header: { cookie } }));
    expect(changes).toEqual([["cookie", want]]);
  });
});

describe("ranges of addresses", () => {
  const isIn = compileCidrs(["10.0.0.0/8", "192.168.1.7/32", "2001:db8::/32"]);
  test.each([
    ["10.255.0.1", true],
    ["11.0.0.1", false],
    ["192.168.1.7", true],
    ["192.168.1.8", false],
    ["::ffff:10.1.2.3", true],
    ["2001:db8:1::1", true],
    ["2001:db9::1", false],
    ["fe80::1%eth0", false],
    ["", false],
  ])("%s: %p", (address, want) => {
    expect(isIn(address)).toBe(want);
  });
  test.each(["10.0.0.0", "10.0.0.0/33", "::/129", "host/8", "10.0.0.0/-1"])("%s is none", (cidr) => {
    expect(() => compileCidrs([cidr])).toThrow(JSON.stringify(cidr));
  });
});

describe("htpasswd", () => {
  const sha = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=";
  test("users, blank lines and comments", () => {
    expect([...readHtpasswd(`# users\n\nalice:${sha}\r\nbob:${sha}\n`).keys()]).toEqual(["alice", "bob"]);
  });
  test.each([
    ["bcrypt", "alice:$2y$05$abc", "line 1 is not USER:{SHA}DIGEST"],
    ["a short digest", "\nalice:{SHA}abc=", "line 2"],
    ["a user twice", `a:${sha}\na:${sha}`, "line 2 names a user again"],
  ])("%s is refused without being quoted", (_, text, message) => {
    expect(() => readHtpasswd(text)).toThrow(message);
  });
});

describe("claims", () => {
  const claims: Claims = { a: { b: ["x"], c: 7 }, "https://x.y/z": "u", scope: "one two", scp: ["three", 4] };
  test("by path, and by a name with dots", () => {
    expect(
      ["a.b", "a.c", "https://x.y/z", "a.d", "a.b.0", "__proto__"].map((path) => readClaim(claims, path)),
    ).toEqual([["x"], 7, "u", undefined, undefined, undefined]);
  });
  test("scopes of both spellings", () => {
    expect([...readScopes(claims)]).toEqual(["one", "two", "three"]);
  });
  test.each([
    ["text", "text"],
    [7, "7"],
    [true, "true"],
    [["a"], btoa('["a"]')],
    ["line\nbreak", undefined],
    [null, undefined],
  ])("%j in a header is %s", (value, want) => {
    expect(writeClaim(value)).toBe(want as string);
  });
});

describe("authorization", () => {
  const rule = (more: Partial<AuthorizationRule>): AuthorizationRule => ({
    at: 0,
    isAllow: true,
    methods: [],
    cidrs: [],
    headers: [],
    ...more,
  });
  const identity = (claims: Claims): Identity => ({ claims: new Map([["idp", claims]]) });
  const rules = [
    rule({ isAllow: false, cidrs: ["10.0.0.0/8"] }),
    rule({ methods: ["GET"] }),
    rule({
      headers: [
        { name: "x-team", values: ["red", "blue"] },
        { name: "x-ok", values: ["1"] },
      ],
    }),
    rule({
      jwt: { provider: "idp", scopes: ["a", "b"], claims: [{ claim: "r", isList: false, values: ["x"] }] },
    }),
  ];
  const authorize = prepareAuthorization({ at: 0, isAllowedByDefault: false, rules });
  test.each([
    ["denied by the first rule", request({ method: "GET", clientAddress: () => "10.0.0.1" }), {}, "rule_0"],
    [
      "an unknown address fits no range",
      request({ method: "GET", clientAddress: () => undefined }),
      {},
      "allowed",
    ],
    ["a method", request({ method: "GET" }), {}, "allowed"],
    ["all headers", request({ header: { "x-team": "blue", "x-ok": "1" } }), {}, "allowed"],
    ["one header of two", request({ header: { "x-team": "blue" } }), {}, "none"],
    ["all scopes and claims", request(), { scope: "b a", r: "x" }, "allowed"],
    ["one scope of two", request(), { scope: "a", r: "x" }, "none"],
    ["a list where text is wanted", request(), { scope: "a b", r: ["x"] }, "none"],
  ])("%s", (_, asked, claims, want) => {
    const refused = authorize(asked, identity(claims));
    const got = refused === undefined ? "allowed" : refused.reason.includes("rule 0") ? "rule_0" : "none";
    expect(got).toBe(want);
  });
  test("without any rule the default counts", () => {
    const open = prepareAuthorization({ at: 0, isAllowedByDefault: true, rules: [] });
    expect([open(request(), identity({})), authorize(request(), { claims: new Map() })?.status]).toEqual([
      undefined,
      403,
    ]);
  });
});

test("cross-origin answers name the origin, and differ by it", () => {
  const cors = prepareCors({
    at: 0,
    origins: [{ type: "regex", pattern: "https://.*\\.example\\.com" }],
    methods: [],
    requestHeaders: [],
    exposedHeaders: [],
    hasCredentials: false,
  });
  const origin = (value: string) => new Headers({ origin: value });
  expect(cors.answer(origin("https://a.example.com"))).toEqual([
    ["access-control-allow-origin", "https://a.example.com"],
    ["vary", "Origin"],
  ]);
  expect(cors.answer(origin("https://a.example.com.evil"))).toEqual([]);
  expect(cors.preflight("OPTIONS", origin("https://a.example.com"))).toBeUndefined();
});

test("headers with changes over them", () => {
  const headers = new ChangedHeaders(new Headers({ a: "1", b: "2" }), [
    ["a", undefined],
    ["b", "3"],
    ["c", "4"],
  ]);
  const seen: string[] = [];
  headers.forEach((value, name) => void seen.push(`${name}=${value}`));
  expect([headers.get("a"), headers.get("b"), headers.has("a"), headers.has("c"), seen]).toEqual([
    null,
    "3",
    false,
    true,
    ["b=3", "c=4"],
  ]);
});

test("logs show no credential of a query", () => {
  const access = {
    a: {
      key: "a",
      print: "",
      at: 0,
      apiKeys: { at: 0, clients: [], from: [{ type: "query", name: "api.key" }], isSanitized: false },
    },
  } satisfies { a: Access };
  const logPath = prepareLogPath(access);
  expect(["/p?api.key=s&b=1", "/p?b=1&api.key=s", "/p?apixkey=s", "/p"].map(logPath)).toEqual([
    "/p?api.key=[REDACTED]&b=1",
    "/p?b=1&api.key=[REDACTED]",
    "/p?apixkey=s",
    "/p",
  ]);
});
