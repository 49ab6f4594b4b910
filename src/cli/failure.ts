/** What `aigw` ends with. */
export const exitCode = { ok: 0, failed: 1, usage: 80 } as const;

/** A line that cannot be run as it was typed: exit code 80. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** `2026/11/24 15:04:43 Error running: …` */
export function failureLine(title: string, error: unknown, now = new Date()): string {
  return `${formatLocalTime(now)} ${title}: ${messageChain(error)}\n`;
}

/** An error and what caused it, outermost first. */
export function messageChain(error: unknown): string {
  const messages: string[] = [];
  for (let current = error; current !== undefined && current !== null; ) {
    messages.push(current instanceof Error ? current.message : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return messages.join(": ");
}

/** `no such file or directory` of `ENOENT: no such file or directory, open '/x'`. */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^E[A-Z0-9]+: (.+?)(?:, \w+.*)?$/s.exec(message)?.[1] ?? message;
}

function formatLocalTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}/${two(time.getMonth() + 1)}/${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
