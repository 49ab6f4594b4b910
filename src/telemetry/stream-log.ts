import type { LogFields, Logger, LogLevel } from "./logger.ts";
import { formatRecord } from "./program-log.ts";

export interface StreamLogOptions {
  /** Number of the lowest level that is written: debug is -4, info 0, warn 4, error 8. */
  readonly threshold: number;
  readonly format: "text" | "json";
  /** Must not throw. */
  readonly write: (text: string) => void;
}

const numbers: { readonly [L in LogLevel]: number } = { debug: -4, info: 0, warn: 4, error: 8 };

/** A log that goes to a stream, for programs whose output others collect. */
export function createStreamLog({ threshold, format, write }: StreamLogOptions): Logger {
  const formatLine = format === "json" ? formatJson : formatRecord;
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (numbers[level] >= threshold) write(formatLine(new Date(), level, message, fields));
  };
  return {
    isOn: (level) => numbers[level] >= threshold,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
}

/** The members come in the order of `formatRecord`, those without a value left out. */
function formatJson(time: Date, level: LogLevel, message: string, fields: LogFields = {}): string {
  return `${JSON.stringify({ time: time.toISOString(), level: level.toUpperCase(), msg: message, ...fields })}\n`;
}
