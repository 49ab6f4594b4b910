import { writeSync } from "node:fs";
import process from "node:process";

/** Where a command's words go. Nothing here throws: a reader that has gone is no reason to fail. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Width for help; 80 where stdout is no terminal. */
  readonly columns: number;
  /** Whether somebody looks on at what goes to stderr, so that a line may be written over. */
  readonly isWatched: boolean;
  /** The same of stdout. */
  readonly isOutWatched: boolean;
  /** Whether colours are welcome where somebody looks on: `NO_COLOR` is not set. */
  readonly isColored: boolean;
}

/** Written at once and whole, so that the process may end right after. */
export function processTerminal(): Terminal {
  return {
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    isWatched: process.stderr.isTTY === true,
    isOutWatched: process.stdout.isTTY === true,
    isColored: !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb",
    columns: process.stdout.isTTY ? Math.max(process.stdout.columns ?? 80, 60) : 80,
  };
}

function writeAll(descriptor: number, text: string): void {
  let rest: Uint8Array = new TextEncoder().encode(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      // A full pipe that somebody made non-blocking: its reader needs a moment.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
