import { describe, expect, test } from "bun:test";
import { Fresh, type Obtained } from "./fresh.ts";
import { TestWorld } from "./testing.ts";

interface Token {
  readonly token: string;
}

/** A source that is told what to do, and counts how often it is asked. */
class Source {
  readonly world: TestWorld;
  readonly fresh: Fresh<Token>;
  calls = 0;
  lifeMs: number | undefined = 3_600_000;
  failure: string | undefined;
  #gate: Promise<void> = Promise.resolve();

  constructor(random = 0) {
    this.world = new TestWorld({}, random);
    this.fresh = new Fresh("default/p", () => this.#obtain(), this.world);
  }

  /** Holds answers back until the function that is returned is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return resolve;
  }

  async token(): Promise<string> {
    return (await this.fresh.get()).token;
  }

  /** What `get` gives without waiting. */
  atOnce(): string | undefined {
    const value = this.fresh.get();
    if (!(value instanceof Promise)) return value.token;
    value.catch(() => {});
    return undefined;
  }

  async #obtain(): Promise<Obtained<Token>> {
    this.calls += 1;
    const token = `t${this.calls}`;
    await this.#gate;
    if (this.failure !== undefined) throw new Error(this.failure);
    const expiresAtMs = this.lifeMs === undefined ? undefined : this.world.now + this.lifeMs;
    return { value: { token }, expiresAtMs, source: "the fake" };
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("Fresh", () => {
  test("asks its source when it is first asked, and once for all who ask", async () => {
    const source = new Source();
    expect(source.calls).toBe(0);
    expect(await Promise.all([source.token(), source.token(), source.token()])).toEqual(["t1", "t1", "t1"]);
    expect(source.calls).toBe(1);
    expect(source.atOnce()).toBe("t1");
    expect(source.world.lines).toEqual(["default/p from the fake until 2026-01-02T04:04:05.000Z"]);
  });

  test("keeps what does not expire", async () => {
    const source = new Source();
    source.lifeMs = undefined;
    await source.token();
    source.world.now += 10 ** 12;
    expect(source.atOnce()).toBe("t1");
  });

  const leads = [
    { name: "five minutes before the end of an hour", lifeMs: 3_600_000, random: 0, leadMs: 300_000 },
    { name: "up to a quarter earlier, by chance", lifeMs: 3_600_000, random: 0.8, leadMs: 360_000 },
    { name: "a fifth before the end of a minute", lifeMs: 60_000, random: 0, leadMs: 12_000 },
  ];
  test.each(leads)("refreshes $name, and the old one serves until the new one is there", async (given) => {
    const source = new Source(given.random);
    source.lifeMs = given.lifeMs;
    await source.token();
    source.world.now += given.lifeMs - given.leadMs - 1;
    expect(source.atOnce()).toBe("t1");
    expect(source.calls).toBe(1);
    const release = source.hold();
    source.world.now += 1;
    expect([source.atOnce(), source.atOnce()]).toEqual(["t1", "t1"]);
    expect(source.calls).toBe(2);
    release();
    await settle();
    expect(source.atOnce()).toBe("t2");
  });

  test("lets the old one serve to its end while the source fails, and asks less and less often", async () => {
    const source = new Source();
    await source.token();
    source.failure = "down";
    source.world.now += 3_300_000;
    for (let seconds = 0; seconds < 299; seconds += 1) {
      expect(source.atOnce()).toBe("t1");
      await settle();
      source.world.now += 1000;
    }
    expect(source.calls).toBeLessThan(20);
    source.world.now += 1000;
    await expect(source.token()).rejects.toThrow("down");
    const { calls } = source;
    await expect(source.token()).rejects.toThrow("down");
    expect(source.calls).toBe(calls);
    source.failure = undefined;
    source.world.now += 61_000;
    expect(await source.token()).toBe(`t${calls + 1}`);
  });

  test("refuses at once for a moment after a failure, then asks again", async () => {
    const source = new Source();
    source.failure = "down";
    await expect(source.token()).rejects.toThrow("down");
    await expect(source.token()).rejects.toThrow("down");
    expect(source.calls).toBe(1);
    source.world.now += 200;
    source.failure = undefined;
    expect(await source.token()).toBe("t2");
    expect(source.world.lines[0]).toBe("default/p failed: down");
  });

  test("waits for the next one where the last has expired", async () => {
    const source = new Source();
    await source.token();
    source.world.now += 3_600_000;
    expect(source.atOnce()).toBeUndefined();
    expect(await source.token()).toBe("t2");
  });

  test("takes nothing that has expired already", async () => {
    const source = new Source();
    source.lifeMs = 0;
    await expect(source.token()).rejects.toThrow("has expired already");
  });

  test("has a token that was refused fetched anew, once for all who were refused", async () => {
    const source = new Source();
    const refused = await source.fresh.get();
    expect(source.fresh.refuse(refused)).toBe(true);
    expect(source.fresh.refuse(refused)).toBe(true);
    expect(await Promise.all([source.token(), source.token()])).toEqual(["t2", "t2"]);
    expect(source.fresh.refuse(refused)).toBe(true);
    expect(source.atOnce()).toBe("t2");
    expect(source.calls).toBe(2);
  });

  test("does not go on asking where the new one is refused as well", async () => {
    const source = new Source();
    expect(source.fresh.refuse(await source.fresh.get())).toBe(true);
    const second = await source.fresh.get();
    expect(source.fresh.refuse(second)).toBe(false);
    expect(source.atOnce()).toBe("t2");
    source.world.now += 30_000;
    expect(source.fresh.refuse(second)).toBe(true);
    expect(await source.token()).toBe("t3");
  });

  test("goes on with a refused token where no other can be had", async () => {
    const source = new Source();
    const refused = await source.fresh.get();
    source.failure = "down";
    expect(source.fresh.refuse(refused)).toBe(true);
    expect(await source.token()).toBe("t1");
    expect(source.atOnce()).toBe("t1");
  });
});
