/** What operators do wrong: one clear message each, the right exit code, and nothing left running. */
import { describe, expect, test } from "bun:test";
import { gatewayYaml } from "../support/config.ts";
import { type RunOptions, runAigw } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { startLimitMs, startWith } from "../support/start.ts";

const good = gatewayYaml({
  port: freePort(),
  backends: [{ name: "up", url: "http://127.0.0.1:9", apiKey: "sk-very-secret" }],
});

/** The good configuration with one text replaced. */
function changed(from: string | RegExp, to: string): string {
  const text = good.replace(from, to);
  if (text === good) throw new Error(`the configuration has no ${from}`);
  return text;
}

/** The good configuration without its documents of a kind. */
function without(kind: string): string {
  return good
    .split("\n---\n")
    .filter((document) => !document.includes(`"kind": "${kind}",\n  "metadata"`))
    .join("\n---\n");
}

interface Case extends RunOptions {
  readonly name: string;
  readonly args?: readonly string[];
  readonly code: number;
  /** Every one must be in what is written to stderr. */
  readonly says: readonly (string | RegExp)[];
}

const failures: readonly Case[] = [
  {
    name: "a file that is not there",
    args: ["run", "nowhere.yaml"],
    code: 1,
    says: ["nowhere.yaml", /no such file/i],
  },
  { name: "a folder for a file", args: ["run", "."], code: 1, says: [/director/i] },
  { name: "text that is no YAML", config: 'a: "b\nc: [1, 2', code: 1, says: [/config\.yaml:\d+:\d+/] },
  { name: "a document without a kind", config: "a: 1\n", code: 1, says: ["config.yaml:1", "kind"] },
  {
    name: "a kind that it does not know",
    config: `${good}\n---\napiVersion: example.com/v1\nkind: Teapot\nmetadata: {name: pot}\n`,
    code: 1,
    says: [/config\.yaml:\d+:\d+/, "unsupported resource", "Teapot", "pot"],
  },
  { name: "no Gateway", config: without("Gateway"), code: 1, says: ["no Gateway resource found"] },
  {
    name: "a missing GatewayClass",
    config: without("GatewayClass"),
    code: 1,
    says: [/GatewayClass/, "tests"],
  },
  {
    name: "a route to a missing AIServiceBackend",
    config: without("AIServiceBackend"),
    code: 1,
    says: [/config\.yaml:\d+:\d+/, "AIGatewayRoute", "AIServiceBackend", "up"],
  },
  {
    name: "a missing Secret",
    config: without("Secret"),
    code: 1,
    says: [/config\.yaml:\d+:\d+/, "Secret", "up"],
  },
  {
    name: "a port of the wrong type",
    config: changed(/"port": \d+\s+\}\s+\]\s+\}\s+\}/, '"port": "many" }]}}'),
    code: 1,
    says: [/config\.yaml:\d+:\d+/, "port"],
  },
  {
    name: "an unknown schema",
    config: changed('"name": "OpenAI"', '"name": "OpenAl"'),
    code: 1,
    says: [/config\.yaml:\d+:\d+/, "OpenAl", "OpenAI"],
  },
  {
    name: "an unset variable that must be set",
    config: `# \${NOBODY_SETS_THIS:?set it}\n${good}`,
    code: 1,
    says: ["NOBODY_SETS_THIS", "set it"],
  },
  {
    name: "a brace that is not closed",
    config: `${good}\n# \${OPEN\n`,
    code: 1,
    says: [/config\.yaml:\d+/, "closing brace"],
  },
  {
    name: "a base URL without a scheme",
    args: ["run"],
    env: { OPENAI_API_KEY: "x", OPENAI_BASE_URL: "localhost:11434/v1" },
    code: 1,
    says: ["OPENAI_BASE_URL", "localhost:11434/v1", "http://"],
  },
  {
    name: "Azure without its endpoint",
    args: ["run"],
    env: { AZURE_OPENAI_API_KEY: "x" },
    code: 1,
    says: ["AZURE_OPENAI_ENDPOINT"],
  },
  {
    name: "an Envoy that is not there",
    args: ["run", "--engine=envoy"],
    env: { OPENAI_API_KEY: "x", ENVOY_PATH: "/no/such/envoy" },
    code: 1,
    says: ["ENVOY_PATH", "/no/such/envoy"],
  },
];

