import { expect, test } from "bun:test";
import { usualMaxTokens } from "./models.ts";

const cases: [model: string, want: number][] = [
  ["claude-3-haiku-20240307", 4096],
  ["anthropic.claude-v2:1", 4096],
  ["claude-3-5-sonnet@20240620", 8192],
  ["us.anthropic.claude-3-7-sonnet-20250219-v1:0", 32_000],
  ["claude-opus-4-1", 32_000],
  ["claude-sonnet-4-5@20250929", 32_000],
  ["eu.anthropic.claude-haiku-5-v1:0", 32_000],
  ["my-claude", 8192],
];

test.each(cases)("a client that sets no limit gets from %s up to %d tokens", (model, want) => {
  expect(usualMaxTokens(model)).toBe(want);
});
