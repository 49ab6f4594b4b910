import { clearTimeout, setTimeout } from "node:timers";
import type { Logger } from "../logger.ts";

/** What became of one try to hand a batch over. Reasons are fit for the log. */
export type SendResult =
  /** `lost`: of the batch, what the receiver refused. */
  | { readonly type: "sent"; readonly lost: number; readonly reason?: string | undefined }
  /** Never will be taken. */
  | { readonly type: "refused"; readonly reason: string }
  /** May be taken later; `afterMs` is when the receiver wants to be asked again. */
  | { readonly type: "later"; readonly reason: string; readonly afterMs: number | undefined };

export interface ExportQueueOptions<T> {
  /** Of what there are many: `spans`. */
  readonly name: string;
  readonly log: Logger;
  /** One try; does not throw. `signal` fires when the time for it is over. */
  send(batch: readonly T[], signal: AbortSignal): Promise<SendResult>;
  /** About how many bytes an item takes. */
  sizeOf(item: T): number;
  readonly delayMs: number;
  readonly maxItems: number;
  readonly maxBatchItems: number;
  /** Of one batch: collectors take 4 MiB by gRPC unless told otherwise. */
  readonly maxBatchBytes?: number;
  readonly maxBytes?: number;
  /** A batch that cannot be handed over for so long is given up, so that newer ones get their turn. */
  readonly giveUpMs?: number;
  readonly firstBackOffMs?: number;
}

const maxBackOffMs = 30_000;

/**
 * Hands items over in batches, one batch at a time, and keeps nobody waiting.
 *
 * A receiver that is slow, busy or gone costs items, never memory or time: what there is room for waits, what comes
 * beyond is dropped and counted. The log hears once when that begins, and once, with the number, when it is over.
 */
export class ExportQueue<T> {
  readonly #options: Required<ExportQueueOptions<T>>;
  #items: T[] = [];
  #bytes = 0;
  /** Taken out of `#items` and not handed over yet. */
  #pending = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  readonly #stop = new AbortController();
  #isFlushing = false;
  #isFailing = false;
  #isFull = false;
  #dropped = 0;

  constructor(options: ExportQueueOptions<T>) {
    this.#options = {
      maxBatchBytes: 2 * 1024 * 1024,
      maxBytes: 64 * 1024 * 1024,
      giveUpMs: 60_000,
      firstBackOffMs: 1000,
      ...options,
    };
  }

  /** What was lost so far since the last time that all was well. */
  get dropped(): number {
    return this.#dropped;
  }

  push(item: T): void {
    const { maxItems, maxBytes, maxBatchItems, sizeOf, delayMs } = this.#options;
    const size = sizeOf(item);
    if (
      this.#stop.signal.aborted ||
      this.#items.length + this.#pending >= maxItems ||
      this.#bytes + size > maxBytes
    ) {
      this.#drop(1);
      return;
    }
    this.#items.push(item);
    this.#bytes += size;
    if (this.#items.length >= maxBatchItems) this.#run();
    else if (this.#timer === undefined && this.#running === undefined) {
      this.#timer = setTimeout(() => this.#run(), delayMs);
      this.#timer.unref();
    }
  }

  /** Resolves when all is handed over, or when the receiver does not take it now. */
  async flush(): Promise<void> {
    this.#isFlushing = true;
    this.#wake?.();
    this.#run();
    await this.#running;
    this.#isFlushing = false;
  }

  /** As `flush`, for `limitMs` at most; what is left then is lost, and said. */
  async close(limitMs: number): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), limitMs);
    await this.flush();
    clearTimeout(timer);
    clearTimeout(this.#timer);
    this.#stop.abort();
    const left = this.#items.length;
    this.#items = [];
    if (left + this.#dropped === 0) return;
    this.#options.log.warn(`Some ${this.#options.name} were never exported`, { lost: left + this.#dropped });
  }

  #run(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
      if (this.#items.length > 0 && !this.#stop.signal.aborted && !this.#isFlushing) this.#run();
    });
  }

  async #drain(): Promise<void> {
    while (this.#items.length > 0) {
      const batch = this.#takeBatch();
      const isDone = await this.#deliver(batch);
      this.#pending = 0;
      if (!isDone) return;
    }
  }

  #takeBatch(): readonly T[] {
    const { maxBatchItems, maxBatchBytes, sizeOf } = this.#options;
    let count = 0;
    let bytes = 0;
    while (count < this.#items.length && count < maxBatchItems) {
      const size = sizeOf(this.#items[count]!);
      if (count > 0 && bytes + size > maxBatchBytes) break;
      bytes += size;
      count += 1;
    }
    this.#bytes -= bytes;
    this.#pending = count;
    return this.#items.splice(0, count);
  }

  /** False where it is no use to go on with the next one now. */
  async #deliver(batch: readonly T[]): Promise<boolean> {
    const { send, giveUpMs, firstBackOffMs } = this.#options;
    const since = performance.now();
    for (let backOffMs = firstBackOffMs; ; backOffMs = Math.min(backOffMs * 2, maxBackOffMs)) {
      const result = await send(batch, this.#stop.signal);
      if (result.type === "sent") {
        if (result.lost > 0) this.#failed(result.reason ?? "the receiver refused some", result.lost);
        else this.#recovered();
        return true;
      }
      if (result.type === "refused") {
        this.#failed(result.reason, batch.length);
        return true;
      }
      const waitMs = Math.min(result.afterMs ?? backOffMs * (0.8 + 0.4 * Math.random()), giveUpMs);
      const isLate = performance.now() - since + waitMs > giveUpMs;
      this.#failed(result.reason, isLate || this.#isFlushing ? batch.length : 0);
      // Nobody waits for a shutdown that waits for a collector.
      if (this.#isFlushing) return false;
      if (isLate) return true;
      await this.#sleep(waitMs);
    }
  }

  #sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, durationMs);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #drop(count: number): void {
    this.#dropped += count;
    if (this.#isFull) return;
    this.#isFull = true;
    this.#options.log.warn(`There are more ${this.#options.name} than can be exported: some are dropped`);
  }

  #failed(reason: string, lost: number): void {
    this.#dropped += lost;
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.log.warn(
      `Export of ${this.#options.name} fails: they are kept as far as there is room, and tried again`,
      { reason },
    );
  }

  #recovered(): void {
    if (!this.#isFailing && !this.#isFull) return;
    this.#options.log.info(`Export of ${this.#options.name} works again`, { lost: this.#dropped });
    this.#isFailing = false;
    this.#isFull = false;
    this.#dropped = 0;
  }
}
