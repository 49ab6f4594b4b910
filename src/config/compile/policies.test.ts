import { describe, expect, test } from "bun:test";
import type { Compiled } from "../../model/gateway.ts";
import { compileText, findings, forwardOf, gateway, route, service } from "../testing.ts";

const target = (kind: string, name: string, section = "") =>
  `{group: gateway.networking.k8s.io, kind: ${kind}, name: ${name}${section === "" ? "" : `, sectionName: ${section}`}}`;

const policy = (
  kind: string,
  name: string,
  targets: string,
  spec: string,
) => `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: ${kind}
metadata: {name: ${name}}
spec:
  targetRefs: [${targets}]
${spec}
---
`;

const retries = (name: string, targets: string, count: number) =>
  policy("BackendTrafficPolicy", name, targets, `  retry: {numRetries: ${count}}`);

const base =
  gateway +
  service("s") +
  route(
    "r",
    "    - {name: one, backendRefs: [{name: s}]}\n    - {backendRefs: [{name: s}], matches: [{headers: [{name: a, value: b}]}]}",
  );

const retryCounts = ({ model }: Compiled) =>
  Object.values(model?.rules ?? {}).map(({ action }) =>
    action.type === "forward" ? action.retry?.retries : undefined,
  );
const said = (compiled: Compiled) =>
  findings(compiled).map((line) => line.replace(/^(\w+) \S+ document \d+ /, "$1 "));

describe("the most specific policy replaces the others", () => {
  const all = [
    retries("on-gateway", target("Gateway", "gw"), 1),
    retries("on-route", target("HTTPRoute", "r"), 2),
    retries("on-rule", target("HTTPRoute", "r", "one"), 3),
  ];
  test("Gateway, then route, then rule", () => {
    expect(retryCounts(compileText(base))).toEqual([undefined, undefined]);
    expect(retryCounts(compileText(base + all[0]))).toEqual([1, 1]);
    expect(retryCounts(compileText(base + all[0] + all[1]))).toEqual([2, 2]);
    expect(retryCounts(compileText(base + all.join("")))).toEqual([3, 2]);
  });

  test("by name where two have one target, which is said", () => {
    const compiled = compileText(
      base + retries("b", target("HTTPRoute", "r"), 5) + retries("a", target("HTTPRoute", "r"), 4),
    );
    expect(retryCounts(compiled)).toEqual([4, 4]);
    expect(said(compiled)).toEqual([
      "warning (BackendTrafficPolicy default/b): spec.targetRefs[0]: Unable to target HTTPRoute default/r, another BackendTrafficPolicy has already attached to it: default/a\n  the one in effect: gw.yaml:44:1",
    ]);
  });
});

describe("a policy is refused", () => {
  const cases: readonly (readonly [targets: string, message: string])[] = [
    [
      target("HTTPRoute", "nope"),
      'targetRefs[0].name: references HTTPRoute "default/nope", but there is no HTTPRoute or AIGatewayRoute of that name',
    ],
    [target("HTTPRoute", "r", "two"), 'targetRefs[0].sectionName: AIGatewayRoute r has no rule named "two"'],
    [
      target("Gateway", "gx"),
      'targetRefs[0].name: references Gateway "default/gx", which is not in the configuration',
    ],
    [
      "{group: aigateway.envoyproxy.io, kind: AIGatewayRoute, name: r}",
      'targetRefs[0]: must target a Gateway or HTTPRoute of gateway.networking.k8s.io, not AIGatewayRoute of "aigateway.envoyproxy.io"; write kind: HTTPRoute, group: gateway.networking.k8s.io and the same name',
    ],
  ];
  test.each(cases)("for the target %s", (targets, message) => {
    expect(said(compileText(base + retries("p", targets, 1)))).toEqual([
      `error (BackendTrafficPolicy default/p): spec.${message}`,
    ]);
  });

  test("for a listener that there is not", () => {
    const text =
      base +
      policy(
        "ClientTrafficPolicy",
        "p",
        target("Gateway", "gw", "https"),
        "  connection: {bufferLimit: 1Ki}",
      );
    expect(said(compileText(text))).toEqual([
      'error (ClientTrafficPolicy default/p): spec.targetRefs[0].sectionName: Gateway gw has no listener "https"',
    ]);
  });
});

test("fields of a policy that are not honoured yet are named by line", () => {
  const text =
    base +
    policy(
      "BackendTrafficPolicy",
      "p",
      target("Gateway", "gw"),
      "  retry: {}\n  bandwidthLimit: {x: 1}\n  telemetry: {}",
    );
  expect(findings(compileText(text))).toEqual([
    "warning gw.yaml:43:3: document 6 (BackendTrafficPolicy default/p): spec.bandwidthLimit: is not supported by aigw yet and is ignored",
  ]);
});

