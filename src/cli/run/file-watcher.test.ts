import { afterEach, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, temporaryDirectory } from "../testing.ts";
import { FileWatcher } from "./file-watcher.ts";

const watchers: FileWatcher[] = [];
afterEach(() => {
  for (const watcher of watchers.splice(0)) watcher.close();
});

function follow(...files: string[]) {
  const seen = { changes: 0, blind: [] as string[], watcher: undefined as FileWatcher | undefined };
  const watcher = new FileWatcher(
    () => {
      seen.changes++;
    },
    (directory) => seen.blind.push(directory),
  );
  watchers.push(watcher);
  seen.watcher = watcher;
  watcher.follow(files);
  return seen;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const changes: {
  name: string;
  prepare?: (directory: string) => void;
  change: (directory: string, file: string) => void;
}[] = [
  { name: "a rewritten file", change: (_, file) => writeFileSync(file, "changed") },
  {
    name: "a file that another replaces",
    change(directory, file) {
      writeFileSync(join(directory, "new"), "changed");
      renameSync(join(directory, "new"), file);
    },
  },
  { name: "a file that is gone", change: (_, file) => rmSync(file) },
  {
    name: "a mounted ConfigMap, where a link to a directory is swapped",
    prepare(directory) {
      rmSync(join(directory, "gw.yaml"));
      for (const version of ["1", "2"]) {
        mkdirSync(join(directory, `..${version}`));
        writeFileSync(join(directory, `..${version}`, "gw.yaml"), version.repeat(Number(version)));
      }
      symlinkSync("..1", join(directory, "..data"));
      symlinkSync("..data/gw.yaml", join(directory, "gw.yaml"));
    },
    change(directory) {
      symlinkSync("..2", join(directory, "..tmp"));
      renameSync(join(directory, "..tmp"), join(directory, "..data"));
    },
  },
  {
    name: "a file behind a link to another directory",
    prepare(directory) {
      rmSync(join(directory, "gw.yaml"));
      mkdirSync(join(directory, "far"));
      writeFileSync(join(directory, "far/real.yaml"), "");
      symlinkSync("far/real.yaml", join(directory, "gw.yaml"));
    },
    change: (directory) => writeFileSync(join(directory, "far/real.yaml"), "changed"),
  },
];

test.each(changes)("FileWatcher tells once of $name", async ({ prepare, change }) => {
  const directory = temporaryDirectory();
  const file = join(directory, "gw.yaml");
  writeFileSync(file, "");
  prepare?.(directory);
  const seen = follow(file);
  change(directory, file);
  await eventually(() => seen.changes > 0);
  await pause(400);
  expect(seen.changes).toBe(1);
});

test("FileWatcher tells of ten replacements in a row, the last one included", async () => {
  const directory = temporaryDirectory();
  const file = join(directory, "gw.yaml");
  writeFileSync(file, "");
  const seen = follow(file);
  for (let round = 1; round <= 10; round++) {
    const before = seen.changes;
    writeFileSync(join(directory, "new"), "x".repeat(round));
    renameSync(join(directory, "new"), file);
    await eventually(() => seen.changes > before);
  }
  expect(seen.changes).toBe(10);
});

test("FileWatcher is not kept from telling by a neighbour that changes all the time", async () => {
  const directory = temporaryDirectory();
  const file = join(directory, "gw.yaml");
  writeFileSync(file, "");
  const seen = follow(file);
  const noise = setInterval(() => writeFileSync(join(directory, "busy.log"), String(performance.now())), 20);
  await pause(300);
  expect(seen.changes).toBe(0);
  writeFileSync(file, "changed");
  await eventually(() => seen.changes === 1);
  clearInterval(noise);
});

test("FileWatcher follows other files when told, and the old ones no more", async () => {
  const [first, second] = [temporaryDirectory(), temporaryDirectory()];
  const seen = follow(join(first, "a"));
  seen.watcher?.follow([join(second, "b")]);
  writeFileSync(join(first, "a"), "changed");
  await pause(400);
  expect(seen.changes).toBe(0);
  writeFileSync(join(second, "b"), "changed");
  await eventually(() => seen.changes === 1);
});

test("FileWatcher says which directory it cannot watch, and goes on", () => {
  const missing = join(temporaryDirectory(), "missing");
  expect(follow(join(missing, "a")).blind).toEqual([missing]);
});
