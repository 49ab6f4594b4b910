import type { EnvoyAdmin } from "../admin/envoy-admin.ts";
import type { Resource } from "../write/proto.ts";

interface Drain {
  readonly clusters: Map<string, Resource>;
  readonly heldUntil: number;
  readonly deadline: number;
  retire(): void;
}

export interface DrainOptions {
  admin(): EnvoyAdmin;
  /** How long they stay at most. */
  readonly drainMs: number;
  /**
   * How long they stay at least. A request keeps the routes that it has begun with, and is nowhere counted until its
   * body is there and its model known: then it wants a cluster of those routes.
   */
  readonly holdMs: number;
  /** Some of `clusters` have gone. */
  onGone(): void;
}

const pollMs = 250;

/** Clusters that no route leads to any more, until their last request is over. */
export class DrainList {
  readonly #options: DrainOptions;
  readonly #drains = new Set<Drain>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  get clusters(): readonly Resource[] {
    return [...this.#drains].flatMap(({ clusters }) => [...clusters.values()]);
  }

  /** Those of `old` that are not in `next`; one that is back again does not drain any more. */
  add(old: readonly Resource[], next: readonly Resource[], retire: () => void): void {
    const kept = new Set(next.map(({ name }) => name));
    for (const { clusters } of this.#drains) for (const name of kept) clusters.delete(name);
    const gone = old.filter(({ name }) => !kept.has(name));
    const now = performance.now();
    this.#drains.add({
      clusters: new Map(gone.map((cluster) => [cluster.name, cluster])),
      heldUntil: now + Math.min(this.#options.holdMs, this.#options.drainMs),
      deadline: now + this.#options.drainMs,
      retire,
    });
    this.#watch();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { retire } of this.#drains) retire();
    this.#drains.clear();
  }

  #watch(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), pollMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    // An Envoy that does not answer has its deadline like any other.
    const active = await this.#options
      .admin()
      .clusters()
      .catch(() => undefined);
    if (this.#isClosed) return;
    const now = performance.now();
    const done = [...this.#drains].filter(
      ({ clusters, heldUntil, deadline }) =>
        now > deadline ||
        (now > heldUntil &&
          active !== undefined &&
          [...clusters.keys()].every((name) => (active.get(name) ?? 0) === 0)),
    );
    for (const drain of done) this.#drains.delete(drain);
    if (done.some(({ clusters }) => clusters.size > 0)) this.#options.onGone();
    for (const { retire } of done) retire();
    if (this.#drains.size > 0) this.#watch();
  }
}
