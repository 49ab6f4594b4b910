import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogFields } from "./logger.ts";
import { formatRecord, openProgramLog, type ProgramLog } from "./program-log.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "aigw-log-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const formats: { name: string; fields: LogFields; want: string }[] = [
  { name: "without fields", fields: {}, want: "" },
  { name: "numbers and booleans bare", fields: { port: 1975, ok: true }, want: " port=1975 ok=true" },
  { name: "plain words bare", fields: { path: "/etc/a.yaml:1:2" }, want: " path=/etc/a.yaml:1:2" },
  {
    name: "blanks, quotes and equal signs quoted",
    fields: { a: "b c", d: 'e"f', g: "h=i" },
    want: ' a="b c" d="e\\"f" g="h=i"',
  },
  { name: "nothing and line breaks quoted", fields: { a: "", b: "x\ny" }, want: ' a="" b="x\\ny"' },
  { name: "no field that is undefined", fields: { a: undefined, b: 1 }, want: " b=1" },
];

test.each(formats)("formatRecord writes $name", ({ fields, want }) => {
  const line = formatRecord(new Date("2026-11-24T15:04:43.123Z"), "info", "two words", fields);
  expect(line.replace(/^time=\S+ /, "")).toBe(`level=INFO msg="two words"${want}\n`);
});

test("formatRecord writes local time that reads back as the same instant", () => {
  const time = new Date("2026-11-24T15:04:43.123Z");
  const [, written = ""] =
    /^time=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.123(?:Z|[+-]\d\d:\d\d)) /.exec(formatRecord(time, "warn", "m")) ??
    [];
  expect(new Date(written).getTime()).toBe(time.getTime());
});

function record(isDebug: boolean, use: (log: ProgramLog) => void): { file: string[]; stderr: string[] } {
  const path = join(directory, "aigw.log");
  let stderr = "";
  const log = openProgramLog({
    path,
    isDebug,
    writeError: (text) => {
      stderr += text;
    },
  });
  use(log);
  log.close();
  const messages = (text: string) => [...text.matchAll(/msg="([^"]*)"/g)].map(([, message = ""]) => message);
  return { file: messages(readFileSync(path, "utf8")), stderr: messages(stderr) };
}

function everyLevel({ program, dataPlane }: ProgramLog): void {
  for (const [name, logger] of [
    ["program", program],
    ["data", dataPlane],
  ] as const) {
    for (const level of ["debug", "info", "warn", "error"] as const) logger[level](`${name} ${level}`);
  }
}

test("without --debug the file has info and up, and stderr only the data plane's warnings and errors", () => {
  const { file, stderr } = record(false, everyLevel);
  expect(file).toEqual([
    "program info",
    "program warn",
    "program error",
    "data info",
    "data warn",
    "data error",
  ]);
  expect(stderr).toEqual(["data warn", "data error"]);
});

test("with --debug file and stderr have everything", () => {
  const { file, stderr } = record(true, everyLevel);
  expect(file).toHaveLength(8);
  expect(stderr).toEqual(file);
});

test("isOn agrees with what is written", () => {
  record(false, ({ program, dataPlane }) => {
    expect([program.isOn("debug"), program.isOn("info"), dataPlane.isOn("debug")]).toEqual([
      false,
      true,
      false,
    ]);
  });
  record(true, ({ program, dataPlane }) => {
    expect([program.isOn("debug"), dataPlane.isOn("debug")]).toEqual([true, true]);
  });
});

test("a line kept from stderr goes to the file only", () => {
  const { file, stderr } = record(true, (log) => log.keep("info", "AI Gateway is ready"));
  expect(file).toEqual(["AI Gateway is ready"]);
  expect(stderr).toEqual([]);
});

test("the file starts from zero and is its owner's alone", () => {
  const path = join(directory, "aigw.log");
  writeFileSync(path, "an old run\n", { mode: 0o644 });
  expect(record(false, ({ program }) => program.info("new")).file).toEqual(["new"]);
  expect(readFileSync(path, "utf8")).not.toContain("old");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a closed log takes no more lines and throws nothing", () => {
  const { file } = record(false, (log) => {
    log.close();
    log.program.info("late");
  });
  expect(file).toEqual([]);
});
