import { clearTimeout, setTimeout } from "node:timers";
import type { Logger } from "../logger.ts";
import type { LineSink } from "./access-log.ts";
import type { OpenTarget, SinkTarget } from "./sink-target.ts";

export interface BufferedSinkOptions {
  readonly target: SinkTarget;
  readonly log: Logger;
  /** Lines are written when so many characters have come together, or after `delayMs`. */
  readonly chunkLength?: number;
  readonly delayMs?: number;
  /** What may wait for a slow target; lines beyond are dropped and counted. */
  readonly maxBytes?: number;
  /** A target is opened anew after this time, so that a file that was renamed (log rotation) is let go. */
  readonly reopenMs?: number;
}

/** So many chunks go into one system call. */
const maxChunksAWrite = 64;

/**
 * Appends lines to a target without making anybody wait: they are gathered, and each batch is one system call.
 *
 * A disk that is slow, full or gone costs lines, never memory or time: what fits `maxBytes` is kept and tried again,
 * the rest is dropped. The log hears once when that begins, and once, with the number, when it is over.
 */
export class BufferedSink implements LineSink {
  readonly #target: SinkTarget;
  readonly #log: Logger;
  readonly #chunkLength: number;
  readonly #delayMs: number;
  readonly #maxBytes: number;
  readonly #reopenMs: number;
  #text = "";
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;
  #open: { readonly target: OpenTarget; readonly since: number } | undefined;
  #dropped = 0;
  #isFailing = false;
  #isClosed = false;

  constructor(options: BufferedSinkOptions) {
    this.#target = options.target;
    this.#log = options.log;
    this.#chunkLength = options.chunkLength ?? 65536;
    this.#delayMs = options.delayMs ?? 1000;
    this.#maxBytes = options.maxBytes ?? 16 * 1024 * 1024;
    this.#reopenMs = options.reopenMs ?? 1000;
  }

  write(line: string): void {
    if (this.#isClosed) return;
    // Characters for bytes: a bound on memory need not be exact.
    if (this.#chunkBytes + this.#text.length + line.length > this.#maxBytes) {
      this.#drop();
      return;
    }
    this.#text += line;
    if (this.#text.length >= this.#chunkLength) this.#cut();
    else this.#schedule();
  }

  /** Resolves when all lines so far are written, or when writing them has failed. */
  async flush(): Promise<void> {
    this.#gather();
    // A batch that is under way may lack the newest lines.
    await this.#writing;
    if (this.#chunks.length > 0) await this.#write();
  }

  /** Lines that come later are dropped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    clearTimeout(this.#timer);
    await this.#closeTarget();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#cut();
    }, this.#delayMs);
    this.#timer.unref();
  }

  /** While a target fails only the timer tries again, or each chunk would. */
  #cut(): void {
    this.#gather();
    if (this.#isFailing && this.#timer !== undefined) return;
    void this.#write();
  }

  #gather(): void {
    if (this.#text === "") return;
    const chunk = Buffer.from(this.#text);
    this.#text = "";
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#chunks.length > 0 || this.#text !== "") this.#schedule();
    });
    return this.#writing;
  }

  /** Does not throw. Ends when all is written, or at the first write that the target refuses. */
  async #writeAll(): Promise<void> {
    try {
      while (this.#chunks.length > 0) {
        const target = await this.#openTarget();
        const bytes = await target.write(this.#chunks.slice(0, maxChunksAWrite));
        if (bytes === 0) return;
        this.#forget(bytes);
      }
      this.#recovered();
    } catch (error) {
      this.#failed(error);
      await this.#closeTarget();
    }
  }

  /** A disk may take less than it was given; the rest of a line must follow it. */
  #forget(bytes: number): void {
    this.#chunkBytes -= bytes;
    let rest = bytes;
    while (this.#chunks[0] !== undefined && rest >= this.#chunks[0].length) {
      rest -= this.#chunks[0].length;
      this.#chunks.shift();
    }
    if (rest > 0 && this.#chunks[0] !== undefined) this.#chunks[0] = this.#chunks[0].subarray(rest);
  }

  async #openTarget(): Promise<OpenTarget> {
    const now = performance.now();
    if (this.#open !== undefined && now - this.#open.since < this.#reopenMs) return this.#open.target;
    await this.#closeTarget();
    const target = await this.#target.open();
    this.#open = { target, since: now };
    return target;
  }

  async #closeTarget(): Promise<void> {
    const target = this.#open?.target;
    this.#open = undefined;
    // All was written by then: nothing is lost with a handle that cannot be closed.
    await target?.close().catch(() => undefined);
  }

  #drop(): void {
    this.#dropped++;
    if (this.#dropped > 1) return;
    this.#log.warn("Access log takes lines too slowly: some are dropped", { path: this.#target.name });
  }

  #failed(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#log.warn(
      "Access log cannot be written: its lines are kept as far as there is room, and tried again",
      {
        path: this.#target.name,
        reason,
      },
    );
  }

  #recovered(): void {
    if (!this.#isFailing && this.#dropped === 0) return;
    this.#log.info("Access log is written again", { path: this.#target.name, dropped: this.#dropped });
    this.#isFailing = false;
    this.#dropped = 0;
  }
}
