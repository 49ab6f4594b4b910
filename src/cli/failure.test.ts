import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { failureLine, messageChain, systemReason } from "./failure.ts";

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

test("failureLine begins with local date and time", () => {
  const now = new Date(2026, 10, 24, 5, 4, 3);
  expect(failureLine("Error running", new Error("no"), now)).toBe("2026/11/24 05:04:03 Error running: no\n");
});

test("messageChain names the causes behind an error", () => {
  const error = new Error("outer", { cause: new Error("middle", { cause: "inner" }) });
  expect(messageChain(error)).toBe("outer: middle: inner");
});

const reasons: { name: string; error: unknown; want: string }[] = [
  {
    name: "of a missing file",
    error: errorOf(() => readFileSync("/nope.yaml")),
    want: "no such file or directory",
  },
  {
    name: "of a file that is a directory",
    error: errorOf(() => readFileSync("/")),
    want: expect.stringMatching(/directory/),
  },
  { name: "of an error that is not the system's", error: new Error("E is broken"), want: "E is broken" },
];

test.each(reasons)("systemReason takes the words $name", ({ error, want }) => {
  expect(systemReason(error)).toEqual(want);
});
