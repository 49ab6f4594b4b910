/** What an operator sees of a run: health, metrics, the access log, files and their modes, and never a secret. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { onEachEngine } from "../support/engines.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { untilFree } from "../support/ports.ts";
import { chatBody, post, startLimitMs } from "../support/start.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const secret = "sk-Zx81-never-to-be-seen";
const clientSecret = "sk-client-Qw42-never-to-be-seen";
const usage = { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 };
function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

onEachEngine((engine) => {
  let upstream: Upstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = startUpstream({ model: "answering-model", choices: [], usage });
    await untilFree(1975);
    const env = { OPENAI_API_KEY: secret, OPENAI_BASE_URL: `${upstream.url}/v1` };
    gateway = await startGateway({ engine, env, flags: ["--run-id=0", "--debug"] });
    const headers = { authorization: `Bearer ${clientSecret}`, "x-api-key": clientSecret };
    for (const model of ["some-model", "some-model", ""]) {
      await (await post(gateway, "/v1/chat/completions", chatBody(model), { headers })).text();
    }
  }, startLimitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    upstream?.[Symbol.dispose]();
  });

  test("health is OK", async () => {
    const answer = await fetch(`${gateway.adminUrl}/health`);
    expect([answer.status, await answer.text()]).toEqual([200, "OK\n"]);
  });

  test("metrics count tokens and time by model and provider", async () => {
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    const sums = text.split("\n").filter((line) => line.startsWith("gen_ai_client_token_usage_sum"));
    const input = sums.find((line) => line.includes('gen_ai_token_type="input"'));
    expect(input).toContain('gen_ai_request_model="some-model"');
    expect(input).toContain('gen_ai_response_model="answering-model"');
    expect(input).toEndWith(" 10");
    expect(text).toContain("gen_ai_server_request_duration_seconds_count");
  });

  test("the access log has a line of JSON for each request", async () => {
    const file = join(gateway.home, "state/envoy-runs/0/stdout.log");
    const lines = () => readFileSync(file, "utf8").trim().split("\n").filter(Boolean);
    while (lines().length < 2) await Bun.sleep(20);
    const line = JSON.parse(lines()[0] ?? "") as Record<string, unknown>;
    expect(line).toMatchObject({
      "gen_ai.request.model": "some-model",
      "gen_ai.response.model": "answering-model",
      method: "POST",
      "request.path": "/v1/chat/completions",
    });
    expect(Number(line["response_code"])).toBe(200);
    expect(Number(line["gen_ai.usage.output_tokens"])).toBe(6);
  });

  test("no file and no line of output holds a secret", () => {
    const files = filesOf(gateway.home);
    expect(files.map((file) => file.slice(gateway.home.length))).toContain(
      "/state/runs/0/envoy-ai-gateway-resources/config.yaml",
    );
    const texts = [gateway.stdout(), gateway.stderr(), ...files.map((file) => readFileSync(file, "latin1"))];
    for (const word of [secret, clientSecret, Buffer.from(secret).toString("base64")]) {
      expect(texts.filter((text) => text.includes(word))).toEqual([]);
    }
  });

  test("its files are the operator's own", () => {
    for (const file of filesOf(join(gateway.home, "state"))) {
      expect([file, (statSync(file).mode & 0o777).toString(8)]).toEqual([file, "600"]);
    }
    expect((statSync(join(gateway.home, "run/0")).mode & 0o777).toString(8)).toBe("700");
  });
});
