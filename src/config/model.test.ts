// biome-ignore-all lint/suspicious/noTemplateCurlyInString: files hold such expressions.
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";
import type { GatewayModel } from "../model/gateway.ts";
import { autoconfigure } from "./autoconfig/autoconfigure.ts";
import { compileGateway } from "./compile-gateway.ts";
import { compileText, findings, testWorld } from "./testing.ts";
import type { Environment } from "./world.ts";
import { writeResources } from "./write-resources.ts";

const ollama = readFileSync(new URL("../../examples/ollama.yaml", import.meta.url), "utf8");

function fromEnvironment(environment: Environment): GatewayModel {
  const { source } = autoconfigure(environment, { isDebug: false, hasMcpServers: false });
  const compiled = compileGateway([source], testWorld({ environment }));
  expect(findings(compiled)).toEqual([]);
  return compiled.model!;
}

function fromText(text: string, environment: Environment = {}): GatewayModel {
  const compiled = compileText(text, { environment });
  expect(findings(compiled)).toEqual([]);
  return compiled.model!;
}

/** What a model says, without lines and without what differs from process to process; log formats a line a member. */
function golden({ origins: _, ...model }: GatewayModel): unknown {
  const left = new Set(["at", "why", "print", "fingerprint"]);
  const text = JSON.stringify(model, (key, value: unknown) => {
    if (left.has(key)) return undefined;
    if (key !== "members" || !Array.isArray(value)) return value;
    return value.map(([name, template]) => `${name}: ${JSON.stringify(template)}`);
  });
  return JSON.parse(text);
}

const models: readonly (readonly [name: string, compile: () => GatewayModel])[] = [
  [
    "openai",
    () =>
      fromEnvironment({ OPENAI_API_KEY: "fixture-key", OPENAI_ORG_ID: "org1", OPENAI_PROJECT_ID: "proj1" }),
  ],
  [
    "openai-compatible",
    () => fromEnvironment({ OPENAI_API_KEY: "fixture-key", OPENAI_BASE_URL: "http://127.0.0.1:9999/api/v1" }),
  ],
  [
    "azure",
    () =>
      fromEnvironment({
        AZURE_OPENAI_API_KEY: "fixture-key",
        AZURE_OPENAI_ENDPOINT: "https://res.openai.azure.com",
        OPENAI_API_VERSION: "2024-12-01-preview",
      }),
  ],
  ["anthropic", () => fromEnvironment({ ANTHROPIC_API_KEY: "fixture-key" })],
  ["ollama", () => fromText(ollama, { THINKING_MODEL: "qwen3:4b" })],
];

describe("the model of", () => {
  test.each(models)("%s is the golden one", (name, compile) => {
    const file = new URL(`./golden/${name}.json`, import.meta.url);
    // UPDATE_GOLDEN=1 writes them anew, to be looked at before they are committed.
    if (process.env["UPDATE_GOLDEN"] === "1")
      writeFileSync(file, `${JSON.stringify(golden(compile()), null, 2)}\n`);
    expect(golden(compile())).toEqual(JSON.parse(readFileSync(file, "utf8")));
  });

  test.each(models)("%s is plain, and the same after a trip through JSON", (_, compile) => {
    const model = compile();
    expect(JSON.parse(JSON.stringify(model))).toStrictEqual(model);
  });

  test.each(models)("%s is frozen to the bottom", (_, compile) => {
    const visit = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      expect(Object.isFrozen(value)).toBe(true);
      Object.values(value).forEach(visit);
    };
    visit(compile());
  });
});

/** Each part that keeps state over a reload, by key. */
function prints({ listeners, rules, backends, aiBackends, credentials, accessLogs }: GatewayModel): {
  [key: string]: string;
} {
  const parts = [
    ...listeners,
    ...accessLogs,
    ...[rules, backends, aiBackends, credentials].flatMap((table) => Object.values(table)),
  ];
  return Object.fromEntries(parts.map(({ key, print }) => [key, print]));
}

