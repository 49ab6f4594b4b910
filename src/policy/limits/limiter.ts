import type { Key, Table } from "../../model/origin.ts";
import type { RateLimit } from "../../model/traffic.ts";
import type { MetadataKey } from "../../model/values.ts";
import { Buckets } from "./buckets.ts";
import { type CounterStore, hasRoom, type Take, windowEndMs } from "./counter-store.ts";
import { describeLimits, type LimitState } from "./limit-headers.ts";
import type { Spent } from "./quotas.ts";
import { compileSelector, type LimitFacts, type Selector } from "./selector.ts";

/** A limit made ready. Its buckets are kept from one load to the next while the limit stays what it is. */
export interface PreparedLimit {
  readonly limit: RateLimit;
  readonly selectors: readonly Selector[];
  readonly buckets: Buckets | undefined;
}

/** A request that is within its limits, or is not. */
export interface Verdict {
  /** Whole seconds to wait, and what to say; absent where it may go on. */
  readonly refusal?: { readonly retryAfterSeconds: number; readonly message: string };
  /** `x-ratelimit-*`. */
  readonly headers: readonly (readonly [string, string])[];
  /** Charges what the answer cost. Once. */
  settle(spent: Spent | undefined): void;
}

/** One limit that a request is counted by, under a key of its own. */
export interface Hit {
  readonly prepared: PreparedLimit;
  readonly key: string;
}

const costNamespace = "io.envoy.ai_gateway";

export function prepareLimits(
  limits: Table<RateLimit>,
  before: ReadonlyMap<string, PreparedLimit>,
): ReadonlyMap<Key, PreparedLimit> {
  const known = new Map([...before.values()].map((prepared) => [prepared.limit.print, prepared]));
  return new Map(
    Object.values(limits).map((limit) => [limit.key, known.get(limit.print) ?? prepareLimit(limit)]),
  );
}

function prepareLimit(limit: RateLimit): PreparedLimit {
  return {
    limit,
    selectors: limit.selectors.map(compileSelector),
    buckets: limit.algorithm === "bucket" ? new Buckets(limit.amount, limit.unitMs) : undefined,
  };
}

/** Decides about requests by the limits of their rules. */
export class Limiter {
  readonly #store: CounterStore;
  readonly #now: () => number;

  constructor(store: CounterStore, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** Takes what a request counts from all of its limits, or from none. `undefined`: it is under no limit. */
  check(
    limits: readonly PreparedLimit[],
    facts: LimitFacts,
  ): Verdict | undefined | Promise<Verdict | undefined> {
    const hits = hitsOf(limits, facts);
    if (hits.length === 0) return undefined;
    const nowMs = this.#now();
    const dry = takeTokens(hits, nowMs);
    const windows = hits.filter(({ prepared }) => prepared.buckets === undefined);
    if (dry.length > 0 || windows.length === 0) return this.#judge(hits, dry, windows, [], nowMs);
    const takes = windows.map(takeOf);
    const taken = this.#store.take(takes, nowMs);
    const judge = ({ isAllowed, used }: { isAllowed: boolean; used: readonly number[] }) => {
      if (!isAllowed) giveTokensBack(hits);
      const over = isAllowed ? [] : windows.filter((_, index) => !fits(takes, used, index));
      return this.#judge(hits, over, windows, used, nowMs);
    };
    return taken instanceof Promise ? taken.then(judge) : judge(taken);
  }

  #judge(
    hits: readonly Hit[],
    over: readonly Hit[],
    windows: readonly Hit[],
    used: readonly number[],
    nowMs: number,
  ): Verdict {
    const states = hits.map((hit) => stateOf(hit, used[windows.indexOf(hit)], nowMs));
    const headers = describeLimits(
      states.filter((_, index) => hits[index]?.prepared.limit.isShadow === false),
    );
    if (over.length === 0) return { headers, settle: (spent) => this.#charge(windows, spent?.costs) };
    const overStates = states.filter((_, index) => over.includes(hits[index] as Hit));
    const waitMs = Math.max(...overStates.map(({ waitMs }) => waitMs));
    const [first] = over as [Hit, ...Hit[]];
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    const message = `rate limit reached: ${describe(first.prepared.limit)}; try again in ${retryAfterSeconds} s`;
    return { refusal: { retryAfterSeconds, message }, headers, settle: () => {} };
  }

  #charge(hits: readonly Hit[], costs: { readonly [metadataKey: string]: number } | undefined): void {
    const charges = hits.flatMap(({ prepared: { limit }, key }) => {
      const cost = limit.answerCost === undefined ? 0 : costOf(limit.answerCost, costs);
      return cost > 0 ? [{ key, windowMs: limit.unitMs, hits: cost }] : [];
    });
    if (charges.length > 0) this.#store.charge(charges, this.#now());
  }
}

