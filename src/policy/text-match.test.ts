import { describe, expect, test } from "bun:test";
import { RE2JS } from "re2js";
import type { TextMatch } from "../model/values.ts";
import { compileTextMatch } from "./text-match.ts";

const cases: { match: TextMatch; yes: string[]; no: string[] }[] = [
  { match: { type: "exact", value: "gpt-4o" }, yes: ["gpt-4o"], no: ["gpt-4o-mini", "GPT-4o", ""] },
  { match: { type: "prefix", value: "gpt" }, yes: ["gpt", "gpt-4"], no: ["a-gpt", "gp"] },
  { match: { type: "suffix", value: "-mini" }, yes: ["x-mini", "-mini"], no: ["x-mini-2"] },
  { match: { type: "contains", value: "4o" }, yes: ["4o", "gpt-4o-mini"], no: ["gpt-4"] },
];

test.each(cases)("compileTextMatch tests $match", ({ match, yes, no }) => {
  const fits = compileTextMatch(match);
  expect(yes.filter((value) => !fits(value))).toEqual([]);
  expect(no.filter(fits)).toEqual([]);
});

/** Patterns with and without a short cut; each must decide as RE2 does. */
const patterns = [
  ".*",
  "",
  "^.*$",
  "claude.*",
  ".*-mini",
  ".*claude.*haiku.*",
  "a.*a",
  "ab.*bc",
  "gpt-4o|gpt-4o-mini",
  "^a|b$",
  "gpt-4\\.1",
  "gpt-4\\.1.*",
  "a\\.*",
  "a\\\\.*",
  "a.b",
  "a.+",
  "[a-c]+",
  "(?i)claude.*",
  "x{2,3}",
  "(a|b)c",
  "a|",
  "..*",
  "a.*.*b",
  "a$.*",
  "\\d+",
  "o\\/1",
  "é.*",
];
const values = [
  "",
  "a",
  "b",
  "ab",
  "aa",
  "abc",
  "abbc",
  "ac",
  "bc",
  "a.b",
  "axb",
  "a.",
  "a..",
  "a\\",
  "a\\.",
  "a\\b",
  "a|",
  "xx",
  "xxxx",
  "42",
  "o/1",
  "claude",
  "Claude-3",
  "claude-3-haiku-mini",
  "my-claude-3-haiku",
  "haiku-claude",
  "gpt-4o",
  "gpt-4o-mini",
  "gpt-4.1",
  "gpt-4x1",
  "gpt-4.1-nano",
  "a\nb",
  "claude\n3",
  "\n",
  "été",
  "é",
  "😀",
  "$",
  "^a",
];

describe("compileTextMatch agrees with RE2 on the whole value for", () => {
  test.each(patterns)("%p", (pattern) => {
    const fits = compileTextMatch({ type: "regex", pattern });
    const re2 = RE2JS.compile(pattern);
    expect(values.filter(fits)).toEqual(values.filter((value) => re2.matches(value)));
  });
});

test("compileTextMatch takes linear time where backtracking would explode", () => {
  const fits = compileTextMatch({ type: "regex", pattern: "(a+)+b" });
  expect(fits("a".repeat(5000))).toBe(false);
});

test.each(["a(b", "a**", "[z-a]", "(?=x)", "\\1"])(
  "compileTextMatch refuses %p with RE2's words",
  (pattern) => {
    expect(() => compileTextMatch({ type: "regex", pattern })).toThrow(/^error parsing regexp: /);
  },
);
