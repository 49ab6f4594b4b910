import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const politeMs = 2000;
const pollMs = 20;

/**
 * Ends an Envoy that a dead run has left behind. A number alone proves nothing, so its command line must name the run.
 * Resolves with whether there was one.
 */
export async function endLeftover(pid: number, runId: string): Promise<boolean> {
  if (!isEnvoyOf(pid, runId)) return false;
  send(pid, "SIGTERM");
  const deadline = performance.now() + politeMs;
  while (isEnvoyOf(pid, runId) && performance.now() < deadline) await sleep(pollMs);
  if (isEnvoyOf(pid, runId)) send(pid, "SIGKILL");
  while (isEnvoyOf(pid, runId) && performance.now() < deadline + politeMs) await sleep(pollMs);
  return true;
}

function isEnvoyOf(pid: number, runId: string): boolean {
  const words = commandLine(pid);
  const at = words.indexOf("--run-id");
  return at > 0 && words[at - 1] === "--" && words[at + 1] === runId;
}

/** Empty for a process that is not there, or that has ended and is only not yet buried. */
function commandLine(pid: number): readonly string[] {
  if (process.platform === "linux") {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    } catch {
      return [];
    }
  }
  try {
    return execFileSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .split(" ");
  } catch {
    return [];
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended by itself.
  }
}
