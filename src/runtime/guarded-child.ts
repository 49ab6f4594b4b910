import { join } from "node:path";
import process from "node:process";

/** First argument of this program when it is only to become another one that cannot outlive its parent. */
const word = "--become-guarded";

/** The command line by which this program becomes `command`: Linux kills that when the process that started it is gone. */
export function guardedCommand(command: readonly string[], isCompiled: boolean): readonly string[] {
  if (process.platform !== "linux" || process.execve === undefined) return command;
  const own = isCompiled ? [] : [join(import.meta.dirname ?? ".", "../main.ts")];
  return [process.execPath, ...own, word, String(process.pid), ...command];
}

/** Becomes the other program if that is what this process was started for; returns where it was not. */
export async function becomeGuarded(args: readonly string[]): Promise<void> {
  const [first, parent, file, ...rest] = args;
  if (first !== word || parent === undefined || file === undefined) return;
  await dieWithParent();
  // It may have gone before the kernel knew what to do then.
  if (process.ppid !== Number(parent)) process.exit(1);
  process.execve?.(file, [file, ...rest], process.env);
}

const setParentDeathSignal = 1;
const killSignal = 9;
const libraries = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/** The setting survives `execve`. Where there is no such library the child is like any other. */
async function dieWithParent(): Promise<void> {
  const { dlopen } = await import("bun:ffi");
  for (const library of libraries) {
    try {
      const { symbols } = dlopen(library, { prctl: { args: ["i32", "u64"], returns: "i32" } });
      symbols.prctl(setParentDeathSignal, killSignal);
      return;
    } catch {
      // Another name, perhaps.
    }
  }
}
