import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../failure.ts";
import { temporaryDirectory } from "../testing.ts";
import { chooseOrigin, readSource } from "./source.ts";

function configHome(hasFile: boolean): string {
  const directory = temporaryDirectory();
  if (hasFile) writeFileSync(join(directory, "config.yaml"), "text");
  return directory;
}

const keys = { OPENAI_API_KEY: "k" };
const place = (environment: { [name: string]: string }) => ({ environment, workingDirectory: "/srv" });

test("a named file wins over the default one and over keys", () => {
  const want = { type: "file", path: "/srv/gw.yaml", name: "gw.yaml", isDefault: false } as const;
  expect(chooseOrigin("gw.yaml", configHome(true), place(keys), true)).toEqual(want);
});

test("the default file wins over keys and MCP flags", () => {
  const directory = configHome(true);
  const path = join(directory, "config.yaml");
  const want = { type: "file", path, name: path, isDefault: true } as const;
  expect(chooseOrigin(undefined, directory, place(keys), true)).toEqual(want);
});

test.each(["OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "ANTHROPIC_API_KEY"])(
  "%s alone is a configuration",
  (name) => {
    expect(chooseOrigin(undefined, configHome(false), place({ [name]: "k" }), false)).toEqual({
      type: "environment",
    });
  },
);

test("MCP flags alone are a configuration", () => {
  expect(chooseOrigin(undefined, configHome(false), place({}), true)).toEqual({ type: "environment" });
});

test.each([{}, { OPENAI_API_KEY: "" }])("without anything (%o) all ways are named", (environment) => {
  const choose = () => chooseOrigin(undefined, configHome(false), place(environment), false);
  expect(choose).toThrow(UsageError);
  for (const way of [
    "OPENAI_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "config file path",
    "--mcp-json",
  ]) {
    expect(choose).toThrow(way);
  }
});

test("readSource gives a file's text under the name the user knows", () => {
  const path = join(configHome(true), "config.yaml");
  const source = readSource({ type: "file", path, name: "config.yaml", isDefault: false });
  expect(source).toEqual({ name: "config.yaml", text: "text", isSubstituted: true });
});

test.each([
  {
    name: "a missing file",
    make: () => {},
    want: /cannot read the configuration: \/.*\/x: no such file or directory/,
  },
  {
    name: "a directory",
    make: (path: string) => mkdirSync(path),
    want: /cannot read the configuration: \/.*\/x: .*directory/,
  },
])("readSource names path and reason of $name", ({ make, want }) => {
  const path = join(temporaryDirectory(), "x");
  make(path);
  expect(() => readSource({ type: "file", path, name: "x", isDefault: false })).toThrow(want);
});
