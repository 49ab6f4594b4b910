import type { BackendRef } from "../../model/route.ts";
import type { Balance, UpstreamPolicy } from "../../model/traffic.ts";
import type { TryResult } from "../retry.ts";
import { CircuitBreaker } from "./breaker.ts";
import { hostByHash } from "./hash.ts";
import type { Host } from "./host.ts";
import { OutlierDetector } from "./outlier.ts";

/** What a choice needs of a reference, and the position by which the rule of a later load finds its own. */
export interface Ref extends Pick<BackendRef, "weight" | "priority" | "broken"> {
  readonly position: number;
}

/** A reference with its endpoints. */
export interface Group<E> {
  readonly ref: Ref;
  readonly hosts: readonly Host<E>[];
}

interface Level<E> {
  readonly priority: number;
  readonly groups: readonly Group<E>[];
}

/** `host` is absent where the reference is broken or nothing of it may be used. */
export interface Choice<E> {
  readonly ref: Ref;
  readonly host?: Host<E>;
}

/** A level takes all until its healthy share falls below 1 / 1.4; Envoy's over-provisioning. */
const overProvision = 1.4;
const defaultPanicPercent = 50;

/** What a request has tried, and which references are no use to it. Most requests have neither. */
export class Tries<E> {
  count = 0;
  hosts: Set<Host<E>> | undefined;
  /** Positions. */
  useless: Set<number> | undefined;
  /** Priorities that have had their turn. */
  spent: Set<number> | undefined;
  #priorities: number[] | undefined;

  add({ ref, host }: Choice<E>): void {
    this.count += 1;
    this.hosts ??= new Set();
    if (host !== undefined) this.hosts.add(host);
    this.#priorities ??= [];
    this.#priorities.push(ref.priority);
  }

  leaveOut(position: number): void {
    this.useless ??= new Set();
    this.useless.add(position);
  }

  /** After every so many tries the priorities they went to are spent. */
  spend(attemptsPerPriority: number): void {
    const priorities = this.#priorities;
    if (priorities === undefined || priorities.length % attemptsPerPriority !== 0) return;
    this.spent ??= new Set();
    for (const priority of priorities) this.spent.add(priority);
  }

  /** All have had their turn: the first is next. */
  startOver(): void {
    this.spent = undefined;
    this.#priorities = undefined;
  }
}

export interface ChooseOptions {
  readonly attemptsPerPriority?: number | undefined;
  /** In [0, 1). */
  random(): number;
  /** What keeps requests together that belong together, where the balance is by hash. */
  readonly hash?: string | undefined;
}

/**
 * The backends of one rule at run time: who is well, who is busy, and whose turn it is.
 *
 * - Only weights above 0 take part. Among the best, a broken reference is drawn by its weight, and only at first.
 * - The lowest priority takes all while enough of it is healthy, then the next ones take the rest.
 * - Among references the weight decides, and how much of each is healthy; among endpoints the balance.
 * - A retry avoids what was tried, while there is something else.
 */
export class Cluster<E> {
  readonly breaker: CircuitBreaker | undefined;
  readonly hosts: readonly Host<E>[];
  readonly #levels: readonly Level<E>[];
  readonly #balance: Balance;
  readonly #panicPercent: number;
  readonly #outlier: OutlierDetector<E> | undefined;
  readonly #turns = new Map<number, number>();
  /** The only choice there is. */
  readonly #only: Choice<E> | undefined;

