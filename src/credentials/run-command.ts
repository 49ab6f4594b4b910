import { execFile } from "node:child_process";

export interface Command {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly environment: { readonly [name: string]: string | undefined };
  readonly timeoutMs: number;
}

/** What a command writes to standard output. Messages of errors quote neither that nor its arguments. */
export function runCommand({ file, arguments: args, environment, timeoutMs }: Command): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...environment }, timeout: timeoutMs, maxBuffer: 1 << 20, windowsHide: true };
    execFile(file, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${file} ${explain(error, stderr, timeoutMs)}`));
    });
  });
}

function explain(
  error: Error & { code?: unknown; killed?: boolean },
  stderr: string,
  timeoutMs: number,
): string {
  if (error.code === "ENOENT") return "is not installed";
  if (error.killed === true) return `did not end within ${timeoutMs / 1000} s`;
  if (typeof error.code === "string") return `cannot be run: ${error.code}`;
  const said =
    stderr
      .trim()
      .split(/[\r\n]/, 1)[0]
      ?.slice(0, 300) ?? "";
  return said === "" ? `failed with ${String(error.code)}` : `failed: ${said}`;
}
