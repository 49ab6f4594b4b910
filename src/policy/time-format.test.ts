import { expect, test } from "bun:test";
import { compileTimeFormat } from "./time-format.ts";

const epochMs = Date.UTC(2026, 2, 5, 13, 7, 9, 42);

test.each([
  ["%Y-%m-%dT%H:%M:%S.%3fZ", "2026-03-05T13:07:09.042Z"],
  ["%F %T%z", "2026-03-05 13:07:09+0000"],
  ["%s.%f", "1772716029.042000000"],
  ["%1f|%6f|%9f", "0|042000|042000000"],
  ["%a %e %b %y, %I:%M %p %Z", "Thu  5 Mar 26, 01:07 PM UTC"],
  ["%R %% \n", "13:07 % \n"],
  ["", ""],
])("compileTimeFormat writes %p as %p", (format, want) =>
  expect(compileTimeFormat(format)(epochMs)).toBe(want),
);

test("compileTimeFormat writes midnight and noon on a clock of twelve hours", () => {
  const clock = compileTimeFormat("%I %p");
  expect([0, 12].map((hour) => clock(Date.UTC(2026, 0, 1, hour)))).toEqual(["12 AM", "12 PM"]);
});

test.each(["%q", "%3Y", "100%", "%", "%constructor"])("compileTimeFormat refuses %p", (format) => {
  expect(() => compileTimeFormat(format)).toThrow("unknown conversion");
});
