/** A bounded run of the fuzzer. By hand, much longer: `bun scripts/fuzz.ts --runs 100000`. */
import { describe, expect, test } from "bun:test";
import { damageBytes, damageJson, diceOf } from "./damage.ts";
import { problemWith, targets } from "./targets.ts";

const runs = 300;
/** Found something once. */
const knownSeeds = [101_669, 103_578, 182_212];

test("every dialect has targets", () => {
  expect(targets.length).toBeGreaterThan(50);
});

describe("damaged", () => {
  test.each([...targets])("$name", (target) => {
    const failed: { seed: number; problem: string }[] = [];
    for (const seed of [...Array(runs).keys(), ...knownSeeds]) {
      const problem = problemWith(target, seed);
      if (problem !== undefined) failed.push({ seed, problem });
    }
    expect(failed.slice(0, 3)).toEqual([]);
  });
});

test("damage is done, and done again by the same seed", () => {
  const text = JSON.stringify({ a: [1, { b: "c" }], d: { e: null } });
  const seeds = Array.from({ length: 100 }, (_, seed) => seed);
  const jsons = seeds.map((seed) => damageJson(text, diceOf(seed)));
  expect(jsons.filter((json) => json !== text).length).toBeGreaterThan(90);
  expect(new Set(jsons).size).toBeGreaterThan(50);
  expect(seeds.map((seed) => damageJson(text, diceOf(seed)))).toEqual(jsons);
  const bytes = seeds.map((seed) => String(damageBytes(new TextEncoder().encode(text), diceOf(seed))));
  expect(new Set(bytes).size).toBeGreaterThan(80);
});
