import { describe, expect, test } from "bun:test";
import type { LimitSelector, RateLimit } from "../../model/traffic.ts";
import type { Verdict } from "./limiter.ts";
import { Limiter, prepareLimits } from "./limiter.ts";
import { type Ledger, MemoryStore } from "./memory-store.ts";

const hourMs = 3_600_000;
const facts = (user?: string) => ({
  method: "POST",
  path: "/",
  headers: new Headers(user === undefined ? {} : { "x-user": user }),
  model: "m",
  remoteAddress: () => undefined,
});
const perUser: LimitSelector = {
  headers: [],
  distinctHeaders: ["x-user"],
  isCidrDistinct: false,
  methods: [],
  query: [],
  distinctQuery: [],
};

function limit(more: Partial<RateLimit> = {}): RateLimit {
  return {
    key: "l",
    print: JSON.stringify(more),
    at: 0,
    algorithm: "window",
    amount: 2,
    unitMs: hourMs,
    isShadow: false,
    selectors: [],
    requestCost: 1,
    ...more,
  };
}

/** A limiter with limits and a clock that the test moves. */
function setup(...limits: readonly RateLimit[]) {
  const clock = { ms: 10 * hourMs };
  const limiter = new Limiter(new MemoryStore(), () => clock.ms);
  const prepared = [
    ...prepareLimits(Object.fromEntries(limits.map((one) => [one.key, one])), new Map()).values(),
  ];
  const ask = (user?: string): Verdict | undefined => {
    const verdict = limiter.check(prepared, facts(user));
    if (verdict instanceof Promise) throw new Error("memory does not keep one waiting");
    return verdict;
  };
  const isIn = (user?: string) => ask(user)?.refusal === undefined;
  return { clock, ask, isIn };
}

describe("windows", () => {
  test("end on the hour, whenever they were begun", () => {
    const { clock, isIn } = setup(limit());
    clock.ms += hourMs - 1000;
    expect([isIn(), isIn(), isIn()]).toEqual([true, true, false]);
    clock.ms += 1000;
    expect(isIn()).toBe(true);
  });

  test("say how long to wait, and what is left", () => {
    const { clock, ask } = setup(limit());
    clock.ms += hourMs - 1500;
    expect(Object.fromEntries(ask()?.headers ?? [])).toEqual({
      "x-ratelimit-limit": "2, 2;w=3600",
      "x-ratelimit-remaining": "1",
      "x-ratelimit-reset": "2",
    });
    ask();
    expect(ask()?.refusal).toEqual({
      retryAfterSeconds: 2,
      message: "rate limit reached: 2 requests per hour; try again in 2 s",
    });
  });

  test("what is refused by one limit counts for none", () => {
    const { isIn } = setup(
      limit({ key: "all", amount: 3 }),
      limit({ key: "user", amount: 1, selectors: [perUser] }),
    );
    expect([isIn("a"), isIn("a"), isIn("a"), isIn("b"), isIn("c"), isIn("d")]).toEqual([
      true,
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  test("of several selectors one counts, the first that fits", () => {
    const { isIn } = setup(limit({ amount: 1, selectors: [perUser, perUser] }));
    expect([isIn("a"), isIn("a"), isIn()]).toEqual([true, false, true]);
  });
});

describe("costs of answers", () => {
  const tokens = {
    requestCost: 0,
    amount: 100,
    answerCost: { namespace: "io.envoy.ai_gateway", key: "total" },
  };

  test("count when they are known, past the limit if need be; at the limit itself one more is let in", () => {
    const { ask, isIn } = setup(limit(tokens));
    ask()?.settle({ costs: { total: 100 } });
    const last = ask();
    expect(last?.refusal).toBeUndefined();
    last?.settle({ costs: { total: 50 } });
    expect(isIn()).toBe(false);
  });

  test("that are not known are nothing", () => {
    const { ask, isIn } = setup(limit(tokens));
    ask()?.settle(undefined);
    ask()?.settle({ costs: { other: 1000 } });
    expect(isIn()).toBe(true);
  });

  test("count in the window in which they become known", () => {
    const { clock, ask, isIn } = setup(limit(tokens));
    const first = ask();
    clock.ms += hourMs;
    first?.settle({ costs: { total: 101 } });
    expect(isIn()).toBe(false);
  });
});

describe("buckets", () => {
  const bucket = { algorithm: "bucket", unitMs: 1000 } as const;

  test("are refilled evenly", () => {
    const { clock, isIn } = setup(limit(bucket));
    expect([isIn(), isIn(), isIn()]).toEqual([true, true, false]);
    clock.ms += 499;
    expect(isIn()).toBe(false);
    clock.ms += 1;
    expect([isIn(), isIn()]).toEqual([true, false]);
  });

  test("give back what a request took that a window refuses", () => {
    const { isIn } = setup(
      limit({ ...bucket, key: "bucket", amount: 3, unitMs: hourMs }),
      limit({ key: "window", amount: 1, selectors: [perUser] }),
    );
    expect([isIn("a"), isIn("a"), isIn("a"), isIn("b"), isIn("c"), isIn("d")]).toEqual([
      true,
      false,
      false,
      true,
      true,
      false,
    ]);
  });
});

test("nobody is kept from anything in shadow mode", () => {
  const { isIn } = setup(limit({ isShadow: true, amount: 0 }));
  expect(isIn()).toBe(true);
});

test("a limit that stays what it is keeps its buckets from one load to the next, a changed one does not", () => {
  const bucket = limit({ algorithm: "bucket" });
  const before = prepareLimits({ l: bucket }, new Map());
  expect(prepareLimits({ l: bucket }, before).get("l")?.buckets).toBe(before.get("l")?.buckets as never);
  const changed = { ...bucket, print: "other", amount: 3 };
  expect(prepareLimits({ l: changed }, before).get("l")?.buckets).not.toBe(before.get("l")?.buckets as never);
});

describe("a ledger", () => {
  class FakeLedger implements Ledger {
    readonly counts = new Map<string, number>();
    read(key: string, endMs: number): number {
      return this.counts.get(`${key} ${endMs}`) ?? 0;
    }
    add(key: string, endMs: number, hits: number): number {
      const used = this.read(key, endMs) + hits;
      this.counts.set(`${key} ${endMs}`, used);
      return used;
    }
    close(): void {}
  }
  const take = { key: "k", amount: 3, windowMs: hourMs, hits: 1, isShadow: false };

  test("knows what was counted before, by this process or another", () => {
    const ledger = new FakeLedger();
    const one = new MemoryStore(ledger);
    const other = new MemoryStore(ledger);
    expect([one.take([take], 0).isAllowed, other.take([take], 0).isAllowed]).toEqual([true, true]);
    expect([one.take([take], 0).used, new MemoryStore(ledger).take([take], 0).used]).toEqual([[3], [3]]);
    expect(other.take([take], hourMs).used).toEqual([1]);
  });

  test("is not asked about seconds", () => {
    const ledger = new FakeLedger();
    new MemoryStore(ledger).take([{ ...take, windowMs: 1000 }], 0);
    expect(ledger.counts.size).toBe(0);
  });
});

test("counts whose window is over are forgotten", () => {
  const store = new MemoryStore();
  const before = process.memoryUsage().heapUsed;
  for (let second = 0; second < 400; second += 1) {
    for (let user = 0; user < 500; user += 1)
      store.take(
        [{ key: `user ${second} ${user}`, amount: 1, windowMs: 1000, hits: 1, isShadow: false }],
        second * 1000,
      );
  }
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
});
