import { describe, expect, test } from "bun:test";
import type { GatewayModel } from "../../model/gateway.ts";
import { compileText, findings, forwardOf, gateway, route, service } from "../testing.ts";
import { intersectHosts } from "./hosts.ts";

function modelOf(text: string): GatewayModel {
  const compiled = compileText(text);
  if (compiled.model === undefined) throw new Error(findings(compiled).join("\n"));
  return compiled.model;
}

const grouped = (model: GatewayModel) =>
  model.listeners.map(({ port, chains }) => ({
    port,
    hosts: chains.flatMap(({ hosts }) =>
      hosts.map(({ domains, matches }) => ({ domains, matches: matches.map(({ name }) => name) })),
    ),
  }));

const hosts: readonly (readonly [a: string, b: string, want: string | undefined])[] = [
  ["*", "*", "*"],
  ["*", "a.com", "a.com"],
  ["*.a.com", "*", "*.a.com"],
  ["a.com", "a.com", "a.com"],
  ["a.com", "b.com", undefined],
  ["*.a.com", "x.a.com", "x.a.com"],
  ["*.a.com", "x.y.a.com", "x.y.a.com"],
  ["*.a.com", "a.com", undefined],
  ["*.a.com", "xa.com", undefined],
  ["*.a.com", "*.b.a.com", "*.b.a.com"],
  ["*.a.com", "*.b.com", undefined],
];
test.each(hosts)("intersectHosts makes of %s and %s: %s", (a, b, want) => {
  expect([intersectHosts(a, b), intersectHosts(b, a)]).toEqual([want, want]);
});

const header = (name: string, value: string, type = "Exact") =>
  `{name: ${name}, type: ${type}, value: "${value}"}`;
const rule = (...headers: string[]) =>
  `    - matches: [{headers: [${headers.join(", ")}]}]\n      backendRefs: [{name: s}]\n`;

describe("matches are tried", () => {
  test("with more headers first, then with more exact ones, then in the order of names, rules and matches", () => {
    const b = route(
      "b",
      rule(header("x-ai-eg-model", ".*", "RegularExpression")) +
        rule(header("X-AI-EG-MODEL", "m1")) +
        rule(header("x-team", "a"), header("x-ai-eg-model", "m.*", "RegularExpression")) +
        "    - backendRefs: [{name: s}]\n",
    );
    const a = route(
      "a",
      "    - backendRefs: [{name: s}]\n" +
        rule(header("x-team", "a"), header("x-ai-eg-model", "m1")) +
        rule(header("x-ai-eg-model", "m2")),
    );
    const [listener] = grouped(modelOf(gateway + service("s") + b + a));
    expect(listener?.hosts).toEqual([
      {
        domains: ["*"],
        matches: [
          "httproute/default/a/rule/1/match/0/*",
          "httproute/default/b/rule/2/match/0/*",
          "httproute/default/a/rule/2/match/0/*",
          "httproute/default/b/rule/1/match/0/*",
          "httproute/default/b/rule/0/match/0/*",
          "httproute/default/a/rule/0/match/0/*",
          "httproute/default/b/rule/3/match/0/*",
        ],
      },
    ]);
  });

  test("with the model apart from other headers, whose names are lower-case", () => {
    const text =
      gateway +
      service("s") +
      route("r", rule(header("X-Team", "A"), header("X-Ai-Eg-Model", "m.*", "RegularExpression")));
    const [match] = modelOf(text).listeners[0]?.chains[0]?.hosts[0]?.matches ?? [];
    expect(match).toMatchObject({
      path: { type: "prefix", value: "/" },
      headers: [{ name: "x-team", value: { type: "exact", value: "A" } }],
      model: [{ type: "regex", pattern: "m.*" }],
    });
  });

  test("once: of two equal ones the later is reported", () => {
    const text =
      gateway +
      service("s") +
      route("a", rule(header("x-ai-eg-model", "m"))) +
      route("b", rule(header("x-ai-eg-model", "m")));
    expect(findings(compileText(text))).toEqual([
      "warning gw.yaml:43:17: document 6 (AIGatewayRoute default/b): spec.rules[0].matches[0]: is never reached: httproute/default/a/rule/0 takes the same requests first\n  the one in effect: gw.yaml:34:17",
    ]);
  });
});

