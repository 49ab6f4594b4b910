import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { decodeText } from "../../dialects/wire/text.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { LineReader } from "./line-reader.ts";

export interface ChildOptions {
  /** Of the server, for the log. */
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: { readonly [name: string]: string };
  readonly workingDirectory: string | undefined;
  readonly maxLineBytes: number;
  readonly log: Logger;
}

export interface ChildHandlers {
  onLine(line: Uint8Array): void;
  onTooLong(start: Uint8Array, end: Uint8Array): void;
  /** It takes more again, after `write` has said no. */
  onDrain(): void;
  /** Once, however it ended; all its lines have been handed over. `reason` is safe for clients. */
  onExit(reason: string): void;
}

/** How long a child that is to end may take: after its input has ended, and after SIGTERM. */
export interface StopTimes {
  readonly inputMs: number;
  readonly termMs: number;
}
const stopTimes: StopTimes = { inputMs: 2000, termMs: 3000 };

/** Whatever way this process ends, groups of children end with it. */
const living = new Set<Child>();
process.on("exit", () => {
  for (const child of living) child.kill();
});

const keptLines = 50;
const maxErrorLineBytes = 8192;
/** Lines of standard error that are logged in a second; a child that writes more is mostly in trouble. */
const linesPerSecond = 50;

/** A server's process, its own group, so that what it starts ends with it. */
export class Child {
  readonly #options: ChildOptions;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #errors: LineReader;
  readonly #lastErrors: string[] = [];
  #second = 0;
  #linesInSecond = 0;
  #hasExited = false;

  constructor(options: ChildOptions, handlers: ChildHandlers) {
    this.#options = options;
    const lines = new LineReader(options.maxLineBytes, handlers);
    this.#errors = new LineReader(maxErrorLineBytes, {
      onLine: (line) => this.#logError(decodeText(line)),
      onTooLong: (start) => this.#logError(`${decodeText(start)} …`),
    });
    const child = spawn(options.command, [...options.arguments], {
      stdio: ["pipe", "pipe", "pipe"],
      env: options.environment,
      detached: true,
      ...(options.workingDirectory === undefined ? {} : { cwd: options.workingDirectory }),
    });
    this.#process = child;
    living.add(this);
    child.stdin?.on("drain", () => handlers.onDrain());
    // It may go while something is written to it; the exit says all.
    child.stdin?.on("error", () => {});
    child.stdout?.on("data", (bytes: Uint8Array) => lines.push(bytes));
    child.stderr?.on("data", (bytes: Uint8Array) => this.#errors.push(bytes));
    this.#exited = new Promise((resolve) => {
      const finish = (reason: string) => {
        if (this.#hasExited) return;
        this.#hasExited = true;
        living.delete(this);
        lines.end();
        this.#errors.end();
        this.#signal("SIGKILL");
        handlers.onExit(reason);
        resolve();
      };
      child.on("error", (error) => finish(explainStart(error)));
      child.on("exit", (code, signal) => {
        const reason = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
        // Its pipes may be held open by what it has started; what is in them is read first.
        const late = setTimeout(() => finish(reason), 200);
        child.on("close", () => {
          clearTimeout(late);
          finish(reason);
        });
      });
    });
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** What it wrote last to standard error, for the log. */
  get lastErrors(): readonly string[] {
    return this.#lastErrors;
  }

  /** Writes one message as a line; false if the pipe is full. */
  write(message: Uint8Array): boolean {
    const { stdin } = this.#process;
    if (stdin === null || !stdin.writable) return true;
    const line = new Uint8Array(message.length + 1);
    line.set(message);
    // Line breaks between the parts of a message mean nothing, and stand for its end here.
    for (let i = 0; i < message.length; i++) if (line[i] === 0x0a || line[i] === 0x0d) line[i] = 0x20;
    line[message.length] = 0x0a;
    return stdin.write(line);
  }

  /** Ends it and all that it has started, at once. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  /** Ends its input, then asks, then insists. Resolves when it has gone. */
  async stop({ inputMs, termMs }: StopTimes = stopTimes): Promise<void> {
    this.#process.stdin?.end();
    const term = setTimeout(() => this.#signal("SIGTERM"), inputMs);
    const kill = setTimeout(() => this.#signal("SIGKILL"), inputMs + termMs);
    await this.#exited;
    clearTimeout(term);
    clearTimeout(kill);
  }

  /** To the whole group. */
  #signal(signal: "SIGTERM" | "SIGKILL"): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Nobody is left in it.
    }
  }

  #logError(line: string): void {
    this.#lastErrors.push(line);
    if (this.#lastErrors.length > keptLines) this.#lastErrors.shift();
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      const left = this.#linesInSecond - linesPerSecond;
      if (left > 0) this.#log(`… ${left} more lines`);
      this.#second = second;
      this.#linesInSecond = 0;
    }
    if (this.#linesInSecond++ < linesPerSecond) this.#log(line);
  }

  #log(line: string): void {
    this.#options.log.info("an MCP server says", { server: this.#options.name, line });
  }
}

function explainStart(error: Error): string {
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "cannot be started: its command, or its directory, is not there";
  return code === "EACCES" ? "cannot be started: its command may not be executed" : "cannot be started";
}
