import { describe, expect, test } from "bun:test";
import type { UpstreamPolicy } from "../../model/traffic.ts";
import type { TryResult } from "../retry.ts";
import { Cluster, type Group, Tries } from "./cluster.ts";
import { Host } from "./host.ts";

interface Shape {
  readonly weight?: number;
  readonly priority?: number;
  readonly hosts?: number;
  readonly isBroken?: boolean;
}

function groups(...shapes: readonly Shape[]): Group<string>[] {
  return shapes.map(({ weight = 1, priority = 0, hosts = 1, isBroken = false }, position) => ({
    ref: {
      position,
      weight,
      priority,
      ...(isBroken ? { broken: { status: 500 as const, reason: "" } } : {}),
    },
    hosts: isBroken
      ? []
      : Array.from({ length: hosts }, (_, index) => new Host(`${position}.${index}`, `${position}.${index}`)),
  }));
}

const make = (shapes: readonly Shape[], policy: Partial<UpstreamPolicy> = {}) =>
  new Cluster(groups(...shapes), { at: 0, ...policy }, 0);

/** Positions of the references that evenly spread random numbers choose. */
function spread(cluster: Cluster<string>, tries = new Tries<string>(), count = 100): Record<string, number> {
  const found: Record<string, number> = {};
  for (let index = 0; index < count; index += 1) {
    const choice = cluster.choose(tries, { random: () => index / count }, 0);
    const key = choice === undefined ? "none" : String(choice.ref.position);
    found[key] = (found[key] ?? 0) + 1;
  }
  return found;
}

const firstOf = (cluster: Cluster<string>, tries: Tries<string>, attemptsPerPriority?: number) =>
  cluster.choose(tries, { random: () => 0, attemptsPerPriority }, 0);

describe("weights", () => {
  test("decide the shares, and 0 is never chosen", () => {
    expect(spread(make([{ weight: 1 }, { weight: 3 }, { weight: 0 }]))).toEqual({ 0: 25, 1: 75 });
    expect(spread(make([{ weight: 0 }]))).toEqual({ none: 100 });
  });

  test("of a broken reference hold at first, and no retry goes there", () => {
    const cluster = make([{ weight: 1, isBroken: true }, { weight: 3 }]);
    expect(spread(cluster)).toEqual({ 0: 25, 1: 75 });
    const tries = new Tries<string>();
    tries.count = 1;
    expect(spread(cluster, tries)).toEqual({ 1: 100 });
  });

  test("count as far as a reference is healthy", () => {
    const cluster = make([{ hosts: 4 }, { hosts: 4 }], { outlier });
    for (const host of cluster.hosts.slice(0, 2)) host.isFailing = true;
    // Half of 1.4 is 0.7 against 1.
    expect(spread(cluster)).toEqual({ 0: 42, 1: 58 });
  });
});

const outlier = {
  intervalMs: 1000,
  ejectionMs: 5000,
  consecutive5xx: 2,
  consecutiveLocal: 5,
  splitsLocal: false,
  maxPercent: 100,
  alwaysOne: false,
};

