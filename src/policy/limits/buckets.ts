interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** So many values that a client may choose are told apart; the one that was not seen for longest is forgotten. */
const maxBuckets = 10_000;

/** Token buckets of one limit: full at first, refilled evenly, so much in a unit of time as they hold. */
export class Buckets {
  readonly #amount: number;
  readonly #unitMs: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(amount: number, unitMs: number) {
    this.#amount = amount;
    this.#unitMs = unitMs;
  }

  /** Takes so many tokens if they are there. */
  take(key: string, hits: number, nowMs: number): boolean {
    const bucket = this.#bucket(key, nowMs);
    if (bucket.tokens < hits) return false;
    bucket.tokens -= hits;
    return true;
  }

  /** What a request took that was refused for another reason. */
  giveBack(key: string, hits: number): void {
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined) bucket.tokens = Math.min(this.#amount, bucket.tokens + hits);
  }

  tokens(key: string): number {
    return this.#buckets.get(key)?.tokens ?? this.#amount;
  }

  /** Until so many tokens are there. */
  waitMs(key: string, hits: number): number {
    return (Math.max(0, hits - this.tokens(key)) * this.#unitMs) / Math.max(1, this.#amount);
  }

  #bucket(key: string, nowMs: number): Bucket {
    const known = this.#buckets.get(key);
    if (known === undefined) {
      if (this.#buckets.size >= maxBuckets) this.#forgetOldest();
      const bucket = { tokens: this.#amount, filledAtMs: nowMs };
      this.#buckets.set(key, bucket);
      return bucket;
    }
    const refill = ((nowMs - known.filledAtMs) * this.#amount) / this.#unitMs;
    known.tokens = Math.min(this.#amount, known.tokens + Math.max(0, refill));
    known.filledAtMs = nowMs;
    // Kept in the order in which they were last asked for.
    this.#buckets.delete(key);
    this.#buckets.set(key, known);
    return known;
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}
