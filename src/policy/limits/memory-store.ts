import {
  type Charge,
  type CounterStore,
  hasRoom,
  type Take,
  type Taken,
  windowEndMs,
} from "./counter-store.ts";

/** Keeps counts beyond the process. Says what a count comes to, whoever else adds to it. */
export interface Ledger {
  /** What was counted before in the window that ends then. */
  read(key: string, endMs: number): number;
  add(key: string, endMs: number, hits: number): number;
  close(): void;
}

interface Count {
  endMs: number;
  used: number;
}

/** From so many counts on those are looked for whose window is over. */
const sweepFrom = 4096;
/** Shorter windows are over before a process is there again. */
const leastKeptMs = 60_000;

/** Counts in memory; those of a minute and more also in a ledger, before anybody is let in on them. */
export class MemoryStore implements CounterStore {
  readonly #counts = new Map<string, Count>();
  readonly #ledger: Ledger | undefined;
  #sweepAt = sweepFrom;

  constructor(ledger?: Ledger) {
    this.#ledger = ledger;
  }

  take(takes: readonly Take[], nowMs: number): Taken {
    const counts = takes.map((take) => this.#count(take, nowMs));
    const isAllowed = takes.every((take, index) => hasRoom(take, counts[index]?.used ?? 0));
    if (isAllowed) for (const [index, take] of takes.entries()) this.#add(counts[index], take);
    return { isAllowed, used: counts.map(({ used }) => used) };
  }

  charge(charges: readonly Charge[], nowMs: number): void {
    for (const charge of charges) this.#add(this.#count(charge, nowMs), charge);
  }

  close(): void {
    this.#ledger?.close();
  }

  #count({ key, windowMs }: Pick<Take, "key" | "windowMs">, nowMs: number): Count {
    const endMs = windowEndMs(nowMs, windowMs);
    const known = this.#counts.get(key);
    if (known?.endMs === endMs) return known;
    const count = { endMs, used: windowMs < leastKeptMs ? 0 : (this.#ledger?.read(key, endMs) ?? 0) };
    if (this.#counts.size >= this.#sweepAt) this.#sweep(nowMs);
    this.#counts.set(key, count);
    return count;
  }

  #add(count: Count | undefined, { key, windowMs, hits }: Charge): void {
    if (count === undefined || hits === 0) return;
    count.used += hits;
    if (this.#ledger !== undefined && windowMs >= leastKeptMs)
      count.used = Math.max(count.used, this.#ledger.add(key, count.endMs, hits));
  }

  #sweep(nowMs: number): void {
    for (const [key, { endMs }] of this.#counts) if (endMs <= nowMs) this.#counts.delete(key);
    this.#sweepAt = Math.max(sweepFrom, this.#counts.size * 2);
  }
}
