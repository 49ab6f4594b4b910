import { renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

export interface InstallLock {
  release(): void;
}

export interface InstallLockOptions {
  readonly signal: AbortSignal;
  /** Somebody else has it, and is waited for. */
  onWaiting(): void;
  readonly staleMs?: number;
  readonly pollMs?: number;
}

const beatMs = 2000;
const defaultStaleMs = 15_000;
const defaultPollMs = 200;

/**
 * Takes a lock file that only one process has, and waits for it if need be. Whoever has it touches it again and again,
 * so one that has not been touched for a while is nobody's: that holds across containers that share a volume, where
 * the numbers of processes mean nothing.
 */
export async function takeInstallLock(path: string, options: InstallLockOptions): Promise<InstallLock> {
  const { signal, staleMs = defaultStaleMs, pollMs = defaultPollMs } = options;
  for (let hasSaid = false; !create(path); ) {
    if (isStale(path, staleMs)) {
      takeAway(path, staleMs);
      continue;
    }
    if (!hasSaid) options.onWaiting();
    hasSaid = true;
    await sleep(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  const beat = setInterval(() => touch(path), Math.min(beatMs, staleMs / 4));
  beat.unref();
  return {
    release() {
      clearInterval(beat);
      rmSync(path, { force: true });
    },
  };
}

function create(path: string): boolean {
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function isStale(path: string, staleMs: number): boolean {
  const modifiedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return modifiedMs !== undefined && Date.now() - modifiedMs > staleMs;
}

/** Moved before it is removed: two that find it stale must not remove each other's new one. */
function takeAway(path: string, staleMs: number): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (isStale(aside, staleMs)) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Somebody has taken it away: the rename at the end decides.
  }
}
