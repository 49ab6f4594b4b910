import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commands } from "./grammar/table.ts";
import { writeHelp } from "./help.ts";

/** One file a help page, to be read in review; `UPDATE_GOLDEN=1 bun test src/cli/help.test.ts` writes them anew. */
const golden = [undefined, ...commands].map((command) => ({ name: command?.name ?? "aigw", command }));

test.each(golden)("help of $name is as in golden/$name.txt", ({ name, command }) => {
  const path = join(import.meta.dirname, "golden", `${name}.txt`);
  const text = writeHelp(commands, command, 80);
  if (process.env["UPDATE_GOLDEN"]) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, "utf8"));
});

test.each(golden)("help of $name fits into 80 columns", ({ command }) => {
  const widest = Math.max(
    ...writeHelp(commands, command, 80)
      .split("\n")
      .map((line) => line.length),
  );
  expect(widest).toBeLessThanOrEqual(80);
});

test("help uses the width of the terminal", () => {
  const lines = writeHelp(commands, undefined, 200).split("\n");
  expect(lines).toContainEqual(expect.stringMatching(/^ {6}--state-home=STRING .* \(\$AIGW_STATE_HOME\)\.$/));
});
