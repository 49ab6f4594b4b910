import { describe, expect, test } from "bun:test";
import { compileText, findings, gateway } from "../testing.ts";

const up = `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {name: up}
spec: {endpoints: [{ip: {address: 127.0.0.1, port: 9}}]}
---
`;
const ref = "{group: gateway.envoyproxy.io, kind: Backend, name: up}";

/** What is said of one rule; it stands on line 25. */
function ofRule(rule: string, more = ""): string[] {
  const text = `${gateway}${up}apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: gw}]
  rules:
    - ${rule}
${more}`;
  return findings(compileText(text)).map((line) =>
    line.replace("document 4 (HTTPRoute default/r): spec.rules[0]", "RULE"),
  );
}

const accepted: readonly (readonly [name: string, rule: string])[] = [
  ["nothing but a backend", `{backendRefs: [${ref}]}`],
  [
    "every kind of match",
    `{matches: [{path: {type: Exact, value: /a}, method: GET, headers: [{name: A, value: b}], queryParams: [{name: q, type: RegularExpression, value: "1.*"}]}], backendRefs: [${ref}]}`,
  ],
  ["a redirect", "{filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 308}}]}"],
  [
    "a prefix that is replaced",
    `{matches: [{path: {value: /a}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}}}], backendRefs: [${ref}]}`,
  ],
  [
    "two mirrors",
    `{filters: [{type: RequestMirror, requestMirror: {backendRef: ${ref}}}, {type: RequestMirror, requestMirror: {backendRef: ${ref}, percent: 5}}], backendRefs: [${ref}]}`,
  ],
  [
    "time limits and retries of its own",
    `{timeouts: {request: 10s, backendRequest: 5s}, retry: {codes: [500], attempts: 3, backoff: 100ms}, backendRefs: [${ref}]}`,
  ],
];
test.each(accepted)("an HTTPRoute may have %s", (_, rule) => {
  expect(ofRule(rule)).toEqual([]);
});

const set = (name: string, value = "v") =>
  `{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: "${name}", value: "${value}"}]}}], backendRefs: [${ref}]}`;
const path = (value: string) => `{matches: [{path: {value: "${value}"}}], backendRefs: [${ref}]}`;

