import type { Quota } from "../../model/traffic.ts";
import type { CounterStore } from "./counter-store.ts";
import { hitsOf, type PreparedLimit, prepareLimits } from "./limiter.ts";
import type { LimitFacts } from "./selector.ts";

/** A quota made ready. */
export interface PreparedQuota {
  readonly quota: Quota;
  readonly buckets: readonly PreparedLimit[];
}

/** What an exchange came to, for whoever charges it. */
export interface Spent {
  readonly costs: { readonly [metadataKey: string]: number } | undefined;
  /** The one that answered. */
  readonly backend?: { readonly backendName: string } | undefined;
  /** As the backend was asked for it. */
  readonly requestModel?: string;
}

const costKey = "quota_cost";

/** Quotas of backends for models: looked at before a request, charged after it, in every bucket that it fits. */
export class Quotas {
  readonly #store: CounterStore;
  readonly #now: () => number;
  readonly #byTarget: ReadonlyMap<string, PreparedQuota>;

  constructor(quotas: readonly Quota[], store: CounterStore, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
    this.#byTarget = new Map(quotas.map((quota) => [quota.key, prepareQuota(quota)]));
  }

  find(backendName: string, model: string): PreparedQuota | undefined {
    return this.#byTarget.get(`${backendName} ${model}`);
  }

  /** Whether it has a quota for any model. */
  isFor(backendName: string): boolean {
    return [...this.#byTarget.values()].some(({ quota }) => quota.backend === backendName);
  }

  /** Whether any of its buckets has something left; one that only looks on decides nothing. */
  hasRoom({ buckets }: PreparedQuota, facts: LimitFacts): boolean | Promise<boolean> {
    const hits = hitsOf(buckets, facts).filter(({ prepared }) => !prepared.limit.isShadow);
    if (hits.length === 0) return true;
    const takes = hits.map(({ prepared: { limit }, key }) => ({
      key,
      amount: limit.amount,
      windowMs: limit.unitMs,
      hits: 0,
      isShadow: true,
    }));
    const judge = ({ used }: { readonly used: readonly number[] }) =>
      hits.some(({ prepared }, index) => (used[index] ?? 0) <= prepared.limit.amount);
    const taken = this.#store.take(takes, this.#now());
    return taken instanceof Promise ? taken.then(judge) : judge(taken);
  }

  charge({ costs, backend, requestModel = "" }: Spent, facts: LimitFacts): void {
    const cost = costs?.[costKey] ?? 0;
    const quota = backend && this.find(backend.backendName, requestModel);
    if (cost === 0 || quota === undefined) return;
    const charges = hitsOf(quota.buckets, facts).map(({ prepared: { limit }, key }) => ({
      key,
      windowMs: limit.unitMs,
      hits: cost,
    }));
    this.#store.charge(charges, this.#now());
  }
}

function prepareQuota(quota: Quota): PreparedQuota {
  const limits = Object.fromEntries(quota.buckets.map((bucket) => [bucket.key, bucket]));
  return { quota, buckets: [...prepareLimits(limits, new Map()).values()] };
}
