import type { LocalAnswer } from "../../endpoints/index.ts";
import type { FailureCode } from "../../model/failure.ts";
import type { GatewayModel } from "../../model/gateway.ts";
import type { Key } from "../../model/origin.ts";
import type { Rule } from "../../model/route.ts";
import type { Fault } from "../../model/traffic.ts";
import type { CounterStore } from "../../policy/limits/counter-store.ts";
import { Limiter, type PreparedLimit, prepareLimits, type Verdict } from "../../policy/limits/limiter.ts";
import { Quotas } from "../../policy/limits/quotas.ts";
import type { LimitFacts } from "../../policy/limits/selector.ts";
import { type PreparedOverride, prepareOverrides } from "../../policy/overrides.ts";
import { type CounterOptions, openCounters } from "./open-counters.ts";

/** What a rule does to requests and answers beside forwarding them. */
export interface RuleTraffic {
  readonly limits: readonly PreparedLimit[];
  readonly fault: Fault | undefined;
  readonly overrides: readonly PreparedOverride[];
  readonly maxBufferedBytes: number;
  /** Absent where none of its backends has any. */
  readonly quotas: RuleQuotas | undefined;
}

interface RuleQuotas {
  readonly quotas: Quotas;
  /** Those that take part. */
  readonly backends: readonly QuotaBackend[];
}

interface QuotaBackend {
  readonly position: number;
  readonly backendName: string;
  readonly modelOverride: string | undefined;
}

/** What is to be kept with a request that goes on. */
export interface Pass extends Verdict {
  /** Positions of references whose quota is spent. */
  readonly spent?: readonly number[];
}

/** Writes answers of the gateway's own in the client's shape. */
export interface Refusing {
  fail(code: FailureCode, message: string, status?: number): LocalAnswer;
}

/** Whether a request may go on. */
export type Admission = LocalAnswer | Pass | undefined;

/** Holds requests to what their rules say of them: the same code behind both engines. */
export class TrafficGuard {
  readonly #options: CounterOptions;
  #limiter: Limiter | undefined;
  #store: CounterStore | undefined;
  #limits: ReadonlyMap<Key, PreparedLimit> = new Map();

  constructor(options: CounterOptions) {
    this.#options = options;
  }

  /** By the keys of rules, those that have something of it. Counts go on from one load to the next. */
  prepare(model: GatewayModel): ReadonlyMap<Key, RuleTraffic> {
    this.#limits = prepareLimits(model.limits, this.#limits);
    const quotas = Object.values(model.quotas ?? {});
    const store = this.#limits.size + quotas.length > 0 ? this.#open() : undefined;
    const prepared = store && quotas.length > 0 ? new Quotas(quotas, store) : undefined;
    return new Map(
      Object.values(model.rules).flatMap((rule) => {
        const traffic = this.#prepareRule(rule, prepared && quotasOf(rule, model, prepared));
        return traffic === undefined ? [] : [[rule.key, traffic] as const];
      }),
    );
  }

  /** Whether a request whose body is there may go on; a promise only where somebody has to be waited for. */
  admit(
    traffic: RuleTraffic,
    exchange: Refusing,
    facts: LimitFacts,
    bodyBytes: number,
  ): Admission | Promise<Admission> {
    if (bodyBytes > traffic.maxBufferedBytes) {
      const limit = `${traffic.maxBufferedBytes} bytes that this route accepts`;
      return exchange.fail("request_too_large", `the request body is larger than the ${limit}`);
    }
    const { delayMs, status } = drawFault(traffic.fault, Math.random);
    const go = (): Admission | Promise<Admission> =>
      status === undefined
        ? this.#check(traffic, exchange, facts)
        : exchange.fail("fault", "a fault was injected", status);
    return delayMs === 0 ? go() : new Promise((resolve) => setTimeout(() => resolve(go()), delayMs));
  }

  close(): void {
    this.#store?.close();
    this.#store = undefined;
    this.#limiter = undefined;
  }

