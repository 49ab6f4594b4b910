import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "../failure.ts";
import type { Directories } from "../paths/directories.ts";
import { modeOf, temporaryDirectory } from "../testing.ts";
import { RunInUse } from "./lock.ts";
import { openRunDirectory } from "./run-directory.ts";

function directoriesIn(root: string): Directories {
  return {
    config: join(root, "config"),
    data: join(root, "data"),
    state: join(root, "state"),
    runtime: join(root, "run"),
    isRuntimeDefault: false,
  };
}

test("openRunDirectory makes the places of a run, with the modes of the specification", () => {
  const root = temporaryDirectory();
  const { paths, runId } = openRunDirectory(directoriesIn(root), "my run");
  expect(runId).toBe("my run");
  expect(paths).toEqual({
    log: join(root, "state/runs/my run/aigw.log"),
    gatewayConfig: join(root, "state/runs/my run/envoy-gateway-config.yaml"),
    resources: join(root, "state/runs/my run/envoy-ai-gateway-resources/config.yaml"),
    processorConfig: join(root, "state/runs/my run/extproc-config.yaml"),
    accessLog: join(root, "state/envoy-runs/my run/stdout.log"),
    stderrLog: join(root, "state/envoy-runs/my run/stderr.log"),
    envoy: join(root, "run/my run/envoy"),
    adminAddress: join(root, "run/my run/admin-address.txt"),
    socket: join(root, "run/my run/uds.sock"),
    mcpSocket: join(root, "run/my run/mcp.sock"),
    lock: join(root, "run/my run/run.lock"),
  });
  expect(modeOf(dirname(paths.log))).toBe("0750");
  expect(modeOf(dirname(paths.resources))).toBe("0750");
  expect(modeOf(join(root, "run"))).toBe("0700");
  expect(modeOf(dirname(paths.lock))).toBe("0700");
  expect(existsSync(join(root, "config"))).toBe(false);
  expect(existsSync(join(root, "data"))).toBe(false);
});

test("a run without a name gets one that nobody has", () => {
  const directories = directoriesIn(temporaryDirectory());
  const runs = Array.from({ length: 50 }, () => openRunDirectory(directories, undefined));
  expect(new Set(runs.map(({ runId }) => runId)).size).toBe(50);
});

test("openRunDirectory clears what an earlier run of the name has left, and only that", () => {
  const directories = directoriesIn(temporaryDirectory());
  const first = openRunDirectory(directories, "0");
  first.write(first.paths.adminAddress, "127.0.0.1:1");
  first.write(first.paths.resources, "old");
  first.write(first.paths.accessLog, "old");
  writeFileSync(first.paths.socket, "");
  writeFileSync(first.paths.lock, "{}");
  utimesSync(first.paths.lock, 1, 1);

  const second = openRunDirectory(directories, "0");
  expect(second.wasStale).toBe(true);
  expect(existsSync(second.paths.adminAddress)).toBe(false);
  expect(existsSync(second.paths.resources)).toBe(false);
  expect(existsSync(second.paths.socket)).toBe(false);
  expect(readFileSync(second.paths.accessLog, "utf8")).toBe("old");
});

test("openRunDirectory touches nothing of a run that goes on", () => {
  const directories = directoriesIn(temporaryDirectory());
  const first = openRunDirectory(directories, "0");
  first.write(first.paths.resources, "mine");
  const other = { pid: process.ppid, startedAt: "" };
  writeFileSync(first.paths.lock, JSON.stringify(other));
  expect(() => openRunDirectory(directories, "0")).toThrow(RunInUse);
  expect(readFileSync(first.paths.resources, "utf8")).toBe("mine");
});

test("write makes files that are their owner's alone, also over wider ones", () => {
  const { paths, write } = openRunDirectory(directoriesIn(temporaryDirectory()), "0");
  mkdirSync(dirname(paths.accessLog), { recursive: true });
  writeFileSync(paths.accessLog, "a longer old text", { mode: 0o644 });
  write(paths.accessLog, "new");
  expect(readFileSync(paths.accessLog, "utf8")).toBe("new");
  expect(modeOf(paths.accessLog)).toBe("0600");
});

test("close leaves logs and generated files, and nothing else", () => {
  const root = temporaryDirectory();
  const directory = openRunDirectory(directoriesIn(root), "0");
  directory.write(directory.paths.adminAddress, "x");
  directory.write(directory.paths.log, "x");
  directory.close();
  directory.close();
  expect(existsSync(dirname(directory.paths.lock))).toBe(false);
  expect(existsSync(directory.paths.log)).toBe(true);
});

const refused: { name: string; prepare: (root: string) => Directories; runId?: string; want: string }[] = [
  {
    name: "a state directory that cannot be made",
    prepare(root) {
      writeFileSync(join(root, "state"), "a file");
      return directoriesIn(root);
    },
    want: "choose another place with --state-home or AIGW_STATE_HOME",
  },
  {
    name: "a runtime directory that cannot be made",
    prepare(root) {
      writeFileSync(join(root, "run"), "a file");
      return directoriesIn(root);
    },
    want: "choose another place with --runtime-dir or AIGW_RUNTIME_DIR",
  },
  {
    name: "a run ID that leads elsewhere",
    prepare: directoriesIn,
    runId: "../x",
    want: 'invalid run ID "../x"',
  },
  {
    name: "a socket path that the kernel would cut off",
    prepare: (root) => ({ ...directoriesIn(root), runtime: join(root, "x".repeat(100)) }),
    want: "choose a shorter place with --runtime-dir or AIGW_RUNTIME_DIR",
  },
  {
    name: "a guessable runtime directory that somebody made a link",
    prepare(root) {
      mkdirSync(join(root, "theirs"));
      symlinkSync(join(root, "theirs"), join(root, "run"));
      return { ...directoriesIn(root), isRuntimeDefault: true };
    },
    want: "is not a directory of yours",
  },
];

test.each(refused)("openRunDirectory refuses $name", ({ prepare, runId = "0", want }) => {
  const directories = prepare(temporaryDirectory());
  expect(() => openRunDirectory(directories, runId)).toThrow(UsageError);
  expect(() => openRunDirectory(directories, runId)).toThrow(want);
});
