import type { Breaker } from "../../model/traffic.ts";

/**
 * Counts what is under way to one rule's backends, and refuses what would be too much.
 * A request has one connection as long as it lasts, as with HTTP/1.1.
 */
export class CircuitBreaker {
  readonly #limits: Breaker;
  #active = 0;
  #retries = 0;
  readonly #waiting: ((isIn: boolean) => void)[] = [];

  constructor(limits: Breaker) {
    this.#limits = limits;
  }

  /** Lets a try in, now or when a connection is free; `false`: too much is under way. Each one let in must `leave`. */
  enter(signal: AbortSignal): boolean | Promise<boolean> {
    const { connections, pending, requests } = this.#limits;
    if (this.#active >= requests) return false;
    if (this.#active < connections) {
      this.#active += 1;
      return true;
    }
    if (this.#waiting.length >= pending || signal.aborted) return false;
    return new Promise((resolve) => {
      const admit = (isIn: boolean) => {
        signal.removeEventListener("abort", giveUp);
        resolve(isIn);
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1);
        resolve(false);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(admit);
    });
  }

  /** A connection is free: the first that waits has it. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#active -= 1;
    else next(true);
  }

  /** Whether one more retry may be made; each that is must `retryDone`. */
  mayRetry(): boolean {
    const { retries, retryBudget } = this.#limits;
    const most =
      retryBudget === undefined
        ? retries
        : Math.max(
            retryBudget.least,
            Math.floor((retryBudget.percent / 100) * (this.#active + this.#waiting.length)),
          );
    if (this.#retries >= most) return false;
    this.#retries += 1;
    return true;
  }

  retryDone(): void {
    this.#retries -= 1;
  }
}
