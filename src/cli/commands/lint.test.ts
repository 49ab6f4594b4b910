import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fakeConfig } from "../run/testing.ts";
import { FakeTerminal, temporaryDirectory } from "../testing.ts";
import { lintFiles } from "./lint.ts";

function lint(files: { [name: string]: string }, names = Object.keys(files)) {
  const directory = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const terminal = new FakeTerminal();
  const code = lintFiles(names, { terminal, environment: {}, workingDirectory: directory }, fakeConfig);
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

test("lint is content with a sound file", () => {
  expect(lint({ "a.yaml": "one" })).toEqual({ code: 0, stdout: "", stderr: "a.yaml: no problems\n" });
});

test("lint lists everything that it finds, and takes warnings as they are", () => {
  expect(lint({ "a.yaml": "one\nwarning odd field\ninfo by the way" })).toEqual({
    code: 0,
    stdout: "warning: a.yaml:2:1: odd field\ninfo: a.yaml:3:1: by the way\n",
    stderr: "a.yaml: 1 warning\n",
  });
});

test("lint looks at every file on its own, and fails if one has an error", () => {
  expect(lint({ "a.yaml": "error first\nerror second\nwarning third", "b.yaml": "two" })).toEqual({
    code: 1,
    stdout: "error: a.yaml:1:1: first\nerror: a.yaml:2:1: second\nwarning: a.yaml:3:1: third\n",
    stderr: "a.yaml: 2 errors and 1 warning\nb.yaml: no problems\n",
  });
});

test("lint fails for a file that it cannot read, and goes on with the others", () => {
  expect(lint({ "b.yaml": "two" }, ["a.yaml", "b.yaml"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "a.yaml: cannot be read: no such file or directory\nb.yaml: no problems\n",
  });
});
