import type { LocalAnswer } from "../../endpoints/index.ts";
import type { FailureCode } from "../../model/failure.ts";
import type { GatewayModel } from "../../model/gateway.ts";
import type { Key } from "../../model/origin.ts";
import type { Rule } from "../../model/route.ts";
import type { Fault } from "../../model/traffic.ts";
import { Limiter, type PreparedLimit, prepareLimits, type Verdict } from "../../policy/limits/limiter.ts";
import type { LimitFacts } from "../../policy/limits/selector.ts";
import { type PreparedOverride, prepareOverrides } from "../../policy/overrides.ts";
import { type CounterOptions, openCounters } from "./open-counters.ts";

/** What a rule does to requests and answers beside forwarding them. */
export interface RuleTraffic {
  readonly limits: readonly PreparedLimit[];
  readonly fault: Fault | undefined;
  readonly overrides: readonly PreparedOverride[];
  readonly maxBufferedBytes: number;
}

/** Writes answers of the gateway's own in the client's shape. */
export interface Refusing {
  fail(code: FailureCode, message: string, status?: number): LocalAnswer;
}

/** Whether a request may go on. */
export type Admission = LocalAnswer | Verdict | undefined;

/** Holds requests to what their rules say of them: the same code behind both engines. */
export class TrafficGuard {
  readonly #options: CounterOptions;
  #limiter: Limiter | undefined;
  #close: (() => void) | undefined;
  #limits: ReadonlyMap<Key, PreparedLimit> = new Map();

  constructor(options: CounterOptions) {
    this.#options = options;
  }

  /** By the keys of rules, those that have something of it. Counts go on from one load to the next. */
  prepare(model: GatewayModel): ReadonlyMap<Key, RuleTraffic> {
    this.#limits = prepareLimits(model.limits, this.#limits);
    if (this.#limits.size > 0) this.#open();
    return new Map(
      Object.values(model.rules).flatMap((rule) => {
        const traffic = this.#prepareRule(rule);
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
    this.#close?.();
    this.#close = undefined;
    this.#limiter = undefined;
  }

  #check({ limits }: RuleTraffic, exchange: Refusing, facts: LimitFacts): Admission | Promise<Admission> {
    if (limits.length === 0 || this.#limiter === undefined) return undefined;
    const verdict = this.#limiter.check(limits, facts);
    if (verdict instanceof Promise) return verdict.then((done) => refusalOf(done, exchange));
    return refusalOf(verdict, exchange);
  }

  #open(): void {
    if (this.#limiter !== undefined) return;
    const store = openCounters(this.#options);
    this.#close = () => store.close();
    this.#limiter = new Limiter(store);
  }

  #prepareRule({ limits = [], fault, overrides = [], maxBufferedBytes }: Rule): RuleTraffic | undefined {
    const isPlain = limits.length + overrides.length === 0 && maxBufferedBytes === undefined;
    if (isPlain && fault === undefined) return undefined;
    return {
      limits: limits.flatMap((key) => this.#limits.get(key) ?? []),
      fault,
      overrides: prepareOverrides(overrides),
      maxBufferedBytes: maxBufferedBytes ?? Number.POSITIVE_INFINITY,
    };
  }
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
