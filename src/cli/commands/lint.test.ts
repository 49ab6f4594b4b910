import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as config from "../../config/index.ts";
import { fakeConfig } from "../run/testing.ts";
import { FakeTerminal, temporaryDirectory } from "../testing.ts";
import { lintFiles } from "./lint.ts";

const fakeRoom = { ...fakeConfig, lintGateway: fakeConfig.compileGateway };

function lint(files: { [name: string]: string }, names = Object.keys(files), format = "text") {
  const directory = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const terminal = new FakeTerminal();
  const code = lintFiles(names, format, { terminal, environment: {}, workingDirectory: directory }, fakeRoom);
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

test("lint writes JSON, one object for all files", () => {
  const { code, stdout } = lint(
    { "a.yaml": "one\nwarning odd field", "b.yaml": "error bad" },
    undefined,
    "json",
  );
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    files: [
      {
        file: "a.yaml",
        isSound: true,
        findings: [
          {
            severity: "warning",
            code: "fake",
            message: "odd field",
            file: "a.yaml",
            line: 2,
            column: 1,
            document: 1,
            related: [],
          },
        ],
      },
      {
        file: "b.yaml",
        isSound: false,
        findings: [
          {
            severity: "error",
            code: "fake",
            message: "bad",
            file: "b.yaml",
            line: 1,
            column: 1,
            document: 1,
            related: [],
          },
        ],
      },
    ],
  });
});

test("lint writes SARIF with a rule for each code and places below the working directory", () => {
  const { code, stdout } = lint({ "a b.yaml": "info by the way" }, ["a b.yaml", "gone.yaml"], "sarif");
  expect(code).toBe(1);
  const { version, runs } = JSON.parse(stdout) as {
    version: string;
    runs: { results: unknown; tool: unknown }[];
  };
  expect([version, runs[0]?.tool]).toMatchObject([
    "2.1.0",
    { driver: { name: "aigw", rules: [{ id: "fake" }, { id: "unreadable" }] } },
  ]);
  expect(runs[0]?.results).toMatchObject([
    {
      ruleId: "fake",
      level: "note",
      message: { text: "by the way" },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "a%20b.yaml", uriBaseId: "ROOT" },
            region: { startLine: 1, startColumn: 1 },
          },
        },
      ],
    },
    { ruleId: "unreadable", level: "error" },
  ]);
});

test("lint judges a list of MCP servers as aigw run would", () => {
  const directory = temporaryDirectory();
  const text = '{"mcpServers": {\n  // mine\n  "a": {"url": "nowhere"}}}';
  writeFileSync(join(directory, "mcp.json"), text);
  const terminal = new FakeTerminal();
  const host = { terminal, environment: {}, workingDirectory: directory };
  expect(lintFiles(["mcp.json"], "text", host, config)).toBe(1);
  expect([terminal.stdout, terminal.stderr]).toEqual([
    'error: mcp.json:3:16: MCP server "a": url: "nowhere" has no scheme; put http:// or https:// in front\n',
    "mcp.json: 1 error\n",
  ]);
});
