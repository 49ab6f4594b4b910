import { spawn } from "node:child_process";
import { constants } from "node:os";

export interface ChildEnd {
  /** As a shell would give it: 128 and the signal's number for a command that a signal ended. */
  readonly code: number;
  /** Why it never ran. */
  readonly problem?: string;
}

export interface ChildProcess {
  /** Never rejects. */
  readonly ended: Promise<ChildEnd>;
  signal(name: string): void;
}

/** The codes of shells for a command that is not there, and for one that cannot be run. */
const [notFound, notRunnable] = [127, 126];

/** Starts a command with our own stdin, stdout and stderr. */
export function startChild(
  [file = "", ...args]: readonly string[],
  environment: { readonly [name: string]: string | undefined },
): ChildProcess {
  const child = spawn(file, args, { env: { ...environment }, stdio: "inherit" });
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === "ENOENT";
      const why = isMissing ? "there is no such command" : error.message;
      resolve({ code: isMissing ? notFound : notRunnable, problem: `${file} cannot be run: ${why}` });
    });
    child.once("exit", (code, signal) => resolve({ code: code ?? codeOf(signal) }));
  });
  return {
    ended,
    signal: (name) => void child.kill(name as NodeJS.Signals),
  };
}

function codeOf(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}
