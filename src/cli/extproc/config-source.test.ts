import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readFilterConfig } from "../../config/index.ts";
import { temporaryDirectory } from "../testing.ts";
import { ConfigLoadFailure, filesOf, loadConfig, versionGate } from "./config-source.ts";

const anyVersion = { expected: "any", accepts: () => true };

function writeBundle(directory: string, text: string, more: { checksum?: string; size?: number } = {}): void {
  const size = more.size ?? 20;
  mkdirSync(join(directory, "parts"), { recursive: true });
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += size) {
    const path = `parts/${String(parts.length).padStart(3, "0")}`;
    writeFileSync(join(directory, path), text.slice(at, at + size));
    parts.push(path);
  }
  const checksum = more.checksum ?? createHash("sha256").update(text).digest("hex").toUpperCase();
  const index = {
    version: "v1.1.0",
    uuid: "u",
    checksum,
    parts: parts.map((path) => ({ name: path, path, sizeBytes: 1 })),
  };
  writeFileSync(join(directory, "index.yaml"), JSON.stringify(index));
}

const text = "version: dev\nmodels:\n  - {Name: one, OwnedBy: me}\n";

describe("a bundle", () => {
  const load = (path: string) => loadConfig({ type: "bundle", path }, anyVersion, readFilterConfig);

  test("is put together from its parts", () => {
    const directory = temporaryDirectory();
    writeBundle(directory, text);
    expect(load(directory).model.models.all).toMatchObject([{ id: "one" }]);
    expect(filesOf({ type: "bundle", path: directory })).toEqual(
      ["index.yaml", "parts/000", "parts/001", "parts/002"].map((name) => join(directory, name)),
    );
  });

  test("that is just being written may be whole at the next look", () => {
    const directory = temporaryDirectory();
    writeBundle(directory, text, { checksum: "00" });
    expect(passingOf(() => load(directory))).toBe(true);
    writeBundle(directory, text);
    rmSync(join(directory, "parts/001"));
    expect(passingOf(() => load(directory))).toBe(true);
  });

  const broken: [string, string][] = [
    ["[", "index.yaml"],
    ["checksum: ''\nparts: []", "checksum"],
    ["checksum: a\nparts: []", "parts"],
    ["checksum: a\nparts: [{path: ../../etc/passwd}]", "lies outside the bundle"],
    ["checksum: a\nparts: [{path: /etc/passwd}]", "lies outside the bundle"],
  ];
  test.each(broken)("with the index %p is refused", (index, words) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "index.yaml"), index);
    expect(() => load(directory)).toThrow(words);
    expect(passingOf(() => load(directory))).toBe(false);
  });

  test("without an index is refused", () => {
    expect(passingOf(() => load(temporaryDirectory()))).toBe(false);
  });
});

test("a file that cannot be read is named, with the reason", () => {
  const load = () => loadConfig({ type: "file", path: "/none/c.yaml" }, anyVersion, readFilterConfig);
  expect(load).toThrow(new ConfigLoadFailure("/none/c.yaml: no such file or directory"));
});

describe("the version gate", () => {
  test.each([
    ["dev", true],
    ["v1.1.0", true],
    ["v1.0.3", true],
    ["v1.1.0-rc1", true],
    ["0a1b2c (v1.1.0, +7)", true],
    ["v0.9.0", true],
    ["v1.2.0", false],
    ["v2.0.0", false],
    ["0a1b2c (v1.2.0, +7)", false],
    ["", false],
  ])("by default answers to %p with %p", (version, want) => {
    expect(versionGate("v0.9.0", undefined).accepts(version)).toBe(want);
  });

  test("takes one version alone where that is wanted", () => {
    const gate = versionGate("v0.9.0", "v7");
    expect(["v7", "v0.9.0", "dev"].map((version) => gate.accepts(version))).toEqual([true, false, false]);
  });

  test("refuses in the reference's words", () => {
    const directory = temporaryDirectory();
    const path = join(directory, "c.yaml");
    writeFileSync(path, "version: other");
    expect(() => loadConfig({ type: "file", path }, versionGate("dev", "dev"), readFilterConfig)).toThrow(
      'config version mismatch: expected "dev", got "other". Likely in the middle of rolling update',
    );
  });
});

function passingOf(run: () => unknown): boolean | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof ConfigLoadFailure ? error.isPassing : undefined;
  }
  return undefined;
}
