/** The official SDKs for Python through aigw to every provider. The cases are in matrix_sdk.py. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { backends, googleToken, type Matrix, startMatrix } from "./matrix.ts";
import { findPython, runPython } from "./python.ts";

const cases = [
  "chat_stream",
  "chat_tool_loop",
  "chat_thinking",
  "chat_object",
  "responses_stream",
  "responses_tool_loop",
  "messages_stream",
  "messages_tool_loop",
  "messages_error",
];
const limitMs = 120_000;
const python = findPython();

describe.skipIf(python === undefined)("SDKs for Python", () => {
  let matrix: Matrix;
  let outcome: Record<string, string>;

  beforeAll(async () => {
    matrix = await startMatrix();
    const [token = ""] = Object.values(googleToken);
    const args = [matrix.url, token, ...backends.map(({ model }) => model)];
    outcome = await runPython(python ?? "", "matrix_sdk.py", args);
  }, limitMs);
  afterAll(() => matrix?.[Symbol.asyncDispose]());

  const pairs = cases.flatMap((name) => backends.map((target) => ({ name, ...target })));
  test.each(pairs)("$name to $backend", ({ name, model }) => expect(outcome[`${name} ${model}`]).toBe("ok"));
  test("every case of the script is asked for", () =>
    expect(Object.keys(outcome)).toHaveLength(pairs.length));
});
