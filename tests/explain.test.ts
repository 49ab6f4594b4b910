import { expect, test } from "bun:test";
import { compileText, gateway } from "../src/config/testing.ts";
import { type ExplainedRequest, explain } from "../src/explain/explain.ts";
import type { GatewayModel } from "../src/model/gateway.ts";

const text = `${gateway}apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIGatewayRoute
metadata: {name: r}
spec:
  parentRefs: [{name: gw}]
  rules:
    - name: mini
      matches: [{headers: [{name: x-ai-eg-model, value: mini}]}]
      timeouts: {request: 90s}
      backendRefs:
        - {name: a, weight: 3}
        - {name: b, weight: 1, modelNameOverride: big, headerMutation: {set: [{name: X-Key, value: hush}]}}
        - {name: b, priority: 1, bodyMutation: {set: [{path: user, value: hush}]}}
  llmRequestCosts: [{metadataKey: spent, type: TotalToken}]
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIServiceBackend
metadata: {name: a}
spec: {schema: {name: OpenAI}, backendRef: {group: gateway.envoyproxy.io, kind: Backend, name: a}}
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIServiceBackend
metadata: {name: b}
spec: {schema: {name: Anthropic}, backendRef: {group: gateway.envoyproxy.io, kind: Backend, name: a}}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {name: a}
spec: {endpoints: [{fqdn: {hostname: a.example.com, port: 80}}]}
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: BackendSecurityPolicy
metadata: {name: k}
spec:
  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: a}]
  type: APIKey
  apiKey: {secretRef: {name: k}}
---
apiVersion: v1
kind: Secret
metadata: {name: k, annotations: {substitution.aigw.run/env/apiKey: A_KEY}}
stringData: {apiKey: none}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  parentRefs: [{name: gw}]
  rules:
    - matches: [{path: {value: /old}, method: GET}]
      filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}]
    - matches: [{path: {value: /web}}]
      filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Key, value: hush}], remove: [X-Gone]}}]
      backendRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: a}]
`;

function modelOf(): GatewayModel {
  const { model, diagnostics } = compileText(text, { environment: { A_KEY: "sk-hush" } });
  if (model === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return model;
}

async function ask(changes: Partial<ExplainedRequest>) {
  const request = {
    method: "POST",
    path: "/v1/chat/completions",
    host: "localhost",
    port: 0,
    headers: new Headers(),
  };
  return explain(modelOf(), { ...request, model: undefined, body: undefined, ...changes });
}

/** `name @line: text` */
async function lines(changes: Partial<ExplainedRequest>): Promise<string[]> {
  const { facts } = await ask(changes);
  return facts.map(({ name, text: what, origin }) => `${name} @${origin?.line ?? "-"}: ${what}`);
}

test("explain tells which rule takes a model, and each setting with its line", async () => {
  expect(await lines({ model: "mini" })).toEqual([
    "listener @12: default/gw/http, 0.0.0.0:1975",
    "body @-: at most 50Mi",
    "host @12: * takes localhost",
    "endpoint @-: /v1/chat/completions of openai",
    "model @-: mini",
    "rule @20: AIGatewayRoute default/r rule 0 (mini)",
    "match @21: model = mini",
    "timeouts @22: whole 90s, connect 10s",
    "retry @-: none",
    "cost @27: spent = total tokens",
    "backend @24: default/a, weight 3: 75 % of priority 0",
    "  endpoint @42: a.example.com:80, plain",
    "  schema @32: /v1/chat/completions of openai to OpenAI (v1)",
    "  credential @44: authorization: Bearer from $A_KEY",
    "backend @25: default/a, weight 1: 25 % of priority 0",
    "  endpoint @42: a.example.com:80, plain",
    "  schema @37: /v1/chat/completions of openai to Anthropic (v1)",
    "  model @25: becomes big",
    "  headers @25: =x-key",
    "  credential @-: none",
    "backend @26: default/a, weight 1: 100 % of priority 1",
    "  endpoint @42: a.example.com:80, plain",
    "  schema @37: /v1/chat/completions of openai to Anthropic (v1)",
    "  body @26: =user",
    "  credential @-: none",
  ]);
});

test("explain shows what each backend would be sent for a body, and nothing secret", async () => {
  const body = new TextEncoder().encode(
    JSON.stringify({ model: "mini", messages: [{ role: "user", content: "hi" }] }),
  );
  const headers = new Headers({ "content-type": "application/json", "x-client": "1" });
  const explanation = await ask({ body, headers });
  const [a, b] = explanation.sent;
  expect(a).toMatchObject({
    url: "http://a.example.com/v1/chat/completions",
    body: new TextDecoder().decode(body),
  });
  expect(b?.url).toBe("http://a.example.com/v1/messages");
  expect(JSON.parse(b?.body ?? "")).toMatchObject({ model: "big", messages: [{ role: "user" }] });
  expect(new Map(b?.headers).get("x-key")).toBe("[configured]");
  expect(new Map(b?.headers).get("x-client")).toBe("1");
  expect(JSON.stringify(explanation)).not.toContain("hush");
});

const others: readonly (readonly [
  name: string,
  changes: Partial<ExplainedRequest>,
  outcome: string,
  last: string,
])[] = [
  ["a model that no rule takes", { model: "nope" }, "refused", 'answer @-: 404: no rule takes model "nope"'],
  ["a path that nobody has", { path: "/nope" }, "refused", "answer @-: 404: unsupported path: /nope"],
  ["a port that nobody has", { port: 9 }, "refused", "answer @-: nothing listens on port 9"],
  ["a body that is none", { body: new TextEncoder().encode("{") }, "refused", "answer @-: 400"],
  [
    "the list of models",
    { path: "/v1/models", method: "GET" },
    "models",
    "answer @-: the models of this host: 1 in all",
  ],
  ["a redirect", { path: "/old/x", method: "GET" }, "redirect", "redirect @63: 301: scheme https"],
  ["plain HTTP", { path: "/web" }, "forward", "  endpoint @42: a.example.com:80, plain"],
];
test.each(others)("explain tells of %s", async (_, changes, outcome, last) => {
  expect((await ask(changes)).outcome as string).toBe(outcome);
  expect((await lines(changes)).at(-1)).toStartWith(last);
});
