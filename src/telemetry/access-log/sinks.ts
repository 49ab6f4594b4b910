import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../logger.ts";
import type { LineSink } from "./access-log.ts";
import { BufferedSink } from "./buffered-sink.ts";
import { descriptorTarget, fileTarget } from "./sink-target.ts";

export interface SinksOptions {
  /** The file that stands for `/dev/stdout`; `stderr.log` beside it stands for `/dev/stderr`. */
  readonly stdoutLogPath: string;
  /** Whether what goes to those is shown on the process's own stdout and stderr too. */
  readonly echoStdout: boolean;
  readonly log: Logger;
  /** How long flushing may take. */
  readonly limitMs?: number;
}

/** The sinks of all access logs, one for each path, however many logs and reloads name it. */
export class Sinks {
  readonly #options: SinksOptions;
  readonly #byPath = new Map<string, LineSink>();
  readonly #all: BufferedSink[] = [];

  constructor(options: SinksOptions) {
    this.#options = options;
  }

  readonly get = (path: string): LineSink => {
    let sink = this.#byPath.get(path);
    if (sink === undefined) {
      sink = this.#open(path);
      this.#byPath.set(path, sink);
    }
    return sink;
  };

  /** The process's own stdout, for what is exported to people. */
  console(): LineSink {
    const target = descriptorTarget(1, "stdout");
    const sink = new BufferedSink({ target, log: this.#options.log, delayMs: 20 });
    this.#all.push(sink);
    return sink;
  }

  flush(): Promise<void> {
    return this.#within((sink) => sink.flush());
  }

  close(): Promise<void> {
    return this.#within((sink) => sink.close());
  }

  /** A disk or a terminal that takes nothing must not keep a process from ending. */
  async #within(act: (sink: BufferedSink) => Promise<void>): Promise<void> {
    const limitMs = this.#options.limitMs ?? 2000;
    const stop = new AbortController();
    const isLate = await Promise.race([
      Promise.all(this.#all.map(act)).then(() => false),
      sleep(limitMs, true, { signal: stop.signal }).catch(() => false),
    ]);
    stop.abort();
    if (isLate)
      this.#options.log.warn("Access log lines may be missing: they could not be written in time", {
        limitMs,
      });
  }

  #open(path: string): LineSink {
    const { stdoutLogPath } = this.#options;
    if (path === "/dev/stdout") return this.#standard(stdoutLogPath, 1, "stdout");
    if (path === "/dev/stderr")
      return this.#standard(join(dirname(stdoutLogPath), "stderr.log"), 2, "stderr");
    return this.#file(path);
  }

  #standard(path: string, descriptor: number, name: string): LineSink {
    const file = this.#file(path);
    if (!this.#options.echoStdout) return file;
    const target = descriptorTarget(descriptor, name);
    // People look on: so often that it seems at once, and not kept for long.
    const echo = new BufferedSink({ target, log: this.#options.log, delayMs: 100, maxBytes: 1024 * 1024 });
    this.#all.push(echo);
    return {
      write(line) {
        file.write(line);
        echo.write(line);
      },
    };
  }

  #file(path: string): BufferedSink {
    const sink = new BufferedSink({ target: fileTarget(path), log: this.#options.log });
    this.#all.push(sink);
    return sink;
  }
}