describe("retry", () => {
  const cases: readonly (readonly [written: string, want: object])[] = [
    [
      "{}",
      {
        triggers: ["cancelled", "connect-failure", "refused-stream", "retriable-status-codes", "unavailable"],
        statuses: [503],
        retries: 2,
        baseBackOffMs: 25,
        maxBackOffMs: 250,
      },
    ],
    ["{retryOn: {triggers: [reset, 5xx]}}", { triggers: ["5xx", "reset"], statuses: [] }],
    [
      "{retryOn: {httpStatusCodes: [500, 502]}}",
      {
        triggers: ["cancelled", "connect-failure", "refused-stream", "retriable-status-codes", "unavailable"],
        statuses: [500, 502],
      },
    ],
    ["{numRetries: 5, numAttemptsPerPriority: 1}", { retries: 5, attemptsPerPriority: 1 }],
    [
      "{perRetry: {backOff: {baseInterval: 10ms, maxInterval: 20ms}}}",
      { baseBackOffMs: 10, maxBackOffMs: 20 },
    ],
    ["{perRetry: {backOff: {baseInterval: 1s}}}", { baseBackOffMs: 1000, maxBackOffMs: 10_000 }],
    ["{perRetry: {backOff: {maxInterval: 10ms}}}", { baseBackOffMs: 25, maxBackOffMs: 25 }],
  ];
  test.each(cases)("%s", (written, want) => {
    const { model } = compileText(
      base + policy("BackendTrafficPolicy", "p", target("Gateway", "gw"), `  retry: ${written}`),
    );
    expect(forwardOf(model).retry).toMatchObject(want);
  });

  test("limits each try by perRetry.timeout", () => {
    const { model } = compileText(
      base +
        policy("BackendTrafficPolicy", "p", target("Gateway", "gw"), "  retry: {perRetry: {timeout: 30s}}"),
    );
    expect(forwardOf(model).timeouts).toEqual({
      requestMs: 60_000,
      connectMs: 10_000,
      perTryMs: 30_000,
    });
  });
});

describe("backends", () => {
  const cases: readonly (readonly [written: string, want: object])[] = [
    [
      "circuitBreaker: {maxConnections: 5, retryBudget: {percent: {numerator: 1, denominator: 4}}}",
      {
        breaker: {
          connections: 5,
          pending: 1024,
          requests: 1024,
          retries: 1024,
          retryBudget: { percent: 25, least: 3 },
        },
      },
    ],
    [
      "healthCheck: {panicThreshold: 10, passive: {}}",
      {
        panicPercent: 10,
        outlier: {
          intervalMs: 3000,
          ejectionMs: 30_000,
          consecutive5xx: 5,
          consecutiveLocal: 5,
          splitsLocal: false,
          maxPercent: 10,
          alwaysOne: false,
        },
      },
    ],
    [
      "healthCheck: {active: {type: HTTP, http: {path: /up, expectedResponse: {type: Binary, binary: b2s=}}}}",
      {
        activeHealth: {
          timeoutMs: 1000,
          intervalMs: 3000,
          initialJitterMs: 0,
          unhealthy: 3,
          healthy: 1,
          check: { type: "http", path: "/up", method: "GET", statuses: [200], text: "ok" },
        },
      },
    ],
    [
      "loadBalancer: {type: RoundRobin, slowStart: {window: 1m}}",
      { balance: { type: "round-robin", slowStartMs: 60_000 } },
    ],
    [
      "loadBalancer: {type: ConsistentHash, consistentHash: {type: Headers, headers: [{name: X-A}, {name: b}]}}",
      {
        balance: {
          type: "hash",
          by: [
            { type: "header", name: "x-a" },
            { type: "header", name: "b" },
          ],
          tableSize: 65_537,
        },
      },
    ],
    ["dns: {dnsRefreshRate: 5s, respectDnsTtl: false}", { dns: { refreshMs: 5000, respectsTtl: false } }],
    [
      "timeout: {http: {connectionIdleTimeout: 1m}}\n  connection: {bufferLimit: 64Ki}",
      { connections: { idleMs: 60_000, bufferBytes: 65_536 } },
    ],
  ];
  test.each(cases)("%s", (written, want) => {
    const { model } = compileText(
      base + policy("BackendTrafficPolicy", "p", target("Gateway", "gw"), `  ${written}`),
    );
    const { at: _, ...upstream } = forwardOf(model).upstream ?? { at: 0 };
    expect(upstream as object).toEqual(want);
  });
});

describe("merging", () => {
  const text = (child: string, parent: string) =>
    base +
    policy("BackendTrafficPolicy", "child", target("HTTPRoute", "r"), child) +
    policy("BackendTrafficPolicy", "parent", target("Gateway", "gw"), parent);
  const action = (child: string, parent: string) => forwardOf(compileText(text(child, parent)).model);
  const breaker = "  circuitBreaker: {maxConnections: 5000}";

  test("a route's policy replaces the Gateway's, unless it asks for it", () => {
    expect(action("  retry: {numRetries: 1}", breaker)).not.toHaveProperty("upstream");
    const merged = action("  mergeType: StrategicMerge\n  retry: {numRetries: 1}", breaker);
    expect(merged).toMatchObject({ retry: { retries: 1 }, upstream: { breaker: { connections: 5000 } } });
  });

  test("what the child wrote wins, and its defaults do not", () => {
    const merged = action("  mergeType: JSONMerge\n  circuitBreaker: {maxPendingRequests: 7}", breaker);
    expect(merged.upstream?.breaker).toMatchObject({ connections: 5000, pending: 7, requests: 1024 });
  });

  test("each field knows which policy it is from", () => {
    const { model } = compileText(
      text("  mergeType: StrategicMerge\n  timeout: {}", "  retry: {numRetries: 1}"),
    );
    const at = forwardOf(model).retry?.at ?? 0;
    expect(model?.origins[at]?.resource.name).toBe("parent");
  });
});

