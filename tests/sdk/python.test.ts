/** The official OpenAI SDK for Python through aigw, from source and compiled. The cases are in openai_sdk.py. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { LLMock } from "@copilotkit/aimock";
import type { Gateway } from "../support/gateway.ts";
import { programs } from "../support/program.ts";
import { startFromEnvironment } from "./gateway.ts";
import * as provider from "./provider.ts";
import { findPython, runPython } from "./python.ts";

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

describe.skipIf(python === undefined).each(programs)("OpenAI SDK for Python, aigw as %s:", (program) => {
  let mock: LLMock;
  let gateway: Gateway;
  let outcome: Record<string, string>;

  beforeAll(async () => {
    mock = await provider.startProvider();
    const env = { OPENAI_API_KEY: provider.gatewayKey, OPENAI_BASE_URL: `${mock.url}/v1` };
    gateway = await startFromEnvironment(program, env);
    outcome = await runPython(python ?? "", "openai_sdk.py", [`${gateway.url}/v1`, provider.clientKey]);
  }, limitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await mock?.stop();
  });

  test.each(cases)("%s", (name) => expect(outcome[name]).toBe("ok"));
  test("every case of the script is asked for", () =>
    expect(Object.keys(outcome).sort()).toEqual([...cases].sort()));
});
