import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { referencePath, writeReference } from "../scripts/cli-reference.ts";

test("docs/cli.md says what the table of commands says (bun scripts/cli-reference.ts writes it)", () => {
  expect(readFileSync(referencePath, "utf8")).toBe(writeReference());
});
