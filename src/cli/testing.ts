import { afterEach } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Terminal } from "./terminal.ts";

const made: string[] = [];
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** An empty directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "aigw-cli-"));
  made.push(directory);
  return directory;
}

/** The permission bits of a file, in octal. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8).padStart(4, "0");
}

/** A terminal that remembers. */
export class FakeTerminal implements Terminal {
  readonly columns = 80;
  isWatched = false;
  isOutWatched = false;
  isColored = false;
  stdout = "";
  stderr = "";

  out = (text: string): void => {
    this.stdout += text;
  };

  err = (text: string): void => {
    this.stderr += text;
  };
}

/** Waits for something that another process or the system does; fails after ten seconds. */
export async function eventually<T>(look: () => T | undefined | false): Promise<T> {
  for (let waited = 0; waited < 10_000; waited += 10) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never happened: ${look}`);
}
