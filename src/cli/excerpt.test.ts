import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { excerpt } from "./excerpt.ts";
import { temporaryDirectory } from "./testing.ts";

function fileWith(text: string): string {
  const file = join(temporaryDirectory(), "gw.yaml");
  writeFileSync(file, text);
  return file;
}

test.each([
  [
    "a key",
    "kind: Gateway\nspec:\n  listenerz: [{ port: 1 }]\n",
    3,
    3,
    ["  3 |   listenerz: [{ port: 1 }]", "    |   ^^^^^^^^^^"],
  ],
  ["a value", "port: 99999, x\n", 1, 7, ["  1 | port: 99999, x", "    |       ^^^^^"]],
  ["the end of a line", "a:\n", 1, 3, ["  1 | a:", "    |   ^"]],
  ["a tab and a control character", "a: \t\u0007b\n", 1, 6, ["  1 | a:   b", "    |      ^"]],
])("%s is underlined", (_, text, line, column, want) => {
  expect(excerpt({ file: fileWith(text), line, column })).toBe(`${want.join("\n")}\n`);
});

test.each([
  ["a file that is not there", { file: "environment", line: 1, column: 1 }],
  ["a line that is not there", { file: fileWith("a\n"), line: 7, column: 1 }],
  ["an empty line", { file: fileWith("\n\n"), line: 1, column: 1 }],
  ["a column far to the right", { file: fileWith("x".repeat(500)), line: 1, column: 400 }],
])("nothing is shown of %s", (_, place) => {
  expect(excerpt(place)).toBe("");
});
