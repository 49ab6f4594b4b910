import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../ir/values.ts";
import { deepFreeze } from "../testing.ts";
import { parseExactObject } from "../wire/exact-json.ts";
import { convertSchema } from "./schema.ts";

function convert(schema: unknown): JsonObject {
  return convertSchema(deepFreeze(schema as JsonObject), (reason) => {
    throw new Error(reason);
  });
}

const cases: { name: string; schema: JsonObject; want: JsonObject }[] = [
  {
    name: "copies what both know and drops what Gemini has no word for",
    schema: {
      $schema: "x",
      type: "object",
      title: "T",
      properties: { a: { type: "integer", minimum: 1, multipleOf: 2, exclusiveMaximum: 9 } },
      required: ["a"],
      additionalProperties: false,
      not: { type: "null" },
    },
    want: {
      type: "object",
      title: "T",
      properties: { a: { type: "integer", minimum: 1 } },
      required: ["a"],
    },
  },
  {
    name: "puts what a reference points to in its place",
    schema: {
      properties: { a: { $ref: "#/$defs/A" }, b: { type: "array", items: { $ref: "#/definitions/x~1y/z" } } },
      $defs: { A: { type: "string" } },
      definitions: { "x/y": { z: { type: "number" } } },
    },
    want: { properties: { a: { type: "string" }, b: { type: "array", items: { type: "number" } } } },
  },
  {
    name: "keeps the comment beside a reference",
    schema: {
      properties: { a: { $ref: "#/$defs/A", description: "Outer." } },
      $defs: { A: { type: "string", description: "Inner.", maxLength: 3 } },
    },
    want: { properties: { a: { type: "string", maxLength: 3, description: "Outer." } } },
  },
  {
    name: "cuts recursion off with any object",
    schema: {
      $ref: "#/$defs/node",
      $defs: {
        node: { type: "object", properties: { next: { $ref: "#/$defs/node" }, root: { $ref: "#" } } },
      },
    },
    want: { type: "object", properties: { next: { type: "object" }, root: { type: "object" } } },
  },
  {
    name: "does not take a property for a definition because of its name",
    schema: {
      type: "object",
      properties: { definitions: { type: ["string", "null"] }, $ref: { type: "string" } },
    },
    want: {
      type: "object",
      properties: { definitions: { type: "string", nullable: true }, $ref: { type: "string" } },
    },
  },
  {
    name: "reads null among types and alternatives as nullable",
    schema: {
      properties: {
        a: { type: ["null", "string"] },
        b: { anyOf: [{ type: "string" }, { type: "integer" }, { type: "null" }] },
      },
    },
    want: {
      properties: {
        a: { type: "string", nullable: true },
        b: { anyOf: [{ type: "string" }, { type: "integer" }], nullable: true },
      },
    },
  },
  {
    name: "reads several types as alternatives",
    schema: { type: ["string", "number", "null"] },
    want: { anyOf: [{ type: "string" }, { type: "number" }], nullable: true },
  },
  {
    name: "inlines the only alternative that is left",
    schema: { description: "Outer.", anyOf: [{ type: "string", description: "Inner." }, { type: "null" }] },
    want: { type: "string", description: "Outer.", nullable: true },
  },
  {
    name: "reads oneOf as anyOf and const as an enum of one",
    schema: { properties: { n: { oneOf: [{ type: "string" }, { type: "integer" }] }, k: { const: "x" } } },
    want: {
      properties: {
        n: { anyOf: [{ type: "string" }, { type: "integer" }] },
        k: { type: "string", enum: ["x"] },
      },
    },
  },
  {
    name: "makes texts of an enum's other values",
    schema: {
      properties: { a: { type: "integer", enum: [1, 2] }, b: { enum: ["x", null] }, c: { const: true } },
    },
    want: {
      properties: {
        a: { type: "STRING", enum: ["1", "2"] },
        b: { type: "string", enum: ["x"], nullable: true },
        c: { type: "STRING", enum: ["true"] },
      },
    },
  },
  {
    name: "merges allOf with its neighbours",
    schema: {
      description: "Outer.",
      allOf: [
        { type: "object", properties: { a: { type: "string" } }, required: ["a"], description: "Inner." },
        { type: "object", properties: { b: { type: "string" } }, required: ["b", "a"] },
      ],
    },
    want: {
      type: "object",
      description: "Outer.",
      properties: { a: { type: "string" }, b: { type: "string" } },
      required: ["a", "b"],
    },
  },
];

const refused: { name: string; schema: unknown; reason: string }[] = [
  {
    name: "a reference into nothing",
    schema: { properties: { a: { $ref: "#/$defs/A" } } },
    reason: "#/properties/a/$ref points to nothing",
  },
  {
    name: "a reference to elsewhere",
    schema: { $ref: "https://example.com/x" },
    reason: "#/$ref does not point into the schema",
  },
  {
    name: "a reference to what every object has",
    schema: { $ref: "#/constructor" },
    reason: "#/$ref points to nothing",
  },
  {
    name: "a list of item schemas",
    schema: { items: [{ type: "string" }] },
    reason: "#/items is not an object",
  },
  {
    name: "a property that is true",
    schema: { properties: { "a/b": true } },
    reason: "#/properties/a~1b is not an object",
  },
  { name: "an empty allOf", schema: { allOf: [] }, reason: "#/allOf is not a list of schemas" },
  {
    name: "an allOf at odds with itself",
    schema: { allOf: [{ type: "string" }, { type: "integer" }] },
    reason: "#/allOf/1 says another type",
  },
  { name: "an enum of objects", schema: { enum: [{}] }, reason: "#/enum holds something" },
  { name: "a limit that is no number", schema: { maxItems: "3" }, reason: "#/maxItems is not a number" },
  {
    name: "required that is no list of texts",
    schema: { required: [1] },
    reason: "#/required is not a list of texts",
  },
  { name: "a type of nothing but null", schema: { type: ["null"] }, reason: "#/type names no type but null" },
];

describe("convertSchema", () => {
  test.each(cases)("$name", ({ schema, want }) => expect(convert(schema)).toEqual(want));

  test.each(refused)("refuses $name, and says where", ({ schema, reason }) => {
    expect(() => convert(schema)).toThrow(reason);
  });

  test("keeps the digits of a limit", () => {
    const schema = parseExactObject('{"type":"integer","maximum":12345678901234567890,"default":1.0}');
    expect(JSON.stringify(convert(schema))).toBe(
      '{"type":"integer","maximum":12345678901234567890,"default":1.0}',
    );
  });

  test("refuses references that multiply without end, at once", () => {
    const names = Array.from({ length: 40 }, (_, index) => `d${index}`);
    const twice = (name: string) => ({
      properties: { a: { $ref: `#/$defs/${name}` }, b: { $ref: `#/$defs/${name}` } },
    });
    const $defs = Object.fromEntries(names.map((name, index) => [name, twice(names[index + 1] ?? "end")]));
    expect(() => convert({ $ref: "#/$defs/d0", $defs: { ...$defs, end: { type: "string" } } })).toThrow(
      "too large",
    );
  });

  test("refuses schemas nested without end", () => {
    let schema: JsonObject = { type: "string" };
    for (let i = 0; i < 120; i++) schema = { type: "array", items: schema };
    expect(() => convert(schema)).toThrow("nested more than 100 deep");
  });
});
