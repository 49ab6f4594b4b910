import { expect, test } from "bun:test";
import { UsageError } from "../failure.ts";
import { checkRunId, generateRunId } from "./run-id.ts";

test.each(["0", "a b", "..a", "é", "x".repeat(128)])("checkRunId takes %j", (runId) => {
  expect(() => checkRunId(runId)).not.toThrow();
});

test.each(["a/b", "tr/", "a\\b", ".", "..", "a\nb", "a\u0000", "\u007f", "x".repeat(129), "é".repeat(65)])(
  "checkRunId refuses %j and names it",
  (runId) => {
    expect(() => checkRunId(runId)).toThrow(UsageError);
    expect(() => checkRunId(runId)).toThrow(JSON.stringify(runId));
  },
);

test("checkRunId says which characters are forbidden", () => {
  expect(() => checkRunId("a/b")).toThrow('must not contain "/", "\\" or control characters');
});

test("generateRunId writes local time and the microseconds of its millisecond", () => {
  const now = new Date(2026, 10, 24, 5, 4, 3, 999).getTime() + 0.042;
  expect(generateRunId(now)).toBe("20261124_050403_042");
});

test("generateRunId makes valid names", () => {
  expect(generateRunId()).toMatch(/^\d{8}_\d{6}_\d{3}$/);
});
