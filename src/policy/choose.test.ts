import { expect, test } from "bun:test";
import { chooseRef } from "./choose.ts";

const ref = (name: string, weight = 1, priority = 0) => ({ name, weight, priority });
const [a, b, none, later] = [ref("a"), ref("b", 3), ref("none", 0), ref("later", 1, 1)];
const nothing = new Set<never>();

test("a weight of 0 is never chosen", () => {
  for (let random = 0; random < 1; random += 0.05) {
    expect(chooseRef([none, a], nothing, 0, undefined, random)).toBe(a);
  }
  expect(chooseRef([none], nothing, 0, undefined, 0)).toBeUndefined();
});

test("shares follow the weights", () => {
  const picks = Array.from(
    { length: 100 },
    (_, i) => chooseRef([a, b], nothing, 0, undefined, i / 100)?.name,
  );
  expect(picks.filter((name) => name === "a").length).toBe(25);
});

test("only the lowest priority takes traffic without attemptsPerPriority", () => {
  for (let tries = 0; tries < 4; tries += 1) {
    expect(chooseRef([later, a], new Set([a]), tries, undefined, 0.9)).toBe(a);
  }
});

test("attemptsPerPriority moves on to the next priority, and after the last to the first again", () => {
  const names = [0, 1, 2, 3].map((tries) => chooseRef([a, later], nothing, tries, 1, 0)?.name);
  expect(names).toEqual(["a", "later", "a", "later"]);
});

test("a retry avoids what was tried while its priority has others", () => {
  for (let random = 0; random < 1; random += 0.1)
    expect(chooseRef([a, b], new Set([b]), 1, undefined, random)).toBe(a);
  expect(chooseRef([a, b], new Set([a, b]), 2, undefined, 0)).toBe(a);
});
