/** Examples do what they say. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { parseAllDocuments } from "yaml";
import { startLimitMs } from "./gateway/start.ts";
import { startGateway } from "./support/gateway.ts";
import { freePort } from "./support/ports.ts";
import { root } from "./support/program.ts";
import { startUpstream } from "./support/upstream.ts";

const names = [...new Bun.Glob("*.yaml").scanSync(join(root, "examples"))].sort();

function example(name: string): string {
  return readFileSync(join(root, "examples", name), "utf8");
}

test("there are examples, and the README lists each", () => {
  expect(names).toContain("ollama.yaml");
  const readme = readFileSync(join(root, "examples/README.md"), "utf8");
  for (const name of names) expect(readme).toContain(`[${name}](${name})`);
});

test.each(names)("%s is YAML whose documents are resources", (name) => {
  for (const document of parseAllDocuments(example(name).replace(/\$\{\w+:=([^}]*)\}/g, "$1"))) {
    if ("errors" in document) expect(document.errors).toEqual([]);
    expect(document.toJS()).toMatchObject({ apiVersion: expect.any(String), kind: expect.any(String) });
  }
});

test.each(names)(
  "%s starts without a complaint",
  async (name) => {
    const env = { GATEWAY_PORT: String(freePort()), OPENAI_API_KEY: "x", ANTHROPIC_API_KEY: "y" };
    await using gateway = await startGateway({ config: example(name), env });
    expect(gateway.stderr()).not.toMatch(/warn|error/i);
  },
  startLimitMs,
);

test(
  "ollama.yaml sends any model to the server, or with CHAT_MODEL only that one",
  async () => {
    using ollama = startUpstream({
      choices: [{ message: { role: "assistant", content: "This is a test" } }],
    });
    const env = { OPENAI_HOST: "127.0.0.1", OPENAI_PORT: String(ollama.port) };
    const ask = async (more: Record<string, string>, model: string) => {
      const port = String(freePort());
      await using gateway = await startGateway({
        config: example("ollama.yaml"),
        env: { ...env, ...more, GATEWAY_PORT: port },
      });
      const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "x", maxRetries: 0 });
      const answer = await client.chat.completions
        .create({ model, messages: [] })
        .catch((error: unknown) => error);
      return answer instanceof OpenAI.APIError ? answer.status : 200;
    };
    expect(await ask({}, "qwen2.5:0.5b")).toBe(200);
    expect(ollama.seen[0]).toMatchObject({ method: "POST", path: "/v1/chat/completions" });
    expect(ollama.seen[0]?.headers.get("authorization")).toBe("Bearer unused");
    expect(await ask({ CHAT_MODEL: "deepseek-r1:1.5b" }, "deepseek-r1:1.5b")).toBe(200);
    expect(await ask({ CHAT_MODEL: "deepseek-r1:1.5b" }, "qwen2.5:0.5b")).toBe(404);
  },
  startLimitMs,
);

test(
  "two-providers.yaml lists its models with their owners",
  async () => {
    const env = { GATEWAY_PORT: String(freePort()), OPENAI_API_KEY: "x", ANTHROPIC_API_KEY: "y" };
    await using gateway = await startGateway({ config: example("two-providers.yaml"), env });
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "x" });
    const models = await Array.fromAsync(client.models.list());
    expect(models.map(({ id, owned_by }) => `${id} ${owned_by}`)).toEqual([
      "gpt-4o-mini OpenAI",
      "fast us",
      "claude-sonnet-4-5 Anthropic",
    ]);
  },
  startLimitMs,
);
