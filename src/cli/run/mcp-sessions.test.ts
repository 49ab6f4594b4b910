import { expect, test } from "bun:test";
import { readMcpSessionSeeds } from "./mcp-sessions.ts";

const flags = (seed?: string, fallback?: string) => ({
  "mcp-session-encryption-seed": seed,
  "mcp-session-encryption-fallback-seed": fallback,
  "mcp-session-encryption-iterations": 7,
});

test("without a seed each run makes its own", () => {
  const [a, b] = [readMcpSessionSeeds(flags()), readMcpSessionSeeds(flags())];
  expect(a).toMatchObject({ iterations: 7, isRandom: true });
  expect(a.seeds).toHaveLength(1);
  expect(a.seeds).not.toEqual(b.seeds);
});

test("the seed comes before those of before", () => {
  expect(readMcpSessionSeeds(flags("new", "old,,older"))).toEqual({
    seeds: ["new", "old", "older"],
    iterations: 7,
    isRandom: false,
  });
});

test.each([
  ["default-insecure-seed", undefined],
  ["mine", "a,default-insecure-seed"],
])("the seed that everybody knows is refused", (seed, fallback) => {
  expect(() => readMcpSessionSeeds(flags(seed, fallback))).toThrow("which everybody knows");
});
