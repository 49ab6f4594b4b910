import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import process from "node:process";
import { LineRedactor } from "./line-redactor.ts";

export interface EnvoyProcessOptions {
  readonly command: readonly string[];
  readonly environment: { readonly [name: string]: string | undefined };
  /** Files that its output is appended to; of stderr without credentials. */
  readonly stdoutLog: string;
  readonly stderrLog: string;
  /** What it says on stderr, by the line. */
  onLine(line: string): void;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

const keptLines = 20;

/**
 * One Envoy: a child in a process group of its own, so that a Ctrl-C is this program's to deal with, and killed when
 * this program ends, however it does.
 */
export class EnvoyProcess {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #decoder = new TextDecoder();
  readonly #redactor = new LineRedactor();
  #partial = "";
  #hasExited = false;

  constructor(options: EnvoyProcessOptions) {
    const [file = "", ...rest] = options.command;
    const stdout = openSync(options.stdoutLog, "a", 0o600);
    const stderr = openSync(options.stderrLog, "a", 0o600);
    const env = Object.fromEntries(
      Object.entries(options.environment).filter(([, value]) => value !== undefined),
    );
    this.#child = spawn(file, rest, { detached: true, env, stdio: ["ignore", stdout, "pipe"] });
    closeSync(stdout);
    this.#child.stderr?.on("data", (piece: Uint8Array) => {
      this.#read(piece, stderr, options);
    });
    this.exited = new Promise((resolve) => {
      const ended = (exit: Exit) => {
        this.#hasExited = true;
        process.off("exit", this.#killNow);
        // Words without an end are words all the same.
        if (this.#partial !== "") this.#read(Buffer.from("\n"), stderr, options);
        closeSync(stderr);
        resolve(exit);
      };
      // Both may come; a promise resolves once, and a descriptor is closed once.
      this.#child.once("error", (error) => {
        this.#lines.push(error.message);
        if (this.#child.pid === undefined) ended({ code: null, signal: null });
      });
      this.#child.once("close", (code, signal) => {
        if (!this.#hasExited) ended({ code, signal });
      });
    });
    process.on("exit", this.#killNow);
  }

  /** `undefined` where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** The last line it wrote that is a warning or worse, without its time and place. */
  get lastComplaint(): string | undefined {
    const complaint = this.#lines.findLast((line) => /\[(?:critical|error|warning)\]/.test(line));
    // What is no log line comes from the system that could not run it.
    return (complaint ?? this.#lines.findLast((line) => !line.startsWith("[")))?.replace(
      /^(?:\[[^\]]*\]\s*)+/,
      "",
    );
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#hasExited) this.#child.kill(signal);
  }

  readonly #killNow = () => this.kill("SIGKILL");

  #read(piece: Uint8Array, log: number, { onLine }: EnvoyProcessOptions): void {
    const lines = (this.#partial + this.#decoder.decode(piece, { stream: true })).split("\n");
    this.#partial = lines.pop() ?? "";
    const redacted = lines.map((line) => this.#redactor.redact(line));
    if (redacted.length > 0) writeSync(log, `${redacted.join("\n")}\n`);
    for (const line of redacted) {
      if (isNoise(line)) continue;
      onLine(line);
      if (line.trim() !== "") this.#lines.push(line);
    }
    this.#lines.splice(0, Math.max(0, this.#lines.length - keptLines));
  }
}

/**
 * What an Envoy says of how it counts processors: 1.38 before it has read at which level it is to log, and 1.40 because
 * it would not have to be told any more.
 */
function isNoise(line: string): boolean {
  return (
    (line.includes("[debug][misc]") && line.includes("cgroup_cpu_util")) ||
    line.includes("--cpuset-threads is now the default")
  );
}

/** `Envoy exited with code 1`, `Envoy was ended by SIGKILL`, `Envoy could not be started`. */
export function describeExit({ code, signal }: Exit): string {
  if (signal !== null) return `Envoy was ended by ${signal}`;
  return code === null ? "Envoy could not be started" : `Envoy exited with code ${code}`;
}
