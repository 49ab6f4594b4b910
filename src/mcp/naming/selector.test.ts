import { expect, test } from "bun:test";
import type { NamePattern } from "../../model/mcp.ts";
import { compileSelector } from "./selector.ts";

const exact = (value: string): NamePattern => ({ type: "exact", value });
const search = (pattern: string): NamePattern => ({ type: "search", pattern });
const names = ["get_issue", "list_issues", "create_issue", "Delete"];

const cases: { name: string; include?: NamePattern[]; exclude?: NamePattern[]; want: string[] }[] = [
  { name: "without lists: all", want: names },
  { name: "names", include: [exact("get_issue"), exact("issue")], want: ["get_issue"] },
  { name: "a pattern anywhere in the name", include: [search("issue")], want: names.slice(0, 3) },
  { name: "an anchored pattern", include: [search("^(get|list)_")], want: names.slice(0, 2) },
  { name: "a flag in the pattern", include: [search("(?i)delete")], want: ["Delete"] },
  {
    name: "what is excluded, though it is included",
    include: [search("issue")],
    exclude: [search("^create")],
    want: names.slice(0, 2),
  },
  { name: "all but what is excluded", exclude: [exact("Delete")], want: names.slice(0, 3) },
  { name: "nothing for an empty list", include: [], want: [] },
];

test.each(cases)("compileSelector shows $name", ({ include, exclude = [], want }) => {
  const isShown = compileSelector({ at: 0, ...(include && { include }), exclude });
  expect(names.filter(isShown)).toEqual(want);
});

test("compileSelector refuses what is not RE2", () => {
  expect(() => compileSelector({ at: 0, exclude: [search("(?=x)")] })).toThrow();
});