const usageErrors: readonly Case[] = [
  { name: "no command", args: [], code: 80, says: ["version", "run", "healthcheck", "download-envoy"] },
  { name: "an unknown command", args: ["rum"], code: 80, says: ["rum", "did you mean", "run"] },
  {
    name: "an unknown flag",
    args: ["run", "--admin-prot=1"],
    code: 80,
    says: ["--admin-prot", "--admin-port"],
  },
  {
    name: "a port out of range",
    args: ["run", "--admin-port=70000"],
    env: { OPENAI_API_KEY: "x" },
    code: 80,
    says: ["admin-port"],
  },
  {
    name: "no configuration at all",
    args: ["run"],
    code: 80,
    says: ["OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "ANTHROPIC_API_KEY"],
  },
  {
    name: "a run ID with a slash",
    args: ["run", "--run-id=a/b"],
    env: { OPENAI_API_KEY: "x" },
    code: 80,
    says: ["a/b", "run"],
  },
  {
    name: "both MCP flags",
    args: ["run", "--mcp-config=a", "--mcp-json={}"],
    code: 80,
    says: ["--mcp-config", "--mcp-json"],
  },
  {
    name: "an engine nobody knows",
    args: ["run", "--engine=steam"],
    env: { OPENAI_API_KEY: "x" },
    code: 80,
    says: ["steam", "embedded"],
  },
];

test.each([...failures, ...usageErrors])(
  "aigw refuses $name",
  async ({ args = ["run"], code, says, ...options }) => {
    const ended = await runAigw(args, options);
    expect(ended).toMatchObject({ code, stdout: "" });
    for (const text of says) expect(ended.stderr).toMatch(text);
    if (code === 80) expect(ended.stderr).toStartWith("aigw: error: ");
    expect(ended.stderr, "a stack trace is for developers").not.toMatch(/\n\s+at .*[:(]\d+/);
    expect(ended.stderr).not.toContain("sk-very-secret");
  },
);

test("aigw reports every finding at once", async () => {
  const config = changed('"name": "OpenAI"', '"name": "OpenAl"').replace(
    '"type": "APIKey"',
    '"type": "ApiKey"',
  );
  const { code, stderr } = await runAigw(["run"], { config });
  expect(code).toBe(1);
  expect(stderr).toContain("OpenAl");
  expect(stderr).toContain("ApiKey");
});

describe("a taken port", () => {
  test(
    "of a listener is named, with the Gateway",
    async () => {
      await using running = await startWith(
        [{ name: "up", url: "http://127.0.0.1:9" }],
        {},
        { flags: ["--admin-port=0"] },
      );
      const config = gatewayYaml({
        port: running.port,
        backends: [{ name: "up", url: "http://127.0.0.1:9" }],
      });
      const { code, stderr } = await runAigw(["run"], { config, flags: ["--admin-port=0"] });
      expect(code).toBe(1);
      for (const text of [String(running.port), "tests", /in use/i]) expect(stderr).toMatch(text);
    },
    startLimitMs,
  );

  test(
    "of the admin server is named, with its flag",
    async () => {
      await using running = await startWith(
        [{ name: "up", url: "http://127.0.0.1:9" }],
        {},
        { flags: ["--admin-port=0"] },
      );
      const { port } = new URL(running.adminUrl);
      const { code, stderr } = await runAigw(["run"], { config: good, flags: [`--admin-port=${port}`] });
      expect(code).toBe(1);
      for (const text of [port, "--admin-port"]) expect(stderr).toMatch(text);
    },
    startLimitMs,
  );
});