  #check(traffic: RuleTraffic, exchange: Refusing, facts: LimitFacts): Admission | Promise<Admission> {
    const { quotas } = traffic;
    if (quotas === undefined) return this.#checkLimits(traffic, exchange, facts);
    return this.#checkQuotas(quotas, traffic, exchange, facts);
  }

  /** Backends whose quota is spent get no requests; where all are, the request is refused. */
  async #checkQuotas(
    { quotas, backends }: RuleQuotas,
    traffic: RuleTraffic,
    exchange: Refusing,
    facts: LimitFacts,
  ): Promise<Admission> {
    const spent: number[] = [];
    for (const { position, backendName, modelOverride } of backends) {
      const quota = quotas.find(backendName, modelOverride ?? facts.model);
      if (quota !== undefined && !(await quotas.hasRoom(quota, facts))) spent.push(position);
    }
    if (spent.length > 0 && spent.length === backends.length)
      return exchange.fail("rate_limited", "the quota for this model is spent");
    const admission = await this.#checkLimits(traffic, exchange, facts);
    if (admission !== undefined && "status" in admission) return admission;
    return {
      headers: admission?.headers ?? [],
      spent,
      settle(outcome) {
        admission?.settle(outcome);
        if (outcome !== undefined) quotas.charge(outcome, facts);
      },
    };
  }

  #checkLimits(
    { limits }: RuleTraffic,
    exchange: Refusing,
    facts: LimitFacts,
  ): Admission | Promise<Admission> {
    if (limits.length === 0 || this.#limiter === undefined) return undefined;
    const verdict = this.#limiter.check(limits, facts);
    if (verdict instanceof Promise) return verdict.then((done) => refusalOf(done, exchange));
    return refusalOf(verdict, exchange);
  }

  #open(): CounterStore {
    if (this.#store === undefined) {
      this.#store = openCounters(this.#options);
      this.#limiter = new Limiter(this.#store);
    }
    return this.#store;
  }

  #prepareRule(
    { limits = [], fault, overrides = [], maxBufferedBytes }: Rule,
    quotas: RuleQuotas | undefined,
  ): RuleTraffic | undefined {
    const isPlain = limits.length + overrides.length === 0 && maxBufferedBytes === undefined;
    if (isPlain && fault === undefined && quotas === undefined) return undefined;
    return {
      limits: limits.flatMap((key) => this.#limits.get(key) ?? []),
      fault,
      overrides: prepareOverrides(overrides),
      maxBufferedBytes: maxBufferedBytes ?? Number.POSITIVE_INFINITY,
      quotas,
    };
  }
}

/** A rule's backends, if one of them has a quota for any model. */
function quotasOf({ action }: Rule, { aiBackends }: GatewayModel, quotas: Quotas): RuleQuotas | undefined {
  if (action.type !== "forward" || !action.isAi) return undefined;
  const backends = action.refs.flatMap(({ ai, weight }, position) => {
    const backend = ai === undefined || weight === 0 ? undefined : aiBackends[ai];
    if (backend === undefined) return [];
    return [{ position, backendName: backend.backendName, modelOverride: backend.modelOverride }];
  });
  return backends.some(({ backendName }) => quotas.isFor(backendName)) ? { quotas, backends } : undefined;
}

/** A request that is refused is told so in its own dialect, with when to come back. */
function refusalOf(verdict: Verdict | undefined, exchange: Refusing): Admission {
  if (verdict?.refusal === undefined) return verdict;
  const { message, retryAfterSeconds } = verdict.refusal;
  const answer = exchange.fail("rate_limited", message);
  const headers = [["retry-after", String(retryAfterSeconds)] as const, ...verdict.headers];
  return { ...answer, headers: [...answer.headers, ...headers] };
}

/** What a share of the requests has to bear. */
function drawFault(
  fault: Fault | undefined,
  random: () => number,
): { readonly delayMs: number; readonly status?: number } {
  if (fault === undefined) return { delayMs: 0 };
  const { delay, abort } = fault;
  const isHit = (percent: number) => random() * 100 < percent;
  return {
    delayMs: delay !== undefined && isHit(delay.percent) ? delay.ms : 0,
    ...(abort !== undefined && isHit(abort.percent) ? { status: abort.status } : {}),
  };
}
