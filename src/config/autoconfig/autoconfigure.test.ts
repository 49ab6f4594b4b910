import { describe, expect, test } from "bun:test";
import { parseAllDocuments } from "yaml";
import { compileGateway } from "../compile-gateway.ts";
import { findings, testWorld } from "../testing.ts";
import { ConfigFailure, type Environment } from "../world.ts";
import { autoconfigure } from "./autoconfigure.ts";

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly [name: string]: unknown };
}

function generate(environment: Environment, isDebug = false) {
  const { source, notices } = autoconfigure(environment, { isDebug, hasMcpServers: false });
  const resources = parseAllDocuments(source.text).map((document) => document.toJS() as Resource);
  const spec = (kind: string) => resources.find((resource) => resource.kind === kind)?.spec;
  return { source, notices, resources, spec };
}

const openai = { OPENAI_API_KEY: "sk-fixture-key" };
const azure = {
  AZURE_OPENAI_API_KEY: "az-fixture-key",
  AZURE_OPENAI_ENDPOINT: "https://res.openai.azure.com/ignored",
  OPENAI_API_VERSION: "2024-12-01-preview",
};
const anthropic = { ANTHROPIC_API_KEY: "ant-fixture-key" };

describe("autoconfigure writes", () => {
  test("its resources in order", () => {
    const { resources } = generate(openai);
    expect(
      resources.map(
        ({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.namespace}/${metadata.name}`,
      ),
    ).toEqual([
      "gateway.networking.k8s.io/v1 GatewayClass undefined/aigw-run",
      "gateway.networking.k8s.io/v1 Gateway default/aigw-run",
      "gateway.envoyproxy.io/v1alpha1 EnvoyProxy default/envoy-ai-gateway",
      "aigateway.envoyproxy.io/v1beta1 AIGatewayRoute default/aigw-run",
      "gateway.envoyproxy.io/v1alpha1 Backend default/openai",
      "aigateway.envoyproxy.io/v1beta1 AIServiceBackend default/openai",
      "gateway.networking.k8s.io/v1alpha3 BackendTLSPolicy default/openai-tls",
      "gateway.envoyproxy.io/v1alpha1 ClientTrafficPolicy default/client-buffer-limit",
      "v1 Secret default/openai-apikey",
      "aigateway.envoyproxy.io/v1beta1 BackendSecurityPolicy default/openai-apikey",
    ]);
  });

  const schemas: readonly (readonly [name: string, environment: Environment, want: unknown])[] = [
    ["OpenAI itself", openai, { name: "OpenAI" }],
    [
      "a base URL with a path",
      { ...openai, OPENAI_BASE_URL: "https://openrouter.ai/api/v1" },
      { name: "OpenAI", prefix: "api/v1" },
    ],
    ["a base URL with a slash", { ...openai, OPENAI_BASE_URL: "http://h/v1/" }, { name: "OpenAI" }],
    ["Azure, whose path does not count", azure, { name: "AzureOpenAI", version: "2024-12-01-preview" }],
    ["Anthropic", anthropic, { name: "Anthropic" }],
    [
      "Anthropic elsewhere",
      { ...anthropic, ANTHROPIC_BASE_URL: "http://h/base" },
      { name: "Anthropic", prefix: "base" },
    ],
  ];
  test.each(schemas)("the schema of %s", (_, environment, want) => {
    expect(generate(environment).spec("AIServiceBackend")?.["schema"]).toEqual(want);
  });

  const policies: readonly (readonly [
    environment: Environment,
    type: string,
    member: string,
    name: string,
  ])[] = [
    [openai, "APIKey", "apiKey", "openai"],
    [azure, "AzureAPIKey", "azureAPIKey", "openai"],
    [anthropic, "AnthropicAPIKey", "anthropicAPIKey", "anthropic"],
  ];
  test.each(policies)("for %j the policy %s", (environment, type, member, name) => {
    expect(generate(environment).spec("BackendSecurityPolicy")).toEqual({
      targetRefs: [{ group: "aigateway.envoyproxy.io", kind: "AIServiceBackend", name }],
      type,
      [member]: { secretRef: { name: `${name}-apikey` } },
    });
  });

  const endpoints: readonly (readonly [url: string, endpoint: unknown, hasTls: boolean])[] = [
    ["http://127.0.0.1:9999/v1", { ip: { address: "127.0.0.1", port: 9999 } }, false],
    ["https://[::1]/v1", { ip: { address: "::1", port: 443 } }, true],
    ["http://localhost:11434/v1", { fqdn: { hostname: "localhost", port: 11_434 } }, false],
  ];
  test.each(endpoints)("the endpoint of %s", (url, endpoint, hasTls) => {
    const { spec } = generate({ ...openai, OPENAI_BASE_URL: url });
    expect(spec("Backend")).toEqual({ endpoints: [endpoint] });
    expect(spec("BackendTLSPolicy") !== undefined).toBe(hasTls);
  });

  test("headers for organisation and project, for OpenAI and Azure only", () => {
    const more = { OPENAI_ORG_ID: "org1", OPENAI_PROJECT_ID: "proj1" };
    const headers = (environment: Environment) =>
      generate({ ...environment, ...more }).spec("AIServiceBackend")?.["headerMutation"];
    const want = {
      set: [
        { name: "OpenAI-Organization", value: "org1" },
        { name: "OpenAI-Project", value: "proj1" },
      ],
    };
    expect([headers(openai), headers(azure), headers(anthropic)]).toEqual([want, want, undefined]);
  });

  test("the Envoy version and the log levels of --debug", () => {
    expect(generate({ ...openai, ENVOY_VERSION: "1.38.0" }, true).spec("EnvoyProxy")).toMatchObject({
      provider: { type: "Host", host: { envoyVersion: "1.38.0" } },
      logging: { level: { default: "debug", http: "info", ext_proc: "info" } },
    });
    expect(generate(openai).spec("EnvoyProxy")).toMatchObject({ logging: { level: { default: "error" } } });
  });

  test("no key into its text, and one that reaches the model's secret", () => {
    for (const environment of [openai, azure, anthropic]) {
      const { source } = generate(environment);
      const { model, secrets } = compileGateway([source], testWorld({ environment }));
      const [credential] = Object.values(model?.credentials ?? {});
      expect(source.text).not.toContain("fixture-key");
      if (credential?.way.type !== "header") throw new Error("no credential");
      expect(secrets.value(credential.way.secret)).toMatch(/^(sk|az|ant)-fixture-key$/);
    }
  });

  test("keys and names that YAML would read as something else", () => {
    const environment = { OPENAI_API_KEY: "123", OPENAI_ORG_ID: "a: b #c", OPENAI_PROJECT_ID: "null" };
    const { source, spec } = generate(environment);
    const compiled = compileGateway([source], testWorld({ environment }));
    expect(findings(compiled)).toEqual([]);
    expect(spec("AIServiceBackend")?.["headerMutation"]).toEqual({
      set: [
        { name: "OpenAI-Organization", value: "a: b #c" },
        { name: "OpenAI-Project", value: "null" },
      ],
    });
  });

  test("a text that says, and where it says it, what it hands over beside it", () => {
    for (const environment of [openai, azure, anthropic]) {
      const { source } = generate(environment);
      const { written: _, ...plain } = source;
      const world = testWorld({ environment });
      expect(compileGateway([plain], world).model).toEqual(compileGateway([source], world).model!);
    }
  });
});

describe("autoconfigure says", () => {
  const notices: readonly (readonly [name: string, environment: Environment, want: string])[] = [
    [
      "that one provider is ignored",
      { ...openai, ...anthropic },
      "ANTHROPIC_API_KEY is ignored, because OPENAI_API_KEY is set",
    ],
    [
      "that two are ignored",
      { ...azure, ...openai, ...anthropic },
      "OPENAI_API_KEY and ANTHROPIC_API_KEY are ignored, because AZURE_OPENAI_API_KEY is set",
    ],
    [
      "what it drops of a URL",
      { ...openai, OPENAI_BASE_URL: "http://u:p@h/v1" },
      "OPENAI_BASE_URL: user information of the URL is ignored",
    ],
  ];
  test.each(notices)("%s", (_, environment, want) => {
    expect(generate(environment).notices.join("\n")).toStartWith(want);
  });

  test("nothing where all is plain", () => {
    expect(generate(openai).notices).toEqual([]);
    expect(generate({ ...openai, OTEL_EXPORTER_OTLP_ENDPOINT: "http://c" }).notices).toEqual([]);
  });
});

test("autoconfigure writes a Gateway without a provider where there are MCP servers", () => {
  const { source } = autoconfigure({}, { isDebug: false, hasMcpServers: true });
  const kinds = parseAllDocuments(source.text).map((document) => (document.toJS() as Resource).kind);
  expect(kinds).toEqual(["GatewayClass", "Gateway", "EnvoyProxy", "ClientTrafficPolicy"]);
});

describe("autoconfigure logs", () => {
  test("nothing for the exporter none", () => {
    const { source, spec } = generate({ ...openai, OTEL_LOGS_EXPORTER: "none" });
    expect(spec("EnvoyProxy")?.["telemetry"]).toEqual({ accessLog: { disable: true } });
    expect(compileGateway([source], testWorld({ environment: openai })).model?.accessLogs).toEqual([]);
  });

  test("LLM and MCP requests to standard output", () => {
    const { source } = generate(openai);
    const logs = compileGateway([source], testWorld({ environment: openai })).model?.accessLogs ?? [];
    const sink = { type: "file", path: "/dev/stdout" } as const;
    expect(logs.map((log) => [log.filters[0]?.source, log.sink, log.scope])).toEqual([
      ["request.headers['x-ai-eg-model'] != ''", sink, "all"],
      ["request.headers['x-ai-eg-mcp-backend'] != ''", sink, "all"],
    ]);
  });

  const collectors: readonly (readonly [environment: Environment, address: string])[] = [
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318/base" }, "c:4318"],
    [{ OTEL_LOGS_EXPORTER: "OTLP", OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "c:4317" }, "c:4317"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://c", OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }, "c:443"],
  ];
  test.each(collectors)("to the collector of %j, and no lines", (environment, address) => {
    const { source } = generate({ ...openai, ...environment });
    const logs = compileGateway([source], testWorld({ environment: openai })).model?.accessLogs ?? [];
    expect(logs.map(({ sink }) => sink)).toEqual([
      expect.objectContaining({ type: "otlp", address, body: expect.anything() }),
      expect.objectContaining({ type: "otlp", address, body: expect.anything() }),
    ]);
    expect(logs.map(({ format }) => format.type)).toEqual(["json", "json"]);
  });

  test.each([
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_LOGS_EXPORTER: "console" },
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_SDK_DISABLED: "true" },
  ])("lines for %j", (environment) => {
    const { spec } = generate({ ...openai, ...environment });
    expect(JSON.stringify(spec("EnvoyProxy"))).toContain('"path":"/dev/stdout"');
  });
});

describe("autoconfigure refuses", () => {
  const otlp = { ...openai, OTEL_EXPORTER_OTLP_ENDPOINT: "http://c" };
  const refused: readonly (readonly [environment: Environment, message: string])[] = [
    [
      {},
      "you must supply at least OPENAI_API_KEY, AZURE_OPENAI_API_KEY, ANTHROPIC_API_KEY, or a config file path",
    ],
    [{ OPENAI_API_KEY: "" }, "you must supply at least OPENAI_API_KEY"],
    [
      { AZURE_OPENAI_API_KEY: "k" },
      "AZURE_OPENAI_ENDPOINT environment variable is required when AZURE_OPENAI_API_KEY is set",
    ],
    [
      { AZURE_OPENAI_API_KEY: "k", AZURE_OPENAI_ENDPOINT: "https://h" },
      "OPENAI_API_VERSION environment variable is required when AZURE_OPENAI_API_KEY is set",
    ],
    [{ ...openai, OPENAI_BASE_URL: "h/v1" }, 'OPENAI_BASE_URL: "h/v1" has no scheme'],
    [
      { ...openai, OTEL_LOGS_EXPORTER: "foo" },
      'unsupported OTEL_LOGS_EXPORTER value "foo" (allowed: otlp, console, none)',
    ],
    [
      { ...openai, OTEL_LOGS_EXPORTER: "otlp" },
      "OTEL_LOGS_EXPORTER=otlp needs OTEL_EXPORTER_OTLP_LOGS_ENDPOINT or",
    ],
    [
      { ...otlp, OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "thrift" },
      'unsupported OTEL_EXPORTER_OTLP_LOGS_PROTOCOL value "thrift" (allowed: grpc, http/protobuf, http/json)',
    ],
    [
      { ...otlp, OTEL_LOGS_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_PROTOCOL: "http" },
      'unsupported OTEL_EXPORTER_OTLP_PROTOCOL value "http"',
    ],
    [
      { ...openai, OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://c" },
      'OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://c" has the scheme "ftp"',
    ],
  ];
  test.each(refused)("%j: %s", (environment, message) => {
    expect(() => generate(environment)).toThrow(ConfigFailure);
    expect(() => generate(environment)).toThrow(message);
  });
});
