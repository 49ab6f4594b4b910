/** Ends something that has not moved for a while. */
export class StallWatch {
  readonly signal: AbortSignal;
  readonly #stall = new AbortController();
  readonly #limitMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limitMs: number, signal: AbortSignal) {
    this.#limitMs = limitMs;
    this.signal = AbortSignal.any([signal, this.#stall.signal]);
    this.moved();
  }

  get hasStalled(): boolean {
    return this.#stall.signal.aborted;
  }

  moved(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#stall.abort(), this.#limitMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
