import { describe, expect, test } from "bun:test";
import type { Compiled } from "../../../model/gateway.ts";
import { compileText, findings, gateway, route, service } from "../../testing.ts";

const base =
  gateway.replace(
    "gatewayClassName: gw\n  listeners:\n",
    "gatewayClassName: gw\n  listeners:\n    - {name: other, protocol: HTTP, port: 1976}\n",
  ) +
  service("s") +
  route(
    "r",
    "    - {name: one, backendRefs: [{name: s}]}\n    - {backendRefs: [{name: s}], matches: [{headers: [{name: a, value: b}]}]}",
  ) +
  `apiVersion: v1
kind: Secret
metadata: {name: clients}
stringData: {alice: key-a, bob: key-b}
---
`;

/** From line 51 on: \`spec\` begins at line 4 of it. */
const policy = (
  name: string,
  spec: string,
  target = "kind: HTTPRoute, name: r",
) => `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: {name: ${name}}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, ${target}}]
${spec.replace(/^/gm, "  ")}
---
`;

const keys = "apiKeyAuth: {credentialRefs: [{name: clients}], extractFrom: [{headers: [X-Key]}]}";

/** Findings without their positions. */
const said = (compiled: Compiled) =>
  findings(compiled).map((line) => line.replace(/^(\w+) \S+ document \d+ /, "$1 ").split("\n")[0]);

const accessOf = ({ model }: Compiled) =>
  model?.listeners.map(({ chains }) => chains[0]?.hosts[0]?.matches.map(({ access }) => access));

test("a policy becomes one part of the model, which the matches it protects name", () => {
  const { model, diagnostics } = compileText(base + policy("p", keys));
  expect(diagnostics).toEqual([]);
  expect(model?.access["default/p"]).toMatchObject({
    key: "default/p",
    apiKeys: {
      clients: [{ id: "alice", secret: { from: "literal" } }, { id: "bob" }],
      from: [{ type: "header", name: "x-key" }],
      isSanitized: false,
    },
  });
  expect(accessOf({ model } as Compiled)).toEqual([
    ["default/p", "default/p"],
    ["default/p", "default/p"],
  ]);
  expect(model?.listeners[0]?.chains[0]?.hosts[0]?.entry).toEqual({ access: "default/p", isLate: false });
  expect(JSON.stringify(model)).not.toContain("key-a");
});

test("the most specific policy counts: rule, route, listener, Gateway", () => {
  const all = [
    policy("on-gateway", keys, "kind: Gateway, name: gw"),
    policy("on-listener", keys, "kind: Gateway, name: gw, sectionName: http"),
    policy("on-route", keys),
    policy("on-rule", keys, "kind: HTTPRoute, name: r, sectionName: one"),
  ];
  const at = (count: number) => accessOf(compileText(base + all.slice(0, count).join("")));
  const both = (access: string) => [access, access];
  expect(at(1)).toEqual([both("default/on-gateway"), both("default/on-gateway")]);
  expect(at(2)).toEqual([both("default/on-gateway"), both("default/on-listener")]);
  expect(at(3)).toEqual([both("default/on-route"), both("default/on-route")]);
  const rules = new Set(["default/on-rule", "default/on-route"]);
  for (const matches of at(4) ?? []) expect(new Set(matches)).toEqual(rules);
});

test("rules of one host that differ are said to", () => {
  const compiled = compileText(base + policy("p", keys, "kind: HTTPRoute, name: r, sectionName: one"));
  expect(compiled.model?.listeners[0]?.chains[0]?.hosts[0]?.entry).toEqual({
    access: "default/p",
    isLate: true,
  });
  expect(said(compiled)[0]).toStartWith(
    "warning (AIGatewayRoute default/r): spec.rules[0]: AI rules of one host have different SecurityPolicies",
  );
});

