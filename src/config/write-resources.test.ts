// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text holds such an expression.
import { expect, test } from "bun:test";
import { parseAllDocuments } from "yaml";
import { autoconfigure } from "./autoconfig/autoconfigure.ts";
import { compileGateway } from "./compile-gateway.ts";
import { gateway, route, service, testWorld } from "./testing.ts";
import { writeResources } from "./write-resources.ts";

const policy = `apiVersion: aigateway.envoyproxy.io/v1beta1
kind: BackendSecurityPolicy
metadata: {name: p}
spec:
  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: s}]
  type: APIKey
  apiKey: {secretRef: {name: k}}
---
`;

test("writeResources shows what is in effect, without any secret", () => {
  const text = `${gateway}${service("${NAME:-s}").replace("  backendRef", "  timeouts: {}\n  headerMutation: {set: [{name: x, value: fixture-header}]}\n  backendRef")}${route("r", "    - backendRefs: [{name: s}]")}${policy}apiVersion: v1
kind: Secret
metadata: {name: k, uid: "1", annotations: {a: b}}
stringData: {apiKey: fixture-key}
data: {other: Zml4dHVyZS1vdGhlcg==}
---
apiVersion: v1
kind: Secret
metadata: {name: unused}
stringData: {apiKey: fixture-unused}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: {name: e}
spec:
  concurrency: 2
  telemetry: {accessLog: {settings: [{sinks: [{type: OpenTelemetry, openTelemetry: {host: c, headers: [{name: k, value: fixture-otel}]}}]}]}}
`;
  const world = testWorld();
  const sources = [{ name: "gw.yaml", text, isSubstituted: true }];
  const written = writeResources(sources, world);
  expect(written).not.toContain("fixture");
  expect(written).not.toContain("Zml4dHVyZS1vdGhlcg==");
  const resources = parseAllDocuments(written).map((document) => document.toJS() as { kind: string });
  expect(resources.map(({ kind }) => kind)).toEqual([
    "GatewayClass",
    "Gateway",
    "AIServiceBackend",
    "Backend",
    "AIGatewayRoute",
    "BackendSecurityPolicy",
    "Secret",
    "EnvoyProxy",
  ]);
  expect(resources[2]).toEqual({
    apiVersion: "aigateway.envoyproxy.io/v1beta1",
    kind: "AIServiceBackend",
    metadata: { name: "s", namespace: "default" },
    spec: {
      schema: { name: "OpenAI" },
      backendRef: { group: "gateway.envoyproxy.io", kind: "Backend", name: "s" },
      headerMutation: { set: [{ name: "x", value: "[REDACTED]" }], remove: [] },
    },
  } as never);
  expect(resources[6]).toEqual({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "k", namespace: "default", annotations: { a: "b" } },
    data: { other: "[REDACTED]" },
    stringData: { apiKey: "[REDACTED]" },
  } as never);
  expect(resources[7]).toEqual({
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "EnvoyProxy",
    metadata: { name: "e", namespace: "default" },
    spec: {
      telemetry: {
        accessLog: {
          disable: false,
          settings: [
            {
              matches: [],
              sinks: [
                {
                  type: "OpenTelemetry",
                  openTelemetry: { host: "c", port: 4317, resources: {}, resourceAttributes: {} },
                },
              ],
            },
          ],
        },
      },
    },
  } as never);
});

test("what writeResources writes for the environment compiles again to the same gateway", () => {
  const environment = { OPENAI_API_KEY: "fixture-key" };
  const world = testWorld({ environment });
  const { source } = autoconfigure(environment, { isDebug: false, hasMcpServers: false });
  const text = writeResources([source], world);
  expect(text).not.toContain("fixture");
  const prints = (model: ReturnType<typeof compileGateway>["model"]) =>
    Object.values(model?.rules ?? {}).map(({ print }) => print);
  const again = compileGateway([{ name: "config.yaml", text, isSubstituted: true }], world).model;
  expect(prints(again)).toEqual(prints(compileGateway([source], world).model));
  expect(prints(again).length).toBe(1);
});
