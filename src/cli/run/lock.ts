import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import process from "node:process";

interface Lock {
  readonly pid: number;
  /** When the process began, as its system counts; tells it from a later one with the same number. */
  readonly processStart?: string;
  /** For people. */
  readonly startedAt: string;
  /** The Envoy that the process has started, if it has one. */
  readonly envoyPid?: number;
}

/** `message` names the run ID and the process that has it. */
export class RunInUse extends Error {
  override readonly name = "RunInUse";
}

/** How long a lock may be without content: between its creation and its writing. */
const unwrittenMs = 2000;

/** Takes `run.lock`, over from a dead process if need be. Throws `RunInUse`. Returns whether there was such a leftover. */
export function takeLock(path: string, runId: string): { readonly wasStale: boolean } {
  if (create(path)) return { wasStale: false };
  const text = readText(path);
  const holder = readLock(text);
  if (holder === undefined ? isFresh(path) : isRunning(holder)) throw inUse(runId, holder);
  takeAway(path, text, runId);
  if (create(path)) return { wasStale: true };
  throw inUse(runId, readLock(readText(path)));
}

/** Writes into a lock of this process's which Envoy it has started, for whoever finds it when both are dead, or one is. */
export function noteEnvoy(path: string, envoyPid: number): void {
  const lock = readLock(readText(path));
  if (lock?.pid !== process.pid) return;
  const aside = `${path}.${process.pid}`;
  writeFileSync(aside, `${JSON.stringify({ ...lock, envoyPid })}\n`, { mode: 0o600 });
  renameSync(aside, path);
}

/** The Envoy of a process that is dead; it may be dead itself, and its number somebody else's. */
export function abandonedEnvoy(path: string): number | undefined {
  const holder = readLock(readText(path));
  if (holder === undefined || isRunning(holder)) return undefined;
  return Number.isSafeInteger(holder.envoyPid) ? holder.envoyPid : undefined;
}

function create(path: string): boolean {
  const processStart = startOf(process.pid);
  const lock: Lock = {
    pid: process.pid,
    ...(processStart !== undefined && { processStart }),
    startedAt: new Date().toISOString(),
  };
  try {
    writeFileSync(path, `${JSON.stringify(lock)}\n`, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Moved before it is removed, so that the lock of somebody who was faster is seen and put back. */
function takeAway(path: string, text: string, runId: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = readText(aside);
  if (moved !== text) {
    renameSync(aside, path);
    throw inUse(runId, readLock(moved));
  }
  rmSync(aside, { force: true });
}

function inUse(runId: string, holder: Lock | undefined): RunInUse {
  const who = holder === undefined ? "another aigw process" : `aigw process ${holder.pid}`;
  return new RunInUse(
    `run ID ${JSON.stringify(runId)} is in use by ${who}; stop it or choose another with --run-id`,
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readLock(text: string): Lock | undefined {
  try {
    const lock: unknown = JSON.parse(text);
    const isLock =
      typeof lock === "object" && lock !== null && "pid" in lock && Number.isSafeInteger(lock.pid);
    return isLock ? (lock as Lock) : undefined;
  } catch {
    return undefined;
  }
}

function isFresh(path: string): boolean {
  const modifiedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - modifiedMs < unwrittenMs;
}

/** A number alone proves nothing: after a reboot, or as first process of a container, it is somebody else's. */
function isRunning({ pid, processStart }: Lock): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return processStart === undefined ? pid !== process.pid : processStart === startOf(pid);
}

/** Linux: clock ticks since boot. Elsewhere unknown. */
function startOf(pid: number): string | undefined {
  // The name of the program, in brackets, may hold blanks; the 20th word behind it is the start time.
  return readText(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ")[19];
}
