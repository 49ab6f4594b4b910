import { BackendFailure } from "./connection.ts";

export interface ClockLimits {
  /** From the start to the end; 0: none. */
  readonly totalMs: number;
  /** Longest silence; 0: however long. */
  readonly idleMs: number;
}

const sweepEveryMs = 100;
/** A timer that comes and goes with each call costs more than one that looks at nothing for a while. */
const idleSweeps = 50;

interface Watched {
  check(now: number): void;
}

/** Watches all calls together: a timer for each would cost more than the look at all of them now and then. */
export class Clocks {
  readonly #running = new Set<Watched>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #idle = 0;

  /** `request`: the client's, whose leaving ends the call, too. */
  start(limits: ClockLimits, request?: Request): Clock {
    const clock = new Clock(limits, (over) => this.#running.delete(over), request);
    this.#watch(clock);
    return clock;
  }

  /** Calls back once, about so much later, unless what it gives is called before. */
  alarm(afterMs: number, ring: () => void): () => void {
    const atMs = performance.now() + afterMs;
    const cancel = (): void => void this.#running.delete(watched);
    const watched: Watched = {
      check(now) {
        if (now < atMs) return;
        cancel();
        ring();
      },
    };
    this.#watch(watched);
    return cancel;
  }

  #watch(watched: Watched): void {
    this.#running.add(watched);
    this.#idle = 0;
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#sweep(), sweepEveryMs);
    this.#timer.unref();
  }

  #sweep(): void {
    const now = performance.now();
    for (const watched of this.#running) watched.check(now);
    if (this.#running.size > 0 || ++this.#idle < idleSweeps) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** The time that one call to a backend has. Its signal ends the call. */
export class Clock {
  readonly signal: AbortSignal;
  readonly startedAt = performance.now();
  readonly #controller = new AbortController();
  readonly #deadlineAt: number;
  readonly #idleMs: number;
  readonly #onOver: (clock: Clock) => void;
  #activeAt = this.startedAt;
  /** Until somebody looks whether it is still there: a listener costs more than most calls take. */
  #unwatched: Request | undefined;

  constructor({ totalMs, idleMs }: ClockLimits, onOver: (clock: Clock) => void, request?: Request) {
    this.signal = this.#controller.signal;
    this.#deadlineAt = totalMs > 0 ? this.startedAt + totalMs : Number.POSITIVE_INFINITY;
    this.#idleMs = idleMs > 0 ? idleMs : Number.POSITIVE_INFINITY;
    this.#onOver = onOver;
    this.#unwatched = request;
  }

  /** A sign of life. */
  readonly touch = (): void => {
    this.#activeAt = performance.now();
  };

  check(now: number): void {
    if (this.#unwatched !== undefined) this.#watch(this.#unwatched.signal);
    if (now >= this.#deadlineAt || now - this.#activeAt >= this.#idleMs) this.abort(timedOut);
  }

  /** Ends what goes on under this clock. */
  abort(reason: BackendFailure): void {
    this.#onOver(this);
    this.#controller.abort(reason);
  }

  /** It is over by itself. */
  stop(): void {
    this.#onOver(this);
  }

  #watch(client: AbortSignal): void {
    this.#unwatched = undefined;
    const leave = () => this.abort(givenUp);
    if (client.aborted) leave();
    else client.addEventListener("abort", leave, { once: true, signal: this.signal });
  }

  get elapsedMs(): number {
    return performance.now() - this.startedAt;
  }
}

const timedOut = new BackendFailure("timeout", "did not answer in time");
/** Nobody waits any more. */
export const givenUp = new BackendFailure("stopped", "was not waited for");