const refused: readonly (readonly [name: string, rule: string, want: string])[] = [
  [
    "a path without a slash",
    path("a"),
    "error gw.yaml:25:33: RULE.matches[0].path.value: \"a\" must be an absolute path and start with '/'",
  ],
  [
    "a path that none can be",
    path("/a//b"),
    'error gw.yaml:25:33: RULE.matches[0].path.value: must not contain "//"',
  ],
  [
    "a path that leads up",
    path("/a/.."),
    'error gw.yaml:25:33: RULE.matches[0].path.value: must not end with "/.."',
  ],
  [
    "a pattern that is none",
    `{matches: [{path: {type: RegularExpression, value: "("}}], backendRefs: [${ref}]}`,
    "RULE.matches[0].path.value: invalid regular expression",
  ],
  [
    "a method that there is not",
    `{matches: [{method: FETCH}], backendRefs: [${ref}]}`,
    'RULE.matches[0].method: Unsupported value: "FETCH"',
  ],
  [
    "a header twice",
    `{matches: [{headers: [{name: A, value: b}, {name: a, value: c}]}], backendRefs: [${ref}]}`,
    'RULE.matches[0].headers[1].name: Duplicate value: "a"',
  ],
  [
    "a redirect with a backend",
    `{filters: [{type: RequestRedirect, requestRedirect: {}}], backendRefs: [${ref}]}`,
    "RULE.backendRefs: RequestRedirect filter must not be used together with backendRefs",
  ],
  [
    "a redirect and a rewrite",
    "{filters: [{type: RequestRedirect, requestRedirect: {}}, {type: URLRewrite, urlRewrite: {}}]}",
    "RULE.filters: may have RequestRedirect or URLRewrite, but not both",
  ],
  [
    "a filter twice",
    "{filters: [{type: URLRewrite, urlRewrite: {}}, {type: URLRewrite, urlRewrite: {}}]}",
    "RULE.filters[1].type: URLRewrite filter cannot be repeated",
  ],
  [
    "a filter without what it is about",
    "{filters: [{type: URLRewrite}]}",
    "RULE.filters[0].urlRewrite: must have urlRewrite exactly when type is URLRewrite",
  ],
  [
    "a prefix to replace and two matches",
    `{matches: [{path: {value: /a}}, {path: {value: /b}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /c}}}], backendRefs: [${ref}]}`,
    "RULE.matches: with replacePrefixMatch exactly one PathPrefix match must be specified",
  ],
  [
    "a share of a mirror that is more than all",
    `{filters: [{type: RequestMirror, requestMirror: {backendRef: ${ref}, fraction: {numerator: 3, denominator: 2}}}], backendRefs: [${ref}]}`,
    "numerator must be less than or equal to denominator",
  ],
  [
    "a try that is longer than all",
    `{timeouts: {request: 1s, backendRequest: 2s}, backendRefs: [${ref}]}`,
    "RULE.timeouts.backendRequest: backendRequest timeout cannot be longer than request timeout",
  ],
  [
    "a Service without a port",
    "{backendRefs: [{name: s}]}",
    "RULE.backendRefs[0].port: Must have port for Service reference",
  ],
  [
    "an edit of Host",
    set("Host"),
    'RULE.filters[0].requestHeaderModifier.set[0].name: header "host" cannot be changed here',
  ],
  ["a name that is no header", set("a b"), "must be a header name"],
  [
    "a filter that is not there",
    "{filters: [{type: ExtensionRef, extensionRef: {group: gateway.envoyproxy.io, kind: HTTPRouteFilter, name: f}}]}",
    'references HTTPRouteFilter "default/f", which is not in the configuration',
  ],
  [
    "a filter of another kind",
    "{filters: [{type: ExtensionRef, extensionRef: {group: x.io, kind: F, name: f}}]}",
    'must reference an HTTPRouteFilter of gateway.envoyproxy.io, not F of "x.io"',
  ],
  [
    "a mirror for one reference",
    `{backendRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: up, filters: [{type: RequestMirror, requestMirror: {backendRef: ${ref}}}]}]}`,
    "are for whole rules; move the filter to the rule",
  ],
];
test.each(refused)("an HTTPRoute may not have %s", (_, rule, want) => {
  const said = ofRule(rule);
  expect(said.join("\n")).toContain(want);
  expect(said.filter((line) => line.startsWith("error")).length).toBeGreaterThan(0);
});

describe("of an HTTPRoute it is warned that", () => {
  const cases: readonly (readonly [name: string, rule: string, want: string])[] = [
    [
      "a Service is not here",
      "{backendRefs: [{name: s, port: 80}]}",
      'warning gw.yaml:25:29: RULE.backendRefs[0].name: references Service "s", which does not exist outside Kubernetes; use a gateway.envoyproxy.io Backend with an fqdn, ip or unix endpoint',
    ],
    [
      "a Backend is missing",
      "{backendRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: no}]}",
      'references Backend "default/no", which is not in the configuration: its share of the requests answers 500',
    ],
    [
      "a field is misspelt",
      `{backendRef: [${ref}]}`,
      'warning gw.yaml:25:8: document 4 (HTTPRoute default/r): unknown field "spec.rules[0].backendRef" ignored; did you mean "backendRefs"?',
    ],
    [
      "a header is named twice",
      "{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: A, value: b}], remove: [a]}}]}",
      'header "a" was named before; this is ignored',
    ],
  ];
  test.each(cases)("%s", (_, rule, want) => {
    const said = ofRule(rule);
    expect(said.join("\n")).toContain(want);
    expect(said.filter((line) => line.startsWith("error"))).toEqual([]);
  });
});

test("a Backend in another namespace needs a grant to HTTPRoute", () => {
  const far = "{backendRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: far, namespace: shop}]}";
  const backend = `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {name: far, namespace: shop}
spec: {endpoints: [{ip: {address: 127.0.0.1, port: 9}}]}
`;
  const grant = `---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: g, namespace: shop}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}]
  to: [{group: gateway.envoyproxy.io, kind: Backend}]
`;
  expect(ofRule(far, backend).join("\n")).toContain(
    "reference from HTTPRoute default/r to Backend shop/far is not permitted by any ReferenceGrant",
  );
  expect(ofRule(far, backend + grant)).toEqual([]);
});
