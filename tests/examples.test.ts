/** Examples do what they say. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { parseAllDocuments } from "yaml";
import { type Gateway, runAigw, startGateway } from "./support/gateway.ts";
import { freePort } from "./support/ports.ts";
import { root } from "./support/program.ts";
import { startLimitMs } from "./support/start.ts";
import { startUpstream } from "./support/upstream.ts";

const names = [...new Bun.Glob("*.yaml").scanSync(join(root, "examples"))].sort();

function example(name: string): string {
  return readFileSync(join(root, "examples", name), "utf8");
}

/** On a free port instead of the one that examples name. */
function startExample(config: string, env: Readonly<Record<string, string>> = {}): Promise<Gateway> {
  const text = config.replace(/port: 1975\b/, `port: ${freePort()}`);
  if (text === config) throw new Error("the example does not name port 1975");
  const keys = { OPENAI_API_KEY: "unused", ANTHROPIC_API_KEY: "unused" };
  return startGateway({ config: text, env: { ...keys, ...env } });
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
    await using gateway = await startExample(example(name));
    expect(gateway.stderr()).not.toMatch(/warn|error/i);
  },
  startLimitMs,
);

test(
  "ollama.yaml takes its models, or the one that CHAT_MODEL names",
  async () => {
    using ollama = startUpstream({
      choices: [{ message: { role: "assistant", content: "This is a test" } }],
    });
    const config = example("ollama.yaml").replace("port: 11434", `port: ${ollama.port}`);
    const ask = async (env: Record<string, string>, model: string) => {
      await using gateway = await startExample(config, { OLLAMA_HOST_NAME: "localhost", ...env });
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
    await using gateway = await startExample(example("two-providers.yaml"));
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

test(
  "api-keys.yaml lets its clients in, and nobody else",
  async () => {
    await using gateway = await startExample(example("api-keys.yaml"), {
      ALICE_KEY: "sk-1",
      BOB_KEY: "sk-2",
    });
    const list = (headers: Record<string, string>) => fetch(`${gateway.url}/v1/models`, { headers });
    const statuses = [
      await list({ authorization: "Bearer sk-1" }),
      await list({ "x-api-key": "sk-2" }),
      await list({ authorization: "Bearer sk-alice" }),
      await list({}),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 401, 401]);
  },
  startLimitMs,
);

/** With its providers on this machine, without TLS. */
function withLocal(name: string, ports: Readonly<Record<string, number>>): string {
  const documents = example(name).split("\n---\n");
  let text = documents.filter((document) => !document.includes("kind: BackendTLSPolicy")).join("\n---\n");
  for (const [host, port] of Object.entries(ports))
    text = text.replace(`hostname: ${host}\n        port: 443`, `hostname: localhost\n        port: ${port}`);
  return text;
}

test(
  "token-limit.yaml charges a user's tokens for each model, and counts requests over all",
  async () => {
    const usage = { prompt_tokens: 10_000, completion_tokens: 50_000, total_tokens: 60_000 };
    using openai = startUpstream({ choices: [{ message: { role: "assistant", content: "test" } }], usage });
    await using gateway = await startExample(
      withLocal("token-limit.yaml", { "api.openai.com": openai.port }),
    );
    const ask = async (user: string, model = "gpt-4o-mini") => {
      const client = new OpenAI({
        baseURL: `${gateway.url}/v1`,
        apiKey: "x",
        maxRetries: 0,
        defaultHeaders: { "x-user-id": user },
      });
      const answer = await client.chat.completions
        .create({ model, messages: [] })
        .catch((error: unknown) => error);
      return answer instanceof OpenAI.APIError ? answer.status : 200;
    };
    expect([await ask("anna"), await ask("anna"), await ask("anna")]).toEqual([200, 200, 429]);
    expect([await ask("anna", "gpt-4o"), await ask("bert")]).toEqual([200, 200]);
  },
  startLimitMs,
);

test(
  "fallback.yaml asks Claude when GPT is not to be had",
  async () => {
    using openai = startUpstream(() => new Response("no", { status: 429 }));
    using anthropic = startUpstream({
      type: "message",
      role: "assistant",
      content: [{ type: "text", text: "This is a test" }],
      stop_reason: "end_turn",
      usage: { input_tokens: 1, output_tokens: 1 },
    });
    const ports = { "api.openai.com": openai.port, "api.anthropic.com": anthropic.port };
    await using gateway = await startExample(withLocal("fallback.yaml", ports));
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "x", maxRetries: 0 });
    const answer = await client.chat.completions.create({ model: "assistant", messages: [] });
    expect(answer.choices[0]?.message.content).toBe("This is a test");
    expect(openai.seen.length).toBe(1);
    expect(anthropic.seen.map(({ path }) => path)).toEqual(["/v1/messages"]);
    expect(JSON.parse(anthropic.seen[0]?.text ?? "{}")).toMatchObject({ model: "claude-sonnet-4-5" });
  },
  startLimitMs,
);

test.each(names)("%s has nothing that lint would say", async (name) => {
  const path = join(root, "examples", name);
  const env = { OPENAI_API_KEY: "unused", ANTHROPIC_API_KEY: "unused" };
  const { code, stdout, stderr } = await runAigw(["lint", path], { program: "source", env });
  const said = stdout.split("\n").filter((line) => /^(?:error|warning|.*: is used by nothing)/.test(line));
  expect({ code, said }, stderr).toEqual({ code: 0, said: [] });
});

const question = { messages: [{ role: "user" as const, content: "Say this is a test" }] };

test(
  "web-and-models.yaml serves an application and models on one port",
  async () => {
    using app = startUpstream(({ path }) => new Response(`app ${path}`, { headers: { server: "app" } }));
    using ollama = startUpstream({
      choices: [{ message: { role: "assistant", content: "This is a test" } }],
    });
    const config = example("web-and-models.yaml")
      .replace("port: 8000", `port: ${app.port}`)
      .replace("port: 11434", `port: ${ollama.port}`);
    await using gateway = await startExample(config);
    const get = (path: string) => fetch(gateway.url + path, { redirect: "manual" });
    const page = await get("/app/page?q=1");
    expect([await page.text(), page.headers.get("server")]).toEqual(["app /page?q=1", null]);
    expect((await get("/old/page")).headers.get("location")).toBe(`${gateway.url}/app/page`);
    const other = await get("/elsewhere");
    expect([other.status, await other.text()]).toEqual([
      404,
      "There is an application at /app, and models at /v1.\n",
    ]);
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "x", maxRetries: 0 });
    const answer = await client.chat.completions.create({ model: "qwen2.5:0.5b", ...question });
    expect(answer.choices[0]?.message.content).toBe("This is a test");
  },
  startLimitMs,
);

test(
  "access-log.yaml writes what each request has cost",
  async () => {
    using ollama = startUpstream({
      choices: [{ message: { role: "assistant", content: "This is a test" } }],
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
    });
    const config = example("access-log.yaml").replace("port: 11434", `port: ${ollama.port}`);
    await using gateway = await startExample(config);
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "x", maxRetries: 0 });
    await client.chat.completions.create({ model: "m", ...question });
    const log = join(gateway.home, "requests.log");
    for (let waited = 0; waited < 5000 && !readText(log).includes("\n"); waited += 20) await Bun.sleep(20);
    expect(JSON.parse(readText(log))).toMatchObject({
      model: "m",
      status: 200,
      input: 7,
      output: 3,
      price: 19,
    });
  },
  startLimitMs,
);

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