describe("a print", () => {
  const before = prints(fromText(ollama));
  const changed = (text: string, environment: Environment = {}) => {
    const after = prints(fromText(text, environment));
    expect(Object.keys(after)).toEqual(Object.keys(before));
    return Object.keys(after).filter((key) => after[key] !== before[key]);
  };

  test("does not change with comments, lines and the order of documents and members", () => {
    const shuffled = ollama.split("---\n").toReversed().join("\n\n# another comment\n---\n");
    expect(changed(shuffled)).toEqual([]);
    const turned = ollama.replace(
      '        hostname: "${OLLAMA_HOST_NAME:=localhost}"\n        port: 11434',
      "        port: 11434\n        hostname: localhost",
    );
    expect(turned).not.toBe(ollama);
    expect(changed(turned)).toEqual([]);
  });

  test("does not change with a rule above, only the keys do", () => {
    const text = ollama.replace(
      "  rules:\n",
      "  rules:\n    - {matches: [{headers: [{name: x-ai-eg-model, value: other}]}], backendRefs: [{name: ollama}]}\n",
    );
    const after = prints(fromText(text));
    expect(after["httproute/default/ollama/rule/1"]).toBe(before["httproute/default/ollama/rule/0"]!);
    expect(after["default/ollama/route/ollama/rule/1/ref/0"]).toBe(
      before["default/ollama/route/ollama/rule/0/ref/0"]!,
    );
    expect(after["default/ollama/route/ollama/rule/0/ref/0"]).not.toBe(
      before["default/ollama/route/ollama/rule/0/ref/0"]!,
    );
  });

  const ai = "default/ollama/route/ollama/rule/0/ref/0";
  const rule = "httproute/default/ollama/rule/0";
  const edits: readonly (readonly [
    name: string,
    text: string,
    environment: Environment,
    keys: readonly string[],
  ])[] = [
    ["another address", ollama, { OLLAMA_HOST_NAME: "host.docker.internal" }, [rule, "default/ollama"]],
    ["another key", ollama, { OPENAI_API_KEY: "other" }, [rule, ai, "default/ollama-apikey"]],
    ["another timeout", ollama.replace("120s", "121s"), {}, [rule]],
    ["another prefix", ollama.replace("name: OpenAI\n", "name: OpenAI\n    prefix: v2\n"), {}, [rule, ai]],
    ["another port", ollama.replace("port: 1975", "port: 1976"), {}, ["default/ollama/http"]],
    ["another model, which is the route's own affair", ollama, { CHAT_MODEL: "other" }, []],
  ];
  test.each(edits)("changes with %s, and those of its users", (_, text, environment, keys) => {
    expect(changed(text, environment).toSorted()).toEqual([...keys].toSorted());
  });
});

describe("a secret is nowhere but in its store", () => {
  const secret = "fixture-4f1a";
  const broken = ollama
    .replace("port: 1975", "port: x")
    .replace("name: OpenAI\n", "name: OpenIA\n")
    .replace("120s", "2 minutes");
  test.each([
    ["sound", ollama],
    ["broken", broken],
  ])("for a %s file", (_, text) => {
    const environment = { OPENAI_API_KEY: secret };
    const compiled = compileText(text, { environment });
    const sources = [{ name: "gw.yaml", text, isSubstituted: true }];
    const dumps = [
      JSON.stringify(compiled),
      inspect(compiled, { depth: 20, showHidden: true }),
      Bun.inspect(compiled.secrets),
      String(compiled.secrets),
      `${compiled.secrets}`,
      ...findings(compiled),
      writeResources(sources, testWorld({ environment })),
    ];
    for (const dump of dumps) expect(dump).not.toContain(secret);
    const way = compiled.model?.credentials["default/ollama-apikey"]?.way;
    expect(way?.type === "header" ? compiled.secrets.value(way.secret) : undefined).toBe(
      text === broken ? undefined : secret,
    );
  });
});
