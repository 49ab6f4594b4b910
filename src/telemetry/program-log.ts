import { closeSync, fchmodSync, openSync, writeSync } from "node:fs";
import type { LogFields, Logger, LogLevel } from "./logger.ts";

export interface ProgramLogOptions {
  /** Path of `aigw.log`; rewritten from zero. */
  readonly path: string;
  readonly isDebug: boolean;
  /** Writes to stderr; must not throw. */
  readonly writeError: (text: string) => void;
}

/** `aigw.log` and what of it is seen on stderr. */
export interface ProgramLog {
  /** Files, phases, reloads: in the file from `info` on, on stderr only with `--debug`. */
  readonly program: Logger;
  /** What happens to requests: on stderr too from `warn` on, with `--debug` from `debug` on. */
  readonly dataPlane: Logger;
  /** Keeps a line that was written to stderr in its own shape. */
  keep(level: LogLevel, message: string): void;
  close(): void;
}

const order: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Opens the log; throws the system's error. A disk that fills up later costs lines, never the gateway. */
export function openProgramLog({ path, isDebug, writeError }: ProgramLogOptions): ProgramLog {
  let file: number | undefined = openSync(path, "w", 0o600);
  // The mode above is only for a new file; a reused run ID finds an old one.
  fchmodSync(file, 0o600);
  const writeFile = (line: string) => {
    if (file === undefined) return;
    try {
      writeSync(file, line);
    } catch {
      // There is nobody left to tell.
    }
  };
  // What is shown on stderr is always in the file as well.
  const logger = (shownFrom: LogLevel | undefined): Logger => {
    const shown = shownFrom === undefined ? Number.POSITIVE_INFINITY : order[shownFrom];
    const keptFrom = Math.min(order.info, shown);
    const write = (level: LogLevel, message: string, fields: LogFields | undefined) => {
      if (order[level] < keptFrom) return;
      const line = formatRecord(new Date(), level, message, fields);
      writeFile(line);
      if (order[level] >= shown) writeError(line);
    };
    return {
      isOn: (level) => order[level] >= keptFrom,
      debug: (message, fields) => write("debug", message, fields),
      info: (message, fields) => write("info", message, fields),
      warn: (message, fields) => write("warn", message, fields),
      error: (message, fields) => write("error", message, fields),
    };
  };
  return {
    program: logger(isDebug ? "debug" : undefined),
    dataPlane: logger(isDebug ? "debug" : "warn"),
    keep: (level, message) => writeFile(formatRecord(new Date(), level, message)),
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

/** `time=<RFC 3339> level=INFO msg="…" key=value`, one line whatever is in the values. */
export function formatRecord(time: Date, level: LogLevel, message: string, fields: LogFields = {}): string {
  let line = `time=${formatTime(time)} level=${level.toUpperCase()} msg=${JSON.stringify(message)}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${typeof value === "string" ? quoteIfNeeded(value) : value}`;
  }
  return `${line}\n`;
}

/** Local time with its offset, to the millisecond. */
function formatTime(time: Date): string {
  const offsetMinutes = -time.getTimezoneOffset();
  if (offsetMinutes === 0) return time.toISOString();
  const local = new Date(time.getTime() + offsetMinutes * 60_000).toISOString().slice(0, -1);
  const [hours, minutes] = [Math.floor(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60];
  const twoDigits = (value: number) => String(value).padStart(2, "0");
  return `${local}${offsetMinutes < 0 ? "-" : "+"}${twoDigits(hours)}:${twoDigits(minutes)}`;
}

function quoteIfNeeded(value: string): string {
  return /^[\x21\x23-\x3c\x3e-\x7e]+$/.test(value) ? value : JSON.stringify(value);
}
