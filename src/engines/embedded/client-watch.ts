import type { InFlight } from "./in-flight.ts";

/** Long after an answer that was at hand, long before anybody misses the upstream's time. */
const watchFromMs = 10;

/**
 * Looks whether clients are still there, for requests that take some time. An abort listener on each costs 8 µs, and
 * most requests are over before it could tell anything.
 */
export class ClientWatch {
  #waiting: InFlight[] = [];
  #isArmed = false;

  add(request: InFlight): void {
    this.#waiting.push(request);
    if (this.#isArmed) return;
    this.#isArmed = true;
    setTimeout(this.#look, watchFromMs);
  }

  readonly #look = (): void => {
    const due = this.#waiting;
    this.#waiting = [];
    this.#isArmed = false;
    for (const request of due) request.watchClient();
  };
}