describe("routes attach", () => {
  const listeners = (text: string) => gateway.replace("    - {name: http, protocol: HTTP, port: 1975}", text);
  const hosted = (name: string, hostnames: string, more = "") =>
    route(name, "    - backendRefs: [{name: s}]", `  hostnames: [${hostnames}]\n${more}`);

  test("by host, a listener of the port keeping the name that it has for itself", () => {
    const text =
      listeners(`    - {name: all, protocol: HTTP, port: 80}
    - {name: a, protocol: HTTP, port: 80, hostname: a.com}
    - {name: wild, protocol: HTTP, port: 81, hostname: "*.b.com"}`) +
      service("s") +
      hosted("one", "a.com, x.b.com") +
      route("two", "    - backendRefs: [{name: s}]");
    expect(grouped(modelOf(text))).toEqual([
      {
        port: 80,
        hosts: [
          { domains: ["x.b.com"], matches: ["httproute/default/one/rule/0/match/0/x_b_com"] },
          { domains: ["*"], matches: ["httproute/default/two/rule/0/match/0/*"] },
          {
            domains: ["a.com"],
            matches: [
              "httproute/default/one/rule/0/match/0/a_com",
              "httproute/default/two/rule/0/match/0/a_com",
            ],
          },
        ],
      },
      {
        port: 81,
        hosts: [
          { domains: ["x.b.com"], matches: ["httproute/default/one/rule/0/match/0/x_b_com"] },
          { domains: ["*.b.com"], matches: ["httproute/default/two/rule/0/match/0/*_b_com"] },
        ],
      },
    ]);
  });

  test("to the listener that they name, by section and port", () => {
    const two = `    - {name: a, protocol: HTTP, port: 80}\n    - {name: b, protocol: HTTP, port: 81}`;
    const text = listeners(two) + service("s") + route("r", "    - backendRefs: [{name: s}]");
    const at = (parent: string) =>
      grouped(modelOf(text.replace("[{name: gw}]", parent))).map((listener) => listener.hosts.length);
    expect(at("[{name: gw}]")).toEqual([1, 1]);
    expect(at("[{name: gw, sectionName: b}]")).toEqual([0, 1]);
    expect(at("[{name: gw, port: 80}]")).toEqual([1, 0]);
    expect(at("[{name: gw, port: 80}, {name: gw, sectionName: b}]")).toEqual([1, 1]);
  });

  test("from other namespaces only where the listener allows it", () => {
    const other = (text: string) =>
      text.replaceAll("metadata: {name: s}", "metadata: {name: s, namespace: team}");
    const foreign = route("r", "    - backendRefs: [{name: s}]")
      .replace("{name: r}", "{name: r, namespace: team}")
      .replace("{name: gw}", "{name: gw, namespace: default}");
    const closed = compileText(gateway + other(service("s")) + foreign);
    expect(findings(closed)[0]).toStartWith(
      "warning gw.yaml:32:15: document 5 (AIGatewayRoute team/r): spec.parentRefs: no listener allows this route: it will receive no traffic",
    );
    expect(grouped(closed.model!)).toEqual([{ port: 1975, hosts: [] }]);
    const open = gateway.replace("port: 1975", "port: 1975, allowedRoutes: {namespaces: {from: All}}");
    expect(grouped(modelOf(open + other(service("s")) + foreign))[0]?.hosts.length).toBe(1);
  });

  test("not without a host in common, which is reported", () => {
    const text =
      listeners("    - {name: a, protocol: HTTP, port: 80, hostname: a.com}") +
      service("s") +
      hosted("r", "b.com");
    expect(findings(compileText(text))).toEqual([
      "warning gw.yaml:35:14: document 5 (AIGatewayRoute default/r): spec.hostnames: has no host in common with its listeners: the route will receive no traffic",
    ]);
  });
});

