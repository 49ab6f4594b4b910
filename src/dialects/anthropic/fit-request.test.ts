import { expect, test } from "bun:test";
import type { IrRequest } from "../ir/request.ts";
import { Warnings } from "../ir/warnings.ts";
import { deepFreeze } from "../testing.ts";
import { fitToModel } from "./fit-request.ts";

const asked: IrRequest = deepFreeze({
  model: "m",
  isStream: false,
  wantsUsage: false,
  messages: [],
  tools: [],
  sampling: { temperature: 0, topP: 0.9, topK: 5, stop: ["x"] },
  reasoning: { mode: "on", budgetTokens: 2000, show: "summarized" },
  extras: {},
});

const refusing = [
  "claude-opus-4-7",
  "claude-opus-4-8",
  "claude-sonnet-5",
  "us.anthropic.claude-opus-5-5-v1:0",
  "claude-haiku-5-5@20260901",
  "claude-fable-5-2",
];
test.each(refusing)("%s is asked without dials, and told so", (model) => {
  const warnings = new Warnings();
  expect(fitToModel(asked, model, warnings)).toMatchObject({
    sampling: { stop: ["x"] },
    reasoning: { mode: "adaptive", show: "summarized" },
  });
  expect(fitToModel(asked, model, warnings).sampling).toEqual({ stop: ["x"] });
  expect(new Set(warnings.list.map(({ level, path }) => `${level} ${path}`))).toEqual(
    new Set(["loud temperature", "loud top_p", "loud top_k", "loud thinking.budget_tokens"]),
  );
});

const taking = ["claude-sonnet-4-6", "claude-opus-4-6@default", "claude-3-5-haiku", "my-claude"];
test.each(taking)("%s is asked as the client did", (model) => {
  const warnings = new Warnings();
  expect(fitToModel(asked, model, warnings)).toBe(asked);
  expect(warnings.list).toEqual([]);
});

test("a request without dials stays the same object", () => {
  const plain: IrRequest = { ...asked, sampling: {}, reasoning: undefined };
  expect(fitToModel(plain, "claude-sonnet-5", new Warnings())).toBe(plain);
});
