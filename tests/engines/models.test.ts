/** The list of models, in the shape of each family: what the configuration names, in its order. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { onEachEngine } from "../support/engines.ts";
import type { Gateway } from "../support/gateway.ts";
import { startLimitMs, startWith } from "../support/start.ts";

const names = ["gpt-4o-mini", "claude-sonnet-4-5", "llama3.2:1b"];
const common = { apiKey: "x", maxRetries: 0 };

onEachEngine((engine) => {
  let gateway: Gateway;

  beforeAll(async () => {
    const rules = names.map((name) => ({ models: [name], backends: ["up"] }));
    gateway = await startWith([{ name: "up", url: "http://127.0.0.1:9" }], { rules }, { engine });
  }, startLimitMs);
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  test("OpenAI clients list them", async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, ...common });
    const models = await Array.fromAsync(client.models.list());
    expect(models.map(({ id }) => id)).toEqual(names);
    expect(models[0]).toMatchObject({
      object: "model",
      owned_by: "Envoy AI Gateway",
      created: expect.any(Number),
    });
  });

  test("Anthropic clients list them", async () => {
    const client = new Anthropic({ baseURL: `${gateway.url}/anthropic`, ...common });
    const models = await Array.fromAsync(client.models.list());
    expect(models.map(({ id }) => id)).toEqual(names);
    expect(models[0]).toMatchObject({ type: "model", display_name: names[0] ?? "" });
  });
});
