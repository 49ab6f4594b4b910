import { BackendFailure } from "../backends/connection.ts";

const firstMs = 1000;
const maxMs = 60_000;
/** Who has lived so long has been well. */
const wellMs = 30_000;

/** How long to leave a child alone that has ended: twice as long each time, until one lives. */
export class BackOff {
  readonly #now: () => number;
  #failures = 0;
  #startedAt = 0;
  #readyAt = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Milliseconds until the next start; 0 if it may be now. */
  get waitMs(): number {
    return Math.max(0, this.#readyAt - this.#now());
  }

  /** Throws while the child must be left alone; `reason` is what it ended with. */
  check(reason: string): void {
    const { waitMs } = this;
    if (waitMs > 0)
      throw new BackendFailure("connect", `${reason}; it is started again in ${Math.ceil(waitMs / 1000)} s`);
  }

  started(): void {
    this.#startedAt = this.#now();
  }

  ended(): void {
    if (this.#now() - this.#startedAt > wellMs) this.#failures = 0;
    this.#readyAt = this.#now() + Math.min(maxMs, firstMs * 2 ** this.#failures++);
  }
}
