export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = { readonly [name: string]: string | number | boolean | undefined };

/** The program's own log. Never given header values, bodies or secrets. */
export interface Logger {
  /** Whether anybody reads this level: ask before building an expensive message. */
  isOn(level: LogLevel): boolean;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