/** A limit for whoever is under no other of its kind applies last. */
export function hitsOf(limits: readonly PreparedLimit[], facts: LimitFacts): Hit[] {
  const hits: Hit[] = [];
  for (const prepared of limits) {
    const { limit, selectors } = prepared;
    if (limit.isFallback === true) continue;
    if (selectors.length === 0) hits.push({ prepared, key: limit.key });
    for (const select of selectors) {
      const value = select(facts);
      if (value === undefined) continue;
      hits.push({ prepared, key: value === "" ? limit.key : `${limit.key} ${value}` });
      break;
    }
  }
  if (hits.some(({ prepared }) => prepared.buckets !== undefined)) return hits;
  for (const prepared of limits)
    if (prepared.limit.isFallback === true) hits.push({ prepared, key: prepared.limit.key });
  return hits;
}

/** Takes tokens from all buckets, or from none; those that have too few. */
function takeTokens(hits: readonly Hit[], nowMs: number): Hit[] {
  const taken: Hit[] = [];
  for (const hit of hits) {
    const { buckets, limit } = hit.prepared;
    if (buckets === undefined) continue;
    if (buckets.take(hit.key, requestHits(limit), nowMs) || limit.isShadow) {
      taken.push(hit);
      continue;
    }
    giveTokensBack(taken);
    return [hit];
  }
  return [];
}

function giveTokensBack(hits: readonly Hit[]): void {
  for (const { prepared, key } of hits) prepared.buckets?.giveBack(key, requestHits(prepared.limit));
}

/** What metadata says is known only when an answer is there: until then a request counts as one. */
function requestHits({ requestCost }: RateLimit): number {
  return typeof requestCost === "number" ? requestCost : 1;
}

function takeOf({ prepared: { limit }, key }: Hit): Take {
  const { amount, unitMs, isShadow } = limit;
  return { key, amount, windowMs: unitMs, hits: requestHits(limit), isShadow };
}

function fits(takes: readonly Take[], used: readonly number[], index: number): boolean {
  const take = takes[index];
  return take === undefined || hasRoom(take, used[index] ?? 0);
}

function stateOf(
  { prepared: { limit, buckets }, key }: Hit,
  used: number | undefined,
  nowMs: number,
): LimitState {
  const { amount, unitMs } = limit;
  const waitMs =
    buckets === undefined
      ? windowEndMs(nowMs, unitMs) - nowMs
      : buckets.waitMs(key, Math.max(1, requestHits(limit)));
  const remaining = buckets === undefined ? amount - (used ?? 0) : Math.floor(buckets.tokens(key));
  return { amount, unitMs, remaining: Math.max(0, remaining), waitMs };
}

function costOf(
  cost: number | MetadataKey,
  costs: { readonly [metadataKey: string]: number } | undefined,
): number {
  if (typeof cost === "number") return cost;
  return cost.namespace === costNamespace ? (costs?.[cost.key] ?? 0) : 0;
}

const units: readonly (readonly [number, string])[] = [
  [1000, "second"],
  [60_000, "minute"],
  [3_600_000, "hour"],
  [86_400_000, "day"],
  [604_800_000, "week"],
  [2_592_000_000, "month"],
  [31_536_000_000, "year"],
];

function describe({ amount, unitMs, requestCost, answerCost }: RateLimit): string {
  const unit = units.find(([ms]) => ms === unitMs)?.[1] ?? `${unitMs} ms`;
  const isOfRequests = requestCost === 1 && answerCost === undefined;
  return `${amount}${isOfRequests ? (amount === 1 ? " request" : " requests") : ""} per ${unit}`;
}