describe("refusing to start", () => {
  const jwt = (provider: string) => `jwt: {providers: [{name: idp, audiences: [a], ${provider}}]}`;
  const remote = 'remoteJWKS: {uri: "https://idp/keys"}';
  const allow = (principal: string) => `authorization: {rules: [{action: Allow, principal: {${principal}}}]}`;
  test.each([
    [
      "nothing to protect with",
      "",
      "spec: protects nothing: it has no apiKeyAuth, jwt, basicAuth, extAuth, authorization or cors",
    ],
    [
      "a misspelt block",
      `${keys}\nauthorisation: {}`,
      'unknown field "spec.authorisation"; refusing to start because ignoring it could weaken security',
    ],
    [
      "a login with a browser",
      `${keys}\noidc: {}`,
      "spec.oidc: is not supported by aigw yet; refusing to start because ignoring it would weaken security",
    ],
    [
      "a Secret that is not there",
      "apiKeyAuth: {credentialRefs: [{name: x}], extractFrom: [{headers: [a]}]}",
      'spec.apiKeyAuth.credentialRefs[0].name: references Secret "default/x", which is not in the configuration',
    ],
    [
      "a Secret of another namespace",
      "apiKeyAuth: {credentialRefs: [{name: far, namespace: far}], extractFrom: [{headers: [a]}]}",
      "spec.apiKeyAuth.credentialRefs[0]: reference from SecurityPolicy default/p to Secret far/far is not permitted by any ReferenceGrant",
    ],
    [
      "two kinds of places in one",
      "apiKeyAuth: {credentialRefs: [{name: clients}], extractFrom: [{headers: [a], params: [b]}]}",
      "spec.apiKeyAuth.extractFrom[0]: exactly one of headers, params or cookies must be specified",
    ],
    [
      "a key that two clients have",
      "apiKeyAuth: {credentialRefs: [{name: same}], extractFrom: [{headers: [a]}]}",
      "stringData.b: is the key of another client, too",
    ],
    [
      "a client without a key",
      "apiKeyAuth: {credentialRefs: [{name: hollow}], extractFrom: [{headers: [a]}]}",
      "stringData.a: is empty, so client a could not come in",
    ],
    [
      "a Secret without users",
      "basicAuth: {users: {name: clients}}",
      "spec.basicAuth.users: secret default/clients does not contain '.htpasswd' key",
    ],
    [
      "users with other digests",
      "basicAuth: {users: {name: bcrypt}}",
      'stringData[".htpasswd"]: line 1 is not USER:{SHA}DIGEST, which `htpasswd -s` writes',
    ],
    [
      "a provider without keys",
      jwt("issuer: x"),
      "spec.jwt.providers[0]: either remoteJWKS or localJWKS must be specified.",
    ],
    [
      "keys that are none",
      jwt("localJWKS: {inline: '{}'}"),
      'spec.jwt.providers[0].localJWKS.inline: is no JSON Web Key Set, which has a list "keys"',
    ],
    [
      "keys that are shared secrets",
      jwt(`localJWKS: {inline: '{"keys": [{"kty": "oct", "k": "x"}]}'}`),
      "spec.jwt.providers[0].localJWKS.inline: holds no public key",
    ],
    [
      "keys behind a Service",
      jwt('remoteJWKS: {uri: "https://idp/keys", backendRefs: [{name: idp}]}'),
      'spec.jwt.providers[0].remoteJWKS.backendRefs[0]: references Service "idp", which does not exist outside Kubernetes',
    ],
    [
      "a provider twice",
      `jwt: {providers: [{name: idp, audiences: [a], ${remote}}, {name: idp, audiences: [a], ${remote}}]}`,
      "spec.jwt.providers[1].name: provider idp is there twice",
    ],
    [
      "a range that is none",
      allow("clientCIDRs: [10.0.0.0]"),
      'spec.authorization.rules[0].principal.clientCIDRs[0]: "10.0.0.0" is not a range such as 10.0.0.0/8 or 2001:db8::/32',
    ],
    [
      "claims of no provider",
      allow("jwt: {provider: idp, scopes: [a]}"),
      'spec.authorization.rules[0].principal.jwt.provider: names "idp", which is no provider of this policy\'s jwt',
    ],
    [
      "a principal that is nobody",
      allow(""),
      "spec.authorization.rules[0].principal: at least one of clientCIDRs, jwt, or headers must be specified",
    ],
    [
      "countries",
      allow("clientIPGeoLocations: [{country: DE}]"),
      "spec.authorization.rules[0].principal.clientIPGeoLocations: is not supported by aigw yet; refusing to start because ignoring it would weaken security",
    ],
    [
      "a service that is asked over gRPC",
      "extAuth: {grpc: {backendRefs: [{name: a}]}}",
      "spec.extAuth.grpc: is not supported by aigw yet; refusing to start because ignoring it would weaken security",
    ],
    [
      "a service that is nowhere",
      "extAuth: {http: {backendRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: a}]}}",
      'spec.extAuth.http.backendRefs[0].name: references Backend "default/a", which is not in the configuration',
    ],
    [
      "an origin that is none",
      "cors: {allowOrigins: [example.com]}",
      'spec.cors.allowOrigins[0]: "example.com" must be * or an origin such as https://app.example.com',
    ],
  ])("%s", (_, spec, want) => {
    const secrets = [
      ["same", "default", "{a: x, b: x}"],
      ["hollow", "default", '{a: ""}'],
      ["bcrypt", "default", "{.htpasswd: 'a:$2y$05$x'}"],
      ["far", "far", "{a: x}"],
    ].map(
      ([name, namespace, data]) => `apiVersion: v1
kind: Secret
metadata: {name: ${name}, namespace: ${namespace}}
stringData: ${data}
---
`,
    );
    const compiled = compileText(base + secrets.join("") + policy("p", spec));
    expect(compiled.model).toBeUndefined();
    const errors = said(compiled).filter((line) => line?.startsWith("error"));
    expect(errors.length).toBe(1);
    expect(errors[0]?.replace(/^error (?:\([^)]*\): )?/, "")).toStartWith(want);
  });
});

test("a target that is not there keeps the gateway from starting", () => {
  const compiled = compileText(base + policy("p", keys, "kind: HTTPRoute, name: nobody"));
  expect(compiled.model).toBeUndefined();
});
