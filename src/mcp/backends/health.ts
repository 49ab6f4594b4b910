import type { BackendFailure } from "./connection.ts";

const failuresToOpen = 5;
const openMs = 30_000;
const firstBackOffMs = 1_000;
const maxBackOffMs = 60_000;

/**
 * Whether a backend is worth asking. After several failures in a row nobody is kept waiting for it: for some time it
 * counts as down, then one request may find out.
 *
 * A backend with which no session could be opened is asked for one again only now and then.
 */
export class Health {
  readonly #now: () => number;
  #failures = 0;
  #closedUntil = 0;
  #probeUntil = 0;
  #openFailures = 0;
  #mayOpenAt = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Milliseconds until it may be asked again; 0: now. */
  get waitMs(): number {
    if (this.#failures < failuresToOpen) return 0;
    const rest = this.#closedUntil - this.#now();
    if (rest > 0) return rest;
    // A probe of which nothing is heard does not keep others waiting for ever.
    if (this.#now() < this.#probeUntil) return firstBackOffMs;
    this.#probeUntil = this.#now() + openMs;
    return 0;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#probeUntil = 0;
  }

  /** Counts what says something about the backend, and not about the client or a single message. */
  count({ kind }: BackendFailure): void {
    if (kind === "connect" || kind === "reset" || kind === "timeout") this.failed();
  }

  failed(): void {
    this.#failures++;
    this.#probeUntil = 0;
    if (this.#failures >= failuresToOpen) this.#closedUntil = this.#now() + openMs;
  }

  /** Whether a session that is missing may be tried for. */
  get mayOpen(): boolean {
    return this.#now() >= this.#mayOpenAt;
  }

  opened(): void {
    this.#openFailures = 0;
    this.#mayOpenAt = 0;
  }

  notOpened(): void {
    const backOffMs = Math.min(maxBackOffMs, firstBackOffMs * 2 ** this.#openFailures);
    this.#openFailures++;
    this.#mayOpenAt = this.#now() + backOffMs;
  }
}
