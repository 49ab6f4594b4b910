import { expect, test } from "bun:test";
import type { LogLevel } from "./logger.ts";
import { createStreamLog } from "./stream-log.ts";

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

test.each([
  { threshold: -4, want: levels },
  { threshold: 0, want: ["info", "warn", "error"] },
  { threshold: 2, want: ["warn", "error"] },
  { threshold: 9, want: [] },
])("a log from $threshold on writes $want", ({ threshold, want }) => {
  const lines: string[] = [];
  const log = createStreamLog({ threshold, format: "text", write: (line) => lines.push(line) });
  for (const level of levels) log[level](level, { n: 1 });
  expect(lines.map((line) => /level=(\w+) msg="\w+" n=1\n$/.exec(line)?.[1]?.toLowerCase())).toEqual([
    ...want,
  ]);
  expect(levels.filter((level) => log.isOn(level))).toEqual(want as LogLevel[]);
});

test("a line of JSON holds the same", () => {
  const lines: string[] = [];
  createStreamLog({ threshold: 0, format: "json", write: (line) => lines.push(line) }).warn("a\nb", {
    backend: 'x"y',
    none: undefined,
  });
  expect(lines[0]?.split("\n")).toHaveLength(2);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    time: expect.any(String),
    level: "WARN",
    msg: "a\nb",
    backend: 'x"y',
  });
});