describe("references", () => {
  const away = (text: string) =>
    text.replaceAll("metadata: {name: s}", "metadata: {name: s, namespace: shop}");
  const cross = route("r", "    - backendRefs: [{name: s, namespace: shop}]");
  const grant = (from: string, to: string) => `apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: ${from.toLowerCase()}, namespace: shop}
spec:
  from: [{group: ${from === "HTTPRoute" ? "gateway.networking.k8s.io" : "aigateway.envoyproxy.io"}, kind: ${from}, namespace: default}]
  to: [${to}]
---
`;
  const toService = "{group: aigateway.envoyproxy.io, kind: AIServiceBackend}";
  const toBackend = "{group: gateway.envoyproxy.io, kind: Backend, name: s}";

  test("into another namespace need a grant for the service and one for its Backend", () => {
    const base = gateway + away(service("s")) + cross;
    const denied = (text: string) =>
      findings(compileText(text)).map((line) => /reference from .*? by any ReferenceGrant/.exec(line)?.[0]);
    expect(denied(base)).toEqual([
      "reference from AIGatewayRoute default/r to AIServiceBackend shop/s is not permitted by any ReferenceGrant",
    ]);
    expect(denied(base + grant("AIGatewayRoute", toService))).toEqual([
      "reference from HTTPRoute default/r to Backend shop/s is not permitted by any ReferenceGrant",
    ]);
    const both = base + grant("AIGatewayRoute", toService) + grant("HTTPRoute", toBackend);
    const [ai] = Object.values(modelOf(both).aiBackends);
    expect([ai?.key, ai?.backendName]).toEqual(["default/s/route/r/rule/0/ref/0", "shop/s"]);
    // Envoy Gateway looks at the name in a grant, the AI layer does not.
    const misnamed =
      base +
      grant("AIGatewayRoute", toService.replace("}", ", name: z}")) +
      grant("HTTPRoute", toBackend.replace("name: s", "name: z"));
    expect(denied(misnamed)).toEqual([
      "reference from HTTPRoute default/r to Backend shop/s is not permitted by any ReferenceGrant",
    ]);
  });

  test("stay listed with weight 0, with their priority, and broken where there is nothing behind them", () => {
    const lonely = service("lonely").split("---\n")[0];
    const text =
      gateway +
      service("s") +
      `${lonely}---\n` +
      route(
        "r",
        "    - backendRefs: [{name: s, weight: 0}, {name: s, priority: 2, modelNameOverride: m}, {name: lonely}]",
      );
    const model = modelOf(text);
    const { aiBackends } = model;
    const { refs } = forwardOf(model);
    expect(refs.map(({ at: _, requestHeaders: _r, responseHeaders: _s, ...ref }) => ref)).toEqual([
      {
        name: "httproute/default/r/rule/0/backend/0",
        weight: 0,
        priority: 0,
        backend: "default/s",
        ai: "default/s/route/r/rule/0/ref/0",
      },
      {
        name: "httproute/default/r/rule/0/backend/1",
        weight: 1,
        priority: 2,
        backend: "default/s",
        ai: "default/s/route/r/rule/0/ref/1",
      },
      {
        name: "httproute/default/r/rule/0/backend/2",
        weight: 1,
        priority: 0,
        broken: {
          status: 500,
          reason: "AIServiceBackend default/lonely leads to Backend lonely, which cannot be used",
        },
      },
    ]);
    expect(Object.values(aiBackends).map(({ modelOverride }) => modelOverride)).toEqual([undefined, "m"]);
  });

  const schemas: readonly (readonly [schema: string, want: unknown, said: string])[] = [
    ["{name: OpenAI}", { name: "OpenAI", prefix: "v1" }, ""],
    ["{name: OpenAI, prefix: /api/v1/}", { name: "OpenAI", prefix: "api/v1" }, ""],
    ['{name: OpenAI, prefix: "/"}', { name: "OpenAI", prefix: "/" }, ""],
    [
      '{name: Anthropic, prefix: ""}',
      { name: "Anthropic", prefix: "v1" },
      'spec.schema.prefix: an empty prefix means v1; "/" is the way to have none',
    ],
    [
      "{name: OpenAI, version: v2}",
      { name: "OpenAI", prefix: "v1" },
      "spec.schema.version: is ignored for schema OpenAI; a path before the endpoint goes into schema.prefix",
    ],
    ["{name: AzureOpenAI, version: x, prefix: y}", { name: "AzureOpenAI", version: "x" }, ""],
    ["{name: AWSBedrock}", { name: "AWSBedrock" }, ""],
  ];
  test.each(schemas)("schema %s", (schema, want, said) => {
    const services = service("s").replace("{name: OpenAI}", schema);
    const compiled = compileText(gateway + services + route("r", "    - backendRefs: [{name: s}]"));
    expect(Object.values(compiled.model?.aiBackends ?? {})[0]?.schema).toEqual(want as never);
    expect(
      findings(compiled)
        .join("\n")
        .replace(/^.*default\/s\): /, ""),
    ).toBe(said);
  });
});

describe("timeouts", () => {
  const cases: readonly (readonly [rule: string, want: unknown])[] = [
    ["", { requestMs: 60_000, connectMs: 10_000 }],
    ["timeouts: {request: 0s}", { requestMs: 0, connectMs: 10_000 }],
    ["timeouts: {request: 2m, backendRequest: 1m30s}", { requestMs: 90_000, connectMs: 10_000 }],
    ["timeouts: {backendRequest: 5s}", { requestMs: 5_000, connectMs: 10_000 }],
    ["streamIdleTimeout: 500ms", { requestMs: 60_000, connectMs: 10_000, perTryIdleMs: 500 }],
    ["streamIdleTimeout: 0s", { requestMs: 60_000, connectMs: 10_000 }],
  ];
  test.each(cases)("of {%s}", (written, want) => {
    const text =
      gateway +
      service("s") +
      route("r", `    - {backendRefs: [{name: s}]${written === "" ? "" : `, ${written}`}}`);
    expect(forwardOf(modelOf(text)).timeouts).toEqual(want as never);
  });
});

