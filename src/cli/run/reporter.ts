import type { Diagnostic } from "../../model/diagnostic.ts";
import type { LogLevel } from "../../telemetry/logger.ts";
import type { ProgramLog } from "../../telemetry/program-log.ts";
import { failureLine } from "../failure.ts";
import { showFinding, writeFinding } from "../findings.ts";
import { dim } from "../paint.ts";
import type { Terminal } from "../terminal.ts";

/** Says things on stderr in their own shape and keeps them in `aigw.log`. */
export class Reporter {
  readonly #terminal: Terminal;
  readonly #log: ProgramLog;

  constructor(terminal: Terminal, log: ProgramLog) {
    this.#terminal = terminal;
    this.#log = log;
  }

  say(line: string, level: LogLevel = "info"): void {
    this.#terminal.err(`${line}\n`);
    this.#log.keep(level, line);
  }

  /** For people only: a program that reads along gets the lines that it knows. */
  remark(line: string): void {
    if (this.#terminal.isWatched) this.#terminal.err(`${dim(line, this.#terminal)}\n`);
    this.#log.keep("info", line);
  }

  fail(error: unknown): void {
    const line = failureLine("Error running", error);
    this.#terminal.err(line);
    this.#log.keep("error", line.trimEnd());
    // An error of the program rather than of its user: whoever mends it wants to know where.
    if (error instanceof TypeError || error instanceof ReferenceError)
      this.#log.keep("error", error.stack ?? "");
  }

  /** Errors and warnings; what is merely worth knowing goes to the log alone. */
  findings(findings: readonly Diagnostic[], format: (finding: Diagnostic) => string): void {
    for (const finding of findings) {
      if (finding.severity === "info") this.#log.program.info(format(finding));
      else this.#find(finding, format);
    }
  }

  #find(finding: Diagnostic, format: (finding: Diagnostic) => string): void {
    const line = writeFinding(finding, format);
    const { isWatched } = this.#terminal;
    this.#terminal.err(isWatched ? showFinding(finding, format, this.#terminal) : line);
    this.#log.keep(finding.severity === "error" ? "error" : "warn", line.trimEnd());
  }
}
