import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";

/** IP addresses by host name. A name that cannot be looked up has none. */
export type Addresses = ReadonlyMap<string, readonly string[]>;

export interface NameWatchOptions {
  /** Some names have other addresses now. */
  onChange(): void;
  readonly intervalMs?: number;
  readonly lookUp?: (name: string) => Promise<readonly string[]>;
}

const defaultIntervalMs = 30_000;

/**
 * Looks names up for clusters in which Envoy cannot: those where names stand beside unix sockets. Envoy looks up all
 * others by itself.
 */
export class NameWatch {
  readonly #options: NameWatchOptions;
  #addresses: Addresses = new Map();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: NameWatchOptions) {
    this.#options = options;
  }

  get addresses(): Addresses {
    return this.#addresses;
  }

  /** Looks these names up, now and from now on; those before no more. Never throws. */
  async follow(names: readonly string[]): Promise<void> {
    this.close();
    this.#addresses = await this.#lookUpAll(names);
    if (names.length === 0) return;
    this.#timer = setInterval(() => void this.#refresh(names), this.#options.intervalMs ?? defaultIntervalMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #refresh(names: readonly string[]): Promise<void> {
    const timer = this.#timer;
    const found = await this.#lookUpAll(names);
    // A failure is no reason to forget what was known.
    const merged = new Map([...found].map(([name, list]) => [name, list.length > 0 ? list : this.#of(name)]));
    if (timer !== this.#timer || print(merged) === print(this.#addresses)) return;
    this.#addresses = merged;
    this.#options.onChange();
  }

  #of(name: string): readonly string[] {
    return this.#addresses.get(name) ?? [];
  }

  async #lookUpAll(names: readonly string[]): Promise<Addresses> {
    const { lookUp = lookUpName } = this.#options;
    const found = await Promise.all(
      names.map(async (name) => [name, await lookUp(name).catch(() => [])] as const),
    );
    return new Map(found);
  }
}

/** IPv4 where there is any, as Envoy has it. */
async function lookUpName(name: string): Promise<readonly string[]> {
  const found = (await lookup(name, { all: true })).map(({ address }) => address);
  const fourth = found.filter((address) => !isIPv6(address));
  return fourth.length > 0 ? fourth : found;
}

function print(addresses: Addresses): string {
  return JSON.stringify([...addresses].map(([name, list]) => [name, list.toSorted()]));
}
