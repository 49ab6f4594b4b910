import { expect, test } from "bun:test";
import { parse } from "yaml";
import type { GatewayModel } from "../../model/gateway.ts";
import { noHeaderEdits } from "../../model/values.ts";
import { writeGatewayConfig, writeProcessorConfig } from "./generated-files.ts";
import type { RunPaths } from "./run-directory.ts";

const secret = {
  id: "s",
  from: "literal",
  name: "Secret default/k apiKey",
  fingerprint: "f",
  at: 0,
} as const;
const part = { at: 0, print: "p" };

const model: GatewayModel = {
  gateway: { group: "", kind: "Gateway", namespace: "default", name: "g" },
  listeners: [],
  rules: {},
  backends: {},
  mcpRoutes: {},
  limits: {},
  access: {},
  accessLogs: [],
  process: { logLevels: { default: "error" }, drainTimeoutMs: 1 },
  origins: [],
  credentials: {
    bearer: {
      ...part,
      key: "bearer",
      way: { type: "header", name: "authorization", scheme: "Bearer", secret },
    },
    azure: {
      ...part,
      key: "azure",
      way: { type: "header", name: "api-key", scheme: "", secret },
      override: { header: "x-aigw-api-key", hasFallback: true },
    },
    anthropic: { ...part, key: "anthropic", way: { type: "header", name: "x-api-key", scheme: "", secret } },
  },
  aiBackends: {
    a: {
      ...part,
      key: "default/a/route/r/rule/0/ref/0",
      backendName: "default/a",
      routeName: "default/r",
      schema: { name: "OpenAI", prefix: "v1" },
      modelOverride: "big",
      credential: "bearer",
      headers: { remove: ["x-old"], set: [["authorization", "sk-secret"]], add: [] },
      body: [
        { op: "set", path: ["a", "b"], json: "1" },
        { op: "remove", path: ["c"] },
      ],
    },
    b: {
      ...part,
      key: "default/b/route/r/rule/0/ref/1",
      backendName: "default/b",
      routeName: "default/r",
      schema: { name: "AzureOpenAI", version: "2025-01-01" },
      credential: "azure",
      headers: noHeaderEdits,
      body: [],
    },
  },
  costs: {
    global: [{ at: 0, metadataKey: "all", amount: "total" }],
    byRoute: {
      "default/r": [{ at: 0, metadataKey: "cel", amount: { source: "input_tokens", result: "count" } }],
    },
  },
  models: {
    all: [{ at: 0, id: "m1", ownedBy: "me", createdAtMs: 0 }],
    byHost: { "a.example.com": [{ at: 0, id: "m1", ownedBy: "me", createdAtMs: 0 }] },
    unscoped: [],
  },
};

test("extproc-config.yaml has the keys of the reference and no secret", () => {
  const text = writeProcessorConfig(model, "v1.2.0");
  expect(text).not.toContain("sk-secret");
  expect(parse(text)).toEqual({
    version: "v1.2.0",
    uuid: "aigw-translate",
    globalLLMRequestCosts: [{ metadataKey: "all", type: "TotalToken" }],
    llmRequestCosts: [{ metadataKey: "cel", routeName: "default/r", type: "CEL", cel: "input_tokens" }],
    backends: [
      {
        name: "default/a/route/r/rule/0/ref/0",
        modelNameOverride: "big",
        schema: { name: "OpenAI", prefix: "v1" },
        auth: { apiKey: { key: "[REDACTED]" } },
        httpHeaderMutation: { set: [{ name: "authorization", value: "[REDACTED]" }], remove: ["x-old"] },
        httpBodyMutation: { set: [{ path: "a.b", value: "1" }], remove: ["c"] },
      },
      {
        name: "default/b/route/r/rule/0/ref/1",
        modelNameOverride: "",
        schema: { name: "AzureOpenAI", version: "2025-01-01" },
        auth: {
          azureAPIKey: { key: "[REDACTED]" },
          credentialOverride: { headerName: "x-aigw-api-key", fallbackToConfigured: true },
        },
        httpHeaderMutation: { set: [], remove: [] },
        httpBodyMutation: { set: [], remove: [] },
      },
    ],
    models: [{ Name: "m1", OwnedBy: "me", CreatedAt: "1970-01-01T00:00:00.000Z" }],
    modelsByHost: { "a.example.com": [{ Name: "m1", OwnedBy: "me", CreatedAt: "1970-01-01T00:00:00.000Z" }] },
    unscopedModels: [],
  });
});

test.each([
  { isDebug: false, level: "info" },
  { isDebug: true, level: "debug" },
])("envoy-gateway-config.yaml names the real places and the level $level", ({ isDebug, level }) => {
  const paths = { resources: "/s/runs/0/envoy-ai-gateway-resources/config.yaml" } as RunPaths;
  expect(parse(writeGatewayConfig(paths, isDebug))).toMatchObject({
    kind: "EnvoyGateway",
    gateway: { controllerName: "gateway.envoyproxy.io/gatewayclass-controller" },
    provider: { custom: { resource: { file: { paths: ["/s/runs/0/envoy-ai-gateway-resources"] } } } },
    logging: { level: { default: level } },
    extensionApis: { enableBackend: true },
  });
});
