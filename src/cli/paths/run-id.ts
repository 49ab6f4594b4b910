import { UsageError } from "../failure.ts";

const maxBytes = 128;

/** Refuses names that would lead out of the run's own directories. Throws `UsageError`. */
export function checkRunId(runId: string): void {
  const problem = problemOf(runId);
  if (problem !== undefined) throw new UsageError(`run: invalid run ID ${JSON.stringify(runId)}: ${problem}`);
}

function problemOf(runId: string): string | undefined {
  if (runId === "." || runId === "..") return "it names a directory, choose another";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[/\\\u0000-\u001f\u007f]/.test(runId)) return 'it must not contain "/", "\\" or control characters';
  if (new TextEncoder().encode(runId).length > maxBytes)
    return `it must not be longer than ${maxBytes} bytes`;
  return undefined;
}

/** `20261124_150444_503`: local time to the second, then microseconds modulo 1000. */
export function generateRunId(now = performance.timeOrigin + performance.now()): string {
  const time = new Date(now);
  const digits = (value: number, count = 2) => String(value).padStart(count, "0");
  const date = `${time.getFullYear()}${digits(time.getMonth() + 1)}${digits(time.getDate())}`;
  const clock = `${digits(time.getHours())}${digits(time.getMinutes())}${digits(time.getSeconds())}`;
  return `${date}_${clock}_${digits(Math.floor(now * 1000) % 1000, 3)}`;
}