describe("priorities", () => {
  test("the lowest takes all", () => {
    expect(spread(make([{ priority: 1 }, {}]))).toEqual({ 1: 100 });
  });

  test("the next takes what the first cannot, once less than 1 / 1.4 of it is healthy", () => {
    const cluster = make([{ hosts: 10 }, { priority: 1 }], { outlier });
    for (const host of cluster.hosts.slice(0, 2)) host.isFailing = true;
    expect(spread(cluster)).toEqual({ 0: 100 });
    for (const host of cluster.hosts.slice(0, 5)) host.isFailing = true;
    expect(spread(cluster)).toEqual({ 0: 70, 1: 30 });
    for (const host of cluster.hosts.slice(0, 10)) host.isFailing = true;
    expect(spread(cluster)).toEqual({ 1: 100 });
  });

  test("with attemptsPerPriority each has its turn, and after the last the first again", () => {
    const cluster = make([{}, { priority: 1 }, { priority: 2 }]);
    const tries = new Tries<string>();
    const order = Array.from({ length: 7 }, () => {
      const choice = firstOf(cluster, tries, 1);
      if (choice !== undefined) tries.add(choice);
      return choice?.ref.position;
    });
    expect(order).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  test("with two attempts for each, retries stay that long", () => {
    const cluster = make([{ hosts: 2 }, { priority: 1, hosts: 2 }]);
    const tries = new Tries<string>();
    const order = Array.from({ length: 4 }, () => {
      const choice = firstOf(cluster, tries, 2);
      if (choice !== undefined) tries.add(choice);
      return choice?.ref.position;
    });
    expect(order).toEqual([0, 0, 1, 1]);
  });

  test("without it a retry stays with the first", () => {
    const cluster = make([{}, { priority: 1 }]);
    const tries = new Tries<string>();
    for (let count = 0; count < 3; count += 1) {
      const choice = firstOf(cluster, tries);
      expect(choice?.ref.position).toBe(0);
      if (choice !== undefined) tries.add(choice);
    }
  });
});

describe("retries", () => {
  test("avoid what was tried while there is something else", () => {
    const cluster = make([{}, {}]);
    const tries = new Tries<string>();
    const first = firstOf(cluster, tries);
    if (first !== undefined) tries.add(first);
    expect(spread(cluster, tries)).toEqual({ 1: 100 });
    for (const host of cluster.hosts) tries.hosts?.add(host);
    expect(spread(cluster, tries)).toEqual({ 0: 50, 1: 50 });
  });

  test("a reference that is no use is as good as not there", () => {
    const cluster = make([{}, {}, { priority: 1 }]);
    const tries = new Tries<string>();
    tries.leaveOut(0);
    expect(spread(cluster, tries)).toEqual({ 1: 100 });
    tries.leaveOut(1);
    expect(spread(cluster, tries)).toEqual({ 2: 100 });
    tries.leaveOut(2);
    expect(spread(cluster, tries)).toEqual({ none: 100 });
  });
});

describe("health", () => {
  const sick = (cluster: Cluster<string>, count: number) => {
    for (const host of cluster.hosts.slice(0, count)) host.isFailing = true;
    return cluster;
  };

  test("below the panic threshold is not looked at", () => {
    expect(spread(sick(make([{}, {}, {}], { outlier }), 1))).toEqual({ 1: 50, 2: 50 });
    expect(spread(sick(make([{}, {}, {}], { outlier }), 2))).toEqual({ 0: 34, 1: 33, 2: 33 });
  });

  test("is always looked at with a threshold of 0, and then nobody may be left", () => {
    expect(spread(sick(make([{}, {}, {}], { outlier, panicPercent: 0 }), 2))).toEqual({ 2: 100 });
    const none = sick(make([{}, {}, {}], { outlier, panicPercent: 0 }), 3).choose(
      new Tries(),
      { random: () => 0 },
      0,
    );
    expect(none?.host).toBeUndefined();
  });
});

describe("outlier detection", () => {
  const failed: TryResult = { type: "status", status: 500 };
  const good: TryResult = { type: "status", status: 200 };

  function run(
    policy: Partial<typeof outlier>,
    hosts: number,
    results: readonly TryResult[],
  ): Cluster<string> {
    const cluster = make([{ hosts }], { outlier: { ...outlier, ...policy }, panicPercent: 0 });
    const [host] = cluster.hosts;
    for (const result of results)
      cluster.report({ ref: { position: 0, weight: 1, priority: 0 }, ...(host && { host }) }, result, 0);
    return cluster;
  }
  const ejected = (cluster: Cluster<string>) => cluster.hosts.filter(({ isEjected }) => isEjected).length;

  const cases: readonly [string, Partial<typeof outlier> & object, number, readonly TryResult[], number][] = [
    ["so many failures in a row eject", {}, 2, [failed, failed], 1],
    ["one success in between does not", {}, 2, [failed, good, failed], 0],
    ["429 is no failure", {}, 2, Array<TryResult>(3).fill({ type: "status", status: 429 }), 0],
    ["a connection refused counts as one", {}, 2, [{ type: "connect-failure" }, { type: "timeout" }], 1],
    [
      "apart from others, those have a limit of their own",
      { splitsLocal: true },
      2,
      [{ type: "connect-failure" }, { type: "connect-failure" }],
      0,
    ],
    ["no more than maxPercent are ejected", { maxPercent: 10 }, 2, [failed, failed], 0],
    ["but one is with alwaysOne", { maxPercent: 10, alwaysOne: true }, 2, [failed, failed], 1],
    ["a threshold of 0 ejects nobody", { consecutive5xx: 0 }, 2, [failed, failed, failed], 0],
  ];
  test.each(cases)("%s", (_, policy, hosts, results, want) => {
    expect(ejected(run(policy, hosts, results))).toBe(want);
  });

  test("takes a host back at the interval after its time, and the next time later", () => {
    const cluster = run({}, 2, [failed, failed]);
    const [host] = cluster.hosts;
    const at = (ms: number) => {
      cluster.choose(new Tries(), { random: () => 0 }, ms);
      return ejected(cluster);
    };
    expect([at(4999), at(5000)]).toEqual([1, 0]);
    for (const time of [5001, 5002])
      cluster.report({ ref: { position: 0, weight: 1, priority: 0 }, ...(host && { host }) }, failed, time);
    expect([at(5900), at(14_900), at(15_001), at(16_000)]).toEqual([1, 1, 1, 0]);
  });
});

describe("balance", () => {
  const hostsOf = (cluster: Cluster<string>, count: number, random: () => number) =>
    Array.from({ length: count }, () => cluster.choose(new Tries(), { random }, 0)?.host?.endpoint);

  test("round robin takes turns", () => {
    const cluster = make([{ hosts: 3 }], { balance: { type: "round-robin" } });
    expect(hostsOf(cluster, 4, () => 0)).toEqual(["0.0", "0.1", "0.2", "0.0"]);
  });

  test("least request takes the less busy of two", () => {
    const cluster = make([{ hosts: 2 }]);
    const [first] = cluster.hosts;
    if (first !== undefined) first.active = 5;
    let turn = 0;
    const random = () => [0, 0, 0, 0.9][turn++ % 4] ?? 0;
    expect(hostsOf(cluster, 2, random)).toEqual(["0.1", "0.1"]);
  });

  test("by hash the same text goes to the same host, and only its own move when one is gone", () => {
    const balance = { type: "hash", by: [{ type: "ip" }], tableSize: 65_537 } as const;
    const cluster = make([{ hosts: 5, weight: 3 }, { hosts: 1 }], { balance, outlier });
    const pick = (hash: string) =>
      cluster.choose(new Tries(), { random: () => 0.5, hash }, 0)?.host?.endpoint ?? "";
    const texts = Array.from({ length: 2000 }, (_, index) => `client ${index}`);
    const before = texts.map(pick);
    expect(texts.map(pick)).toEqual(before);
    const alone = before.filter((name) => name === "1.0").length;
    expect(Math.abs(alone - 500)).toBeLessThan(100);
    const [gone] = cluster.hosts;
    if (gone !== undefined) gone.isFailing = true;
    const after = texts.map(pick);
    for (const [index, name] of before.entries()) if (name !== "0.0") expect(after[index]).toBe(name);
    expect(after).not.toContain("0.0");
  });
});
