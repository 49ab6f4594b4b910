import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { parseAllDocuments, stringify } from "yaml";
import { compileGateway } from "./compile-gateway.ts";
import { findings, randomNumbers, testWorld } from "./testing.ts";
import { writeResources } from "./write-resources.ts";

const example = readFileSync(new URL("../../examples/ollama.yaml", import.meta.url), "utf8");
const documents = parseAllDocuments(example).map((document) => document.toJS() as unknown);

const junk: readonly unknown[] = [
  null,
  [],
  {},
  0,
  -1,
  1.5,
  1e300,
  "",
  "x",
  true,
  [null],
  { a: 1 },
  [[1]],
  "a\nb",
  "__proto__",
  { name: { name: 1 } },
];
const signs = ["[", "}", ":", "\t", "&a ", "*a", "$" + "{", "%", "\n", "- ", "!!x "];

type Fields = { [step: string | number]: unknown };

function fieldsOf(value: unknown): { readonly parent: Fields; readonly step: string | number }[] {
  if (typeof value !== "object" || value === null) return [];
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  const parent = value as Fields;
  return steps.flatMap((step) => [{ parent, step }, ...fieldsOf(parent[step])]);
}

/** A sound file with one or two fields gone, too many, or something else, and now and then a stray sign. */
function spoil(random: (below: number) => number): string {
  const spoilt = structuredClone(documents);
  for (let left = 1 + random(2); left > 0; left--) {
    const fields = fieldsOf(spoilt[random(spoilt.length)]);
    const field = fields[random(fields.length)];
    if (field === undefined) continue;
    const way = random(8);
    if (way < 2) delete field.parent[field.step];
    else if (way < 6 && !Array.isArray(field.parent)) field.parent["extra"] = junk[random(junk.length)];
    else field.parent[field.step] = junk[random(junk.length)];
  }
  const text = spoilt.map((document) => stringify(document)).join("---\n");
  if (random(4) !== 0) return text;
  const at = random(text.length);
  return text.slice(0, at) + signs[random(signs.length)] + text.slice(at + random(3));
}

test("whatever is written: a model or an error, each finding with a place, and nothing thrown", () => {
  const random = randomNumbers(11);
  const counts = { models: 0, errors: 0 };
  for (let round = 0; round < 60; round++) {
    const sources = [{ name: "gw.yaml", text: spoil(random), isSubstituted: true }];
    const world = testWorld();
    const compiled = compileGateway(sources, world);
    const isRefused = compiled.diagnostics.some(({ severity }) => severity === "error");
    expect([round, compiled.model === undefined]).toEqual([round, isRefused]);
    for (const line of findings(compiled)) expect(line).toMatch(/^\w+ gw\.yaml:\d+:\d+: ./);
    expect(writeResources(sources, world)).not.toContain("undefined");
    counts[isRefused ? "errors" : "models"]++;
  }
  expect(counts.models).toBeGreaterThan(4);
  expect(counts.errors).toBeGreaterThan(20);
}, 30_000);
