import { describe, expect, test } from "bun:test";
import { modelPath, readGeminiModel } from "./model-name.ts";

const models: [string, string, boolean][] = [
  ["gemini-1.5-pro-003", "none", false],
  ["gemini-2.0-flash-001", "none", false],
  ["gemini-2.5-pro", "budget", true],
  ["gemini-live-2.5-flash", "budget", true],
  ["gemini-3-pro-preview", "level", true],
  ["gemini-3.1-flash-lite", "level", true],
  ["gemini-10-pro", "level", true],
  ["publishers/google/models/gemini-2.5-flash", "budget", true],
  ["gemini-exp-1206", "unknown", false],
  ["gemini-embedding-001", "unknown", false],
  ["my-tuned-model-3", "unknown", false],
];

describe("readGeminiModel", () => {
  test.each(models)("%s thinks by %s, native JSON Schema: %p", (name, thinking, hasJsonSchema) => {
    expect(readGeminiModel(name)).toMatchObject({ thinking, hasJsonSchema });
  });

  test("Pro has a medium level since 3.1, Flash always", () => {
    const names = ["gemini-3-pro-preview", "gemini-3.1-pro-preview", "gemini-3-flash-preview"];
    expect(names.map((name) => readGeminiModel(name).hasMediumLevel)).toEqual([false, true, true]);
  });
});

const paths: [string, string][] = [
  ["gemini-2.5-flash", "publishers/google/models/gemini-2.5-flash"],
  ["text-embedding@001", "publishers/google/models/text-embedding@001"],
  ["publishers/meta/models/llama-4", "publishers/meta/models/llama-4"],
  ["a/../b?x=1#y", "publishers/google/models/a%2F..%2Fb%3Fx=1%23y"],
  ["publishers/../models/x", "publishers/google/models/publishers%2F..%2Fmodels%2Fx"],
  ["publishers/meta/models/x/y", "publishers/google/models/publishers%2Fmeta%2Fmodels%2Fx%2Fy"],
];

describe("modelPath", () => {
  test.each(paths)("%s goes to %s", (name, path) => expect(modelPath(name)).toBe(path));
});