  constructor(groups: readonly Group<E>[], policy: UpstreamPolicy | undefined, now: number) {
    const live = groups.filter(({ ref }) => ref.weight > 0);
    const priorities = [...new Set(live.map(({ ref }) => ref.priority))].sort((a, b) => a - b);
    this.#levels = priorities.map((priority) => ({
      priority,
      groups: live.filter(({ ref }) => ref.priority === priority),
    }));
    this.#balance = policy?.balance ?? { type: "least-request" };
    this.#panicPercent = policy?.panicPercent ?? defaultPanicPercent;
    const hosts = live.flatMap((group) => group.hosts);
    this.hosts = hosts;
    this.#outlier =
      policy?.outlier === undefined ? undefined : new OutlierDetector(policy.outlier, hosts, now);
    this.breaker = policy?.breaker === undefined ? undefined : new CircuitBreaker(policy.breaker);
    const [first] = live;
    const isPlain = policy?.outlier === undefined && policy?.activeHealth === undefined;
    if (first !== undefined && live.length === 1 && hosts.length <= 1 && isPlain)
      this.#only = { ref: first.ref, ...(hosts[0] === undefined ? {} : { host: hosts[0] }) };
  }

  choose(tries: Tries<E>, options: ChooseOptions, now: number): Choice<E> | undefined {
    if (this.#only !== undefined) return tries.useless?.has(this.#only.ref.position) ? undefined : this.#only;
    this.#outlier?.sweep(now);
    if (options.attemptsPerPriority !== undefined) tries.spend(options.attemptsPerPriority);
    const levels = this.#usable(tries);
    const [best] = levels;
    if (best === undefined) return undefined;
    const broken = tries.count === 0 ? drawBroken(best.groups, options) : undefined;
    if (broken !== undefined) return { ref: broken };
    return this.#pick(this.#level(levels, tries, options.random()), tries, options);
  }

  report({ host }: Choice<E>, result: TryResult, now: number): void {
    if (host !== undefined) this.#outlier?.report(host, result, now);
  }

  /** Levels without what is no use to this request. */
  #usable({ useless }: Tries<E>): readonly Level<E>[] {
    if (useless === undefined) return this.#levels;
    return this.#levels
      .map(({ priority, groups }) => ({
        priority,
        groups: groups.filter(({ ref }) => !useless.has(ref.position)),
      }))
      .filter(({ groups }) => groups.length > 0);
  }

  #level(levels: readonly Level<E>[], tries: Tries<E>, random: number): Picked<E> {
    const [first] = levels as readonly [Level<E>, ...Level<E>[]];
    let open = levels.filter(({ priority }) => tries.spent?.has(priority) !== true);
    let availabilities = open.map(availability);
    if (tries.spent !== undefined && availabilities.every((percent) => percent === 0)) {
      tries.startOver();
      open = levels.slice();
      availabilities = open.map(availability);
    }
    const total = Math.min(
      100,
      availabilities.reduce((sum, percent) => sum + percent, 0),
    );
    // Nobody is well: the first takes it as it is.
    if (total === 0) return { level: first, isPanicking: true };
    let rest = random * total;
    for (const [index, level] of open.entries()) {
      rest -= availabilities[index] ?? 0;
      if (rest < 0) return { level, isPanicking: total < 100 && healthyPercent(level) < this.#panicPercent };
    }
    return { level: open.at(-1) ?? first, isPanicking: false };
  }

  #pick({ level, isPanicking }: Picked<E>, tries: Tries<E>, options: ChooseOptions) {
    const ignoresHealth = isPanicking && this.#panicPercent > 0;
    const fits = (host: Host<E>) => ignoresHealth || host.isHealthy;
    const all = level.groups.map((group) => narrow(group, fits, ignoresHealth));
    const { hosts: tried } = tries;
    const fresh =
      tried === undefined
        ? all
        : all.map((share) => ({ ...share, hosts: share.hosts.filter((host) => !tried.has(host)) }));
    const shares = (fresh.some(({ hosts }) => hosts.length > 0) ? fresh : all).filter(
      ({ hosts }) => hosts.length > 0,
    );
    const [one] = level.groups;
    if (shares.length === 0) return one === undefined ? undefined : { ref: one.ref };
    if (this.#balance.type === "hash" && options.hash !== undefined) return byHash(options.hash, shares);
    const share = byWeight(shares, options.random());
    return { ref: share.ref, host: this.#host(share, options) };
  }

  #host({ ref, hosts }: Share<E>, { random }: ChooseOptions): Host<E> {
    const [first] = hosts as [Host<E>, ...Host<E>[]];
    if (hosts.length === 1) return first;
    const any = () => hosts[Math.floor(random() * hosts.length)] ?? first;
    if (this.#balance.type === "round-robin") {
      const turn = this.#turns.get(ref.position) ?? 0;
      this.#turns.set(ref.position, turn + 1);
      return hosts[turn % hosts.length] ?? first;
    }
    const one = any();
    if (this.#balance.type !== "least-request") return one;
    // The less busy of two: nearly as good as the least busy of all, and nobody is run over.
    const other = any();
    return other.active < one.active ? other : one;
  }
}

interface Picked<E> {
  readonly level: Level<E>;
  readonly isPanicking: boolean;
}

interface Share<E> {
  readonly ref: Ref;
  readonly weight: number;
  /** A host's part of the weight that the reference has when all are healthy. */
  readonly hostWeight: number;
  readonly hosts: readonly Host<E>[];
}

/** A reference counts by its weight as far as it is healthy. */
function narrow<E>(
  { ref, hosts }: Group<E>,
  fits: (host: Host<E>) => boolean,
  ignoresHealth: boolean,
): Share<E> {
  const fitting = hosts.filter(fits);
  const part = ignoresHealth ? 1 : Math.min(1, (overProvision * fitting.length) / hosts.length);
  return { ref, weight: ref.weight * part, hostWeight: ref.weight / hosts.length, hosts: fitting };
}

function healthyPercent<E>({ groups }: Level<E>): number {
  let all = 0;
  let healthy = 0;
  for (const { hosts } of groups) {
    for (const host of hosts) {
      all += 1;
      if (host.isHealthy) healthy += 1;
    }
  }
  return all === 0 ? 0 : (100 * healthy) / all;
}

function availability<E>(level: Level<E>): number {
  return Math.min(100, Math.floor(overProvision * healthyPercent(level)));
}

function drawBroken<E>(groups: readonly Group<E>[], { random }: ChooseOptions): Ref | undefined {
  if (!groups.some(({ ref }) => ref.broken !== undefined)) return undefined;
  const drawn = byWeight(
    groups.map(({ ref }) => ({ ref, weight: ref.weight })),
    random(),
  );
  return drawn.ref.broken === undefined ? undefined : drawn.ref;
}

function byHash<E>(text: string, shares: readonly Share<E>[]): Choice<E> | undefined {
  const hosts = shares.flatMap((share) =>
    share.hosts.map((host) => ({ host, weight: share.hostWeight, ref: share.ref })),
  );
  const host = hostByHash(text, hosts);
  const found = hosts.find((one) => one.host === host);
  return found === undefined ? undefined : { ref: found.ref, host: found.host };
}

function byWeight<T extends { readonly weight: number }>(items: readonly T[], random: number): T {
  let rest = random * items.reduce((sum, { weight }) => sum + weight, 0);
  for (const item of items) {
    rest -= item.weight;
    if (rest < 0) return item;
  }
  return items.at(-1) as T;
}
