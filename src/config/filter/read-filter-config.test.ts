import { describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import { FilterConfigFailure, readFilterConfig } from "./read-filter-config.ts";

const canary = "sk-canary-41b7";

const full = `
version: v1.1.0
uuid: 5b2e
llmRequestCosts:
  - {metadataKey: input, type: InputToken, routeName: default/r}
  - {metadataKey: quota_cost, type: CEL, cel: "total_tokens", routeName: default/r, backend: default/one, model: big}
globalLLMRequestCosts:
  - {metadataKey: total, type: TotalToken}
backends:
  - name: default/one/route/r/rule/0/ref/0
    modelNameOverride: big
    schema: {name: OpenAI, prefix: v1}
    auth:
      apiKey: {key: " ${canary}\\n"}
      credentialOverride: {headerName: X-Own-Key, fallbackToConfigured: true, inputHeadersToRemove: [X-Own-Key]}
    httpHeaderMutation: {set: [{name: X-Set, value: "1"}, {name: x-ai-eg-model, value: forged}], remove: [x-drop, ":path"]}
    httpBodyMutation: {set: [{path: temperature, value: "0.5"}, {path: tier, value: flex}], remove: [stream_options]}
models:
  - {Name: a, OwnedBy: Envoy AI Gateway, CreatedAt: "2025-01-01T00:00:00Z"}
  - {name: b, ownedBy: me, createdAt: "2025-01-01T00:00:01Z"}
modelsByHost:
  API.example.com: [{Name: a}]
unscopedModels: [{Name: b}]
somethingNewer: {x: 1}
`;

const withBackend = (fields: string) => `version: dev\nbackends:\n  - {name: b, ${fields}}\n`;
const openAi = "schema: {name: OpenAI, prefix: v1}";

describe("a filter configuration", () => {
  test("becomes what exchanges need", () => {
    const { version, uuid, model, notices, secrets } = readFilterConfig(full);
    expect([version, uuid, notices]).toEqual(["v1.1.0", "5b2e", []]);
    const name = "default/one/route/r/rule/0/ref/0";
    expect(model.aiBackends[name]).toMatchObject({
      key: name,
      backendName: "default/one",
      routeName: "default/r",
      schema: { name: "OpenAI", prefix: "v1" },
      modelOverride: "big",
      credential: name,
      headers: { remove: ["x-own-key", "x-drop"], set: [["x-set", "1"]], add: [] },
      body: [
        { op: "remove", path: ["stream_options"] },
        { op: "set", path: ["temperature"], json: "0.5" },
        { op: "set", path: ["tier"], json: '"flex"' },
      ],
    });
    const credential = model.credentials[name];
    expect(credential).toMatchObject({
      way: { type: "header", name: "authorization", scheme: "Bearer" },
      override: { header: "x-own-key", hasFallback: true },
    });
    if (credential?.way.type === "header") expect(secrets.value(credential.way.secret)).toBe(canary);
    expect(model.costs).toEqual({
      global: [{ at: 0, metadataKey: "total", amount: "total" }],
      byRoute: {
        "default/r": [
          { at: 0, metadataKey: "input", amount: "input" },
          {
            at: 0,
            metadataKey: "quota_cost",
            amount: { source: "total_tokens", result: "count" },
            backend: "default/one",
            model: "big",
          },
        ],
      },
    });
    expect(model.models.all.map(({ id, ownedBy, createdAtMs }) => [id, ownedBy, createdAtMs])).toEqual([
      ["a", "Envoy AI Gateway", 1_735_689_600_000],
      ["b", "me", 1_735_689_601_000],
    ]);
    expect(Object.keys(model.models.byHost)).toEqual(["api.example.com"]);
  });

  test("holds its secrets where nobody prints them", () => {
    const config = readFilterConfig(full);
    expect(JSON.stringify(config) + inspect(config, { depth: 20 })).not.toContain(canary);
    expect(JSON.parse(JSON.stringify(config.model))).toEqual(config.model);
  });

  test("of which nothing is written is empty", () => {
    expect(readFilterConfig("").model).toMatchObject({ aiBackends: {}, models: { all: [] } });
  });

  test("has the print of a backend change with its key, and not with its place", () => {
    const print = (text: string) => readFilterConfig(text).model.aiBackends["b"]?.print;
    const written = withBackend(`${openAi}, auth: {apiKey: {key: one}}`);
    expect(print(written)).toBe(print(written.replace("dev", "dev\nuuid: other")));
    expect(print(written)).not.toBe(print(written.replace("key: one", "key: two")));
  });

  const schemas = [
    ["{name: OpenAI}", { name: "OpenAI", prefix: "/" }],
    ["{name: OpenAI, prefix: /a/v1/}", { name: "OpenAI", prefix: "a/v1" }],
    ["{name: Anthropic}", { name: "Anthropic", prefix: "v1" }],
    [
      "{name: AzureOpenAI, version: 2025-01-01-preview}",
      { name: "AzureOpenAI", version: "2025-01-01-preview" },
    ],
    ["{Name: Cohere, VERSION: v2, prefix: x}", { name: "Cohere", version: "v2" }],
  ] as const;
  test.each(schemas)("reads the schema %s", (written, want) => {
    expect(readFilterConfig(withBackend(`schema: ${written}`)).model.aiBackends["b"]?.schema).toEqual(want);
  });

  const ways = [
    ["{apiKey: {key: k}}", "authorization", "Bearer"],
    ["{azure: {accessToken: k}}", "authorization", "Bearer"],
    ["{azureAPIKey: {key: k}}", "api-key", ""],
    ["{anthropicAPIKey: {key: k}}", "x-api-key", ""],
    ["{apiKey: {key: k}, anthropicAPIKey: {key: k}}", "authorization", "Bearer"],
  ] as const;
  test.each(ways)("signs with %s", (written, name, scheme) => {
    const { model } = readFilterConfig(withBackend(`${openAi}, auth: ${written}`));
    expect(model.credentials["b"]?.way).toMatchObject({ type: "header", name, scheme });
  });

  const clouds = [
    ["{aws: {region: us-east-1}}", { type: "aws", region: "us-east-1", source: { type: "chain" } }],
    [
      "{aws: {region: us-east-1, credentialFileLiteral: '[default]'}}",
      { type: "aws", region: "us-east-1", source: { type: "file", profile: "default" } },
    ],
    [
      "{gcp: {projectName: p, region: r, accessToken: t}}",
      { type: "gcp", project: "p", region: "r", source: { type: "token" } },
    ],
    [
      "{gcp: {projectName: p, region: r}}",
      { type: "gcp", project: "p", region: "r", source: { type: "ambient" } },
    ],
  ] as const;
  test.each(clouds)("signs for a cloud with %s", (written, want) => {
    const { model, notices } = readFilterConfig(withBackend(`${openAi}, auth: ${written}`));
    expect(model.credentials["b"]?.way).toMatchObject(want);
    expect(notices).toEqual([]);
  });

  test("may take credentials from dynamic metadata", () => {
    const override = "credentialOverride: {dynamicMetadataNamespace: ns, dynamicMetadataKey: key}";
    const { model } = readFilterConfig(withBackend(`${openAi}, auth: {apiKey: {key: k}, ${override}}`));
    expect(model.credentials["b"]?.override).toEqual({ header: ":metadata/ns/key", hasFallback: false });
  });
});

describe("a backend alone is left out or dead", () => {
  const cases = [
    ["schema: {name: Nobody}", "has the unknown schema"],
    [`${openAi}, auth: {apiKey: {key: ""}}`, "has an empty key"],
    [`${openAi}, httpBodyMutation: {remove: ["a#b"]}`, "edits its body at a path that cannot be"],
    [`${openAi}, httpHeaderMutation: {set: [{name: x, value: "a\\nb"}]}`, "sets header"],
  ] as const;
  test.each(cases)("for %s", (fields, about) => {
    const { notices } = readFilterConfig(withBackend(fields));
    expect(notices).toEqual([expect.stringContaining(`backend b ${about}`)]);
  });

  test("where two have one name the later counts, which is said", () => {
    const two = `backends: [{name: b, ${openAi}}, {name: b, schema: {name: Cohere}}]`;
    const { model, notices } = readFilterConfig(two);
    expect(model.aiBackends["b"]?.schema.name).toBe("Cohere");
    expect(notices).toEqual(["backend b is there twice; the later one counts"]);
  });
});

describe("a filter configuration is refused as a whole", () => {
  const cases = [
    ["backends: [", "Flow sequence in block collection must be sufficiently indented"],
    ["backends: {a: 1}", "backends: Invalid input: expected array, received object"],
    ["backends: [{name: 1}]", "backends[0].name: Invalid input: expected string, received number"],
    [withBackend(`${openAi}, auth: {}`), "backends[0].auth: no backend auth handler found"],
    [
      "llmRequestCosts: [{metadataKey: k, type: InputToken}]",
      'route-scoped LLMRequestCost with metadataKey="k" must have non-empty RouteName',
    ],
    [
      "globalLLMRequestCosts: [{metadataKey: k, type: Money}]",
      'globalLLMRequestCosts[0].type: unknown type "Money"',
    ],
    [
      "globalLLMRequestCosts: [{metadataKey: k, type: CEL, cel: 1/0}]",
      "globalLLMRequestCosts[0].cel: invalid CEL expression",
    ],
    ["models: [{Name: a, CreatedAt: yesterday}]", "models[0].createdAt: is no time"],
    ["a: *nowhere", "Unresolved alias"],
  ] as const;
  test.each(cases)("for %s", (text, message) => {
    expect(() => readFilterConfig(text)).toThrow(FilterConfigFailure);
    expect(() => readFilterConfig(text)).toThrow(message);
  });

  test("without quoting what stands there", () => {
    const broken = `${withBackend(`${openAi}, auth: {apiKey: {key: ${canary}}}`)}  x: [`;
    expect(() => readFilterConfig(broken)).toThrow(FilterConfigFailure);
    try {
      readFilterConfig(broken);
    } catch (error) {
      expect(String(error)).not.toContain(canary);
    }
  });
});
