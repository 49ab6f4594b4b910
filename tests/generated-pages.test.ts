/** Files that are written from the schemas, and are in the repository for people and editors to read. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { schemaPath, writeSchemas } from "../scripts/schemas.ts";
import { supportPath, writeSupport } from "../scripts/support-table.ts";
import { supportOfKinds } from "../src/config/support-table.ts";

test("docs/support.md is what the schemas say; bun scripts/support-table.ts writes it anew", () => {
  expect(readFileSync(supportPath, "utf8")).toBe(writeSupport());
});

test("schemas/aigw.schema.json is what the schemas say; bun scripts/schemas.ts writes it anew", () => {
  expect(readFileSync(schemaPath, "utf8")).toBe(writeSchemas());
});

test("the table has every kind, and fields of each sort", () => {
  const table = supportOfKinds();
  const fields = table.flatMap((kind) => kind.fields.map((field) => ({ ...field, kind: kind.kind })));
  expect(fields).toContainEqual({
    kind: "HTTPRoute",
    path: "spec.rules[].matches[].path.value",
    support: "honoured",
  });
  expect(
    fields.filter(({ support }) => support !== "honoured").every(({ reason }) => reason !== undefined),
  ).toBe(true);
  for (const support of ["honoured", "ignored", "refused"])
    expect(fields.some((field) => field.support === support)).toBe(true);
});
