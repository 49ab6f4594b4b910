import { afterEach, expect, test } from "bun:test";
import { readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { modeOf, temporaryDirectory } from "../testing.ts";
import { abandonedEnvoy, noteEnvoy, RunInUse, takeLock } from "./lock.ts";

const children: Bun.Subprocess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

function runningProcess(): number {
  const child = Bun.spawn(["sleep", "60"]);
  children.push(child);
  return child.pid;
}

async function deadProcess(): Promise<number> {
  const child = Bun.spawn(["true"]);
  await child.exited;
  return child.pid;
}

const lockPath = () => join(temporaryDirectory(), "run.lock");

test("takeLock names this process in a file that is its owner's alone", () => {
  const path = lockPath();
  expect(takeLock(path, "0")).toEqual({ wasStale: false });
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
    pid: process.pid,
    startedAt: expect.any(String),
  });
  expect(modeOf(path)).toBe("0600");
});

test("takeLock refuses a run ID that a running process has, and names both", () => {
  const path = lockPath();
  const pid = runningProcess();
  const text = JSON.stringify({ pid, startedAt: "" });
  writeFileSync(path, text);
  expect(() => takeLock(path, "my run")).toThrow(RunInUse);
  expect(() => takeLock(path, "my run")).toThrow(
    `run ID "my run" is in use by aigw process ${pid}; stop it or choose`,
  );
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("takeLock takes over from a dead process", async () => {
  const path = lockPath();
  writeFileSync(path, JSON.stringify({ pid: await deadProcess(), startedAt: "" }));
  expect(takeLock(path, "0")).toEqual({ wasStale: true });
  expect(JSON.parse(readFileSync(path, "utf8")).pid).toBe(process.pid);
  expect(readdirSync(join(path, ".."))).toEqual(["run.lock"]);
});

test("takeLock takes over where a number has gone to another process", () => {
  const path = lockPath();
  writeFileSync(path, JSON.stringify({ pid: runningProcess(), processStart: "1", startedAt: "" }));
  expect(takeLock(path, "0")).toEqual({ wasStale: true });
});

test("takeLock takes over from a process of the same number before, as after the restart of a container", () => {
  const path = lockPath();
  writeFileSync(path, JSON.stringify({ pid: process.pid, startedAt: "" }));
  expect(takeLock(path, "0")).toEqual({ wasStale: true });
});

test.each(["", "{", "[]", '{"pid":"x"}'])(
  "takeLock leaves an unreadable lock (%j) alone while it may still be written",
  (text) => {
    const path = lockPath();
    writeFileSync(path, text);
    expect(() => takeLock(path, "0")).toThrow("in use by another aigw process");
    const minuteAgo = Date.now() / 1000 - 60;
    utimesSync(path, minuteAgo, minuteAgo);
    expect(takeLock(path, "0")).toEqual({ wasStale: true });
  },
);

test("abandonedEnvoy is what a dead process has noted, and nothing of a running one", async () => {
  const path = lockPath();
  takeLock(path, "0");
  noteEnvoy(path, 4321);
  expect(modeOf(path)).toBe("0600");
  expect(abandonedEnvoy(path)).toBeUndefined();
  const lock = JSON.parse(readFileSync(path, "utf8"));
  expect(lock).toMatchObject({ pid: process.pid, envoyPid: 4321, startedAt: expect.any(String) });
  writeFileSync(path, JSON.stringify({ ...lock, pid: await deadProcess() }));
  expect(abandonedEnvoy(path)).toBe(4321);
  noteEnvoy(path, 1);
  expect(abandonedEnvoy(path)).toBe(4321);
  expect(abandonedEnvoy(`${path}.none`)).toBeUndefined();
});
