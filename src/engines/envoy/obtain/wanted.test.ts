import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readWanted, type Wishes } from "./wanted.ts";

const directory = mkdtempSync(join(tmpdir(), "aigw-wanted-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
const file = join(directory, "envoy-version");
writeFileSync(file, " 1.36.4\n");
const emptyFile = join(directory, "empty");
writeFileSync(emptyFile, "\n");

const cases: readonly { name: string; wishes: Wishes; wanted: string }[] = [
  { name: "a path before everything", wishes: { path: "/x/envoy", configured: "1.2.3" }, wanted: "/x/envoy" },
  {
    name: "the configuration before the variable",
    wishes: { configured: "1.2.3", variable: "1.9" },
    wanted: "1.2.3",
  },
  { name: "the variable before the file", wishes: { variable: "1.37", file }, wanted: "1.37" },
  { name: "an empty variable as none", wishes: { variable: "", file }, wanted: "1.36.4" },
  { name: "an empty file as none", wishes: { file: emptyFile }, wanted: "1.38.1" },
  { name: "no file as none", wishes: { file: join(directory, "nope") }, wanted: "1.38.1" },
  { name: "debug builds", wishes: { variable: "1.38.1_debug" }, wanted: "1.38.1_debug" },
  { name: "dev", wishes: { variable: "dev-latest" }, wanted: "dev-latest" },
];

test.each(cases)("readWanted takes $name", ({ wishes, wanted }) => {
  const read = readWanted(wishes);
  expect(read.type === "path" ? read.path : read.version).toBe(wanted);
});

test.each(["v1.38.1", "1", "01.2.3", "1.38.1-rc1", "latest", "1.38.1_release", "../1.38.1"])(
  "readWanted refuses %s, naming who said it",
  (variable) => {
    expect(() => readWanted({ variable })).toThrow(
      `${JSON.stringify(variable)} from ENVOY_VERSION is no Envoy version: write one like 1.38.1`,
    );
  },
);
