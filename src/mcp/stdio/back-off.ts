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

  started(): void {
    this.#startedAt = this.#now();
  }

  ended(): void {
    if (this.#now() - this.#startedAt > wellMs) this.#failures = 0;
    this.#readyAt = this.#now() + Math.min(maxMs, firstMs * 2 ** this.#failures++);
  }
}