describe("limits", () => {
  const limited = (rule: string, costs = "") =>
    compileText(
      base.replace("parentRefs:", `${costs}parentRefs:`) +
        policy(
          "BackendTrafficPolicy",
          "p",
          target("HTTPRoute", "r"),
          `  rateLimit: {global: {rules: [{limit: {requests: 5, unit: Hour}, ${rule}}]}}`,
        ),
    );
  const tokens = "cost: {response: {from: Metadata, metadata: {namespace: io.envoy.ai_gateway, key: total}}}";
  const ofTotal = "llmRequestCosts: [{metadataKey: total, type: TotalToken}]\n  ";

  test("have a name of their own for each rule, unless they are shared, and no number in it", () => {
    const { limits = {} } = limited("cost: {}").model ?? {};
    expect(Object.keys(limits)).toContain("default/p/global/0@default/r/1");
    expect(Object.keys(limited("shared: true").model?.limits ?? {})).toEqual(["default/p/global/0"]);
    expect(limits["default/p/global/0@default/r/1"]).toMatchObject({
      algorithm: "window",
      amount: 5,
      unitMs: 3_600_000,
      requestCost: 1,
    });
  });

  test("on what nobody counts are a warning", () => {
    expect(said(limited(tokens, ofTotal))).toEqual([]);
    expect(said(limited(tokens))).toEqual([
      'warning (BackendTrafficPolicy default/p): spec.rateLimit.global.rules[0].cost.response.metadata: no llmRequestCosts writes "total" for this route: the limit is never reached; add metadataKey: total to the AIGatewayRoute\'s llmRequestCosts',
    ]);
    expect(said(limited(tokens.replace("io.envoy.ai_gateway", "mine")))).toEqual([
      'warning (BackendTrafficPolicy default/p): spec.rateLimit.global.rules[0].cost.response.metadata: nothing writes metadata of namespace "mine": the limit is never reached; costs of AIGatewayRoutes are in io.envoy.ai_gateway',
    ]);
    expect(said(limited(tokens.replace("response", "request"), ofTotal))).toEqual([
      "warning (BackendTrafficPolicy default/p): spec.rateLimit.global.rules[0].cost.request.metadata: costs are known only when an answer is there: a request counts 1; write it under cost.response, and cost.request: {from: Number, number: 0}",
    ]);
  });

  const wrong: readonly (readonly [rule: string, want: string])[] = [
    [
      "clientSelectors: [{sourceCIDR: {value: 10.0.0.0/40}}]",
      '"10.0.0.0/40" must be an address and a prefix length',
    ],
    [
      "clientSelectors: [{headers: [{type: RegularExpression, name: x, value: (}]}]",
      "invalid regular expression",
    ],
  ];
  test.each(wrong)("%s is an error", (rule, want) => {
    expect(said(limited(rule)).join()).toContain(want);
  });
});

describe("request bodies", () => {
  const two = base.replace("port: 1975}", "port: 1975}\n    - {name: other, protocol: HTTP, port: 1976}");
  const limits = ({ model }: Compiled) =>
    model?.listeners.map(({ chains }) => chains[0]?.client.maxBufferedBytes);
  const limit = (name: string, targets: string, size: string) =>
    policy("ClientTrafficPolicy", name, targets, `  connection: {bufferLimit: ${size}}`);

  test("are limited to 50 MiB, or by a policy for the Gateway or, before it, one for the listener", () => {
    expect(limits(compileText(two))).toEqual([52_428_800, 52_428_800]);
    expect(limits(compileText(two + limit("a", target("Gateway", "gw"), "32Ki")))).toEqual([32_768, 32_768]);
    const both =
      two + limit("a", target("Gateway", "gw"), "1M") + limit("b", target("Gateway", "gw", "other"), "2048");
    expect(limits(compileText(both))).toEqual([1_000_000, 2048]);
  });

  test("cannot have two limits at one port", () => {
    const shared = base.replace(
      "port: 1975}",
      "port: 1975}\n    - {name: other, protocol: HTTP, port: 1975, hostname: a.com}",
    );
    expect(said(compileText(shared + limit("b", target("Gateway", "gw", "other"), "2048")))).toEqual([
      "error (Gateway default/gw): spec.listeners[0]: listeners http, other share port 1975 but not a ClientTrafficPolicy; target the Gateway, or give each listener its own port\n  for one of them: gw.yaml:38:1",
    ]);
  });
});