describe("models are listed", () => {
  const models = (name: string, owner: string, hostnames: string, ...ids: string[]) =>
    route(
      name,
      `    - modelsOwnedBy: ${owner}\n      matches: [${ids.map((id) => `{headers: [${header("X-AI-EG-Model", id)}]}`).join(", ")}]\n      backendRefs: [{name: s}]\n`,
      hostnames === "" ? "" : `  hostnames: [${hostnames}]\n`,
    );

  test("by route, each id once a list, hosts with the unscoped ones at the end", () => {
    const text =
      gateway +
      service("s") +
      models("z", "z", "", "m3", "m1") +
      models("a", "a", "a.com", "m1", "m2") +
      models("b", "b", '"*.b.com", a.com', "m4");
    const { all, byHost, unscoped } = modelOf(text).models;
    const names = (list: typeof all) => list.map(({ id, ownedBy }) => `${id} of ${ownedBy}`);
    expect(names(all)).toEqual(["m1 of a", "m2 of a", "m4 of b", "m3 of z"]);
    expect(names(unscoped)).toEqual(["m3 of z", "m1 of z"]);
    expect(Object.fromEntries(Object.entries(byHost).map(([host, list]) => [host, names(list)]))).toEqual({
      "a.com": ["m1 of a", "m2 of a", "m4 of b", "m3 of z"],
      "*.b.com": ["m4 of b", "m3 of z", "m1 of z"],
    });
  });

  test("with the time given or that of the start, and never for patterns", () => {
    const text =
      gateway +
      service("s") +
      route(
        "r",
        `    - modelsCreatedAt: "2025-06-01T02:00:00+02:00"\n${rule(header("x-ai-eg-model", "m")).replace("    - ", "      ")}` +
          rule(header("x-ai-eg-model", "n")) +
          rule(header("x-ai-eg-model", ".*", "RegularExpression")),
      );
    expect(
      modelOf(text).models.all.map(({ id, createdAtMs, ownedBy }) => [
        id,
        new Date(createdAtMs).toISOString(),
        ownedBy,
      ]),
    ).toEqual([
      ["m", "2025-06-01T00:00:00.000Z", "Envoy AI Gateway"],
      ["n", "2026-01-02T03:04:05.000Z", "Envoy AI Gateway"],
    ]);
  });
});

describe("costs", () => {
  const costs = (...entries: string[]) => `  llmRequestCosts: [${entries.join(", ")}]\n`;

  test("keep their order, the last of one key counting", () => {
    const text =
      gateway +
      service("s") +
      route(
        "r",
        "    - backendRefs: [{name: s}]",
        costs(
          "{metadataKey: a, type: InputToken}",
          "{metadataKey: b, type: CEL, cel: input_tokens + output_tokens * 3u}",
          "{metadataKey: a, type: TotalToken}",
        ),
      );
    const { byRoute, global } = modelOf(text).costs;
    expect(byRoute["default/r"]?.map(({ metadataKey, amount }) => [metadataKey, amount])).toEqual([
      ["b", { source: "input_tokens + output_tokens * 3u", result: "count" }],
      ["a", "total"],
    ]);
    expect(global).toEqual([]);
  });

  test("of all routes come from the GatewayConfig that the Gateway's annotation names", () => {
    const annotated = gateway.replace(
      "kind: Gateway\nmetadata: {name: gw}",
      "kind: Gateway\nmetadata: {name: gw, annotations: {aigateway.envoyproxy.io/gateway-config: conf}}",
    );
    const config = `apiVersion: aigateway.envoyproxy.io/v1beta1
kind: GatewayConfig
metadata: {name: conf}
spec:
  globalLLMRequestCosts: [{metadataKey: g, type: CachedInputToken}]
---
`;
    expect(
      modelOf(annotated + config).costs.global.map(({ metadataKey, amount }) => [metadataKey, amount]),
    ).toEqual([["g", "cachedInput"]]);
    expect(modelOf(gateway + config).costs.global).toEqual([]);
    expect(findings(compileText(annotated))[0]).toContain(
      'names GatewayConfig "default/conf", which is not in the configuration; defaults apply',
    );
  });

  test("of a route without backends are left out", () => {
    const text = gateway + route("r", "    - backendRefs: []", costs("{metadataKey: a, type: InputToken}"));
    expect(modelOf(text).costs.byRoute).toEqual({});
  });
});
