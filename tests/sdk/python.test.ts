/** The official OpenAI SDK for Python through aigw, from source and compiled. The cases are in openai_sdk.py. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { LLMock } from "@copilotkit/aimock";
import type { Gateway } from "../support/gateway.ts";
import { programs, root } from "../support/program.ts";
import { startFromEnvironment } from "./gateway.ts";
import * as provider from "./provider.ts";

const cases = [
  "chat",
  "chat_stream",
  "tool_call",
  "embeddings",
  "responses",
  "responses_stream",
  "speech",
  "transcription",
  "images",
  "models",
  "provider_error",
  "gateway_error",
];
const limitMs = 120_000;

const python = findPython();

/** The interpreter that has the SDK; without one the tests are skipped, and the reason is printed. */
function findPython(): string | undefined {
  const setup = Bun.spawnSync([join(root, "scripts/python-sdk")]);
  if (setup.success) return setup.stdout.toString().trim();
  console.log(`skipped: the tests with the Python SDK, for ${setup.stderr.toString().trim()}`);
  return undefined;
}

describe.skipIf(python === undefined).each(programs)("OpenAI SDK for Python, aigw as %s:", (program) => {
  let mock: LLMock;
  let gateway: Gateway;
  let outcome: Record<string, string>;

  beforeAll(async () => {
    mock = await provider.startProvider();
    const env = { OPENAI_API_KEY: provider.gatewayKey, OPENAI_BASE_URL: `${mock.url}/v1` };
    gateway = await startFromEnvironment(program, env);
    const script = join(import.meta.dir, "openai_sdk.py");
    const child = Bun.spawn([python ?? "", "-W", "ignore", script, `${gateway.url}/v1`, provider.clientKey], {
      env: { ...process.env, NO_PROXY: "127.0.0.1", PYTHONDONTWRITEBYTECODE: "1" },
      stderr: "inherit",
      timeout: limitMs / 2,
    });
    outcome = (await new Response(child.stdout).json()) as Record<string, string>;
  }, limitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await mock?.stop();
  });

  test.each(cases)("%s", (name) => expect(outcome[name]).toBe("ok"));
  test("every case of the script is asked for", () =>
    expect(Object.keys(outcome).sort()).toEqual([...cases].sort()));
});
