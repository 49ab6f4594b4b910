import { ExchangeFailure } from "../model/failure.ts";
import type { CredentialWorld } from "./world.ts";

export interface Obtained<T> {
  readonly value: T;
  /** Absent: it does not expire by itself. */
  readonly expiresAtMs?: number | undefined;
  /** Where it came from, for the log. */
  readonly source: string;
}

interface Kept<T> {
  readonly value: T;
  readonly refreshAtMs: number;
  readonly expiresAtMs: number;
}

const maxLeadMs = 5 * 60_000;
const firstBackOffMs = 200;
const maxBackOffMs = 60_000;
const giveUpMs = 30_000;
/** A token that an upstream refuses for other reasons than its age must not have the token's endpoint called each time. */
const refusalMs = 30_000;

/**
 * A credential with an end, had anew before it comes. Nothing happens while nobody asks.
 *
 * - One call to the source at a time, however many ask.
 * - Some time before the end (five minutes, a fifth of a shorter life, with jitter) the next one is fetched, while the
 *   old one serves until it really expires.
 * - After a failure the source is left alone for a while, longer each time; who asks meanwhile is refused at once.
 */
export class Fresh<T extends object> {
  readonly #name: string;
  readonly #obtain: () => Promise<Obtained<T>>;
  readonly #world: CredentialWorld;
  #kept: Kept<T> | undefined;
  #running: Promise<T> | undefined;
  #failures = 0;
  #retryAtMs = 0;
  #failure: unknown;
  /** What an upstream refused: used only if nothing better can be had. */
  #refused: T | undefined;
  #refusedAtMs = Number.NEGATIVE_INFINITY;

  /** `name` is for the log. `obtain` throws errors whose messages are fit for the log. */
  constructor(name: string, obtain: () => Promise<Obtained<T>>, world: CredentialWorld) {
    this.#name = name;
    this.#obtain = obtain;
    this.#world = world;
  }

  /** At once where there is a valid one. Rejects with what the source last failed with. */
  get(): T | Promise<T> {
    const kept = this.#kept;
    const now = this.#world.nowMs();
    if (kept === undefined || now >= kept.expiresAtMs) {
      if (now < this.#retryAtMs && this.#running === undefined) return Promise.reject(this.#failure);
      return this.#refresh();
    }
    if (kept.value === this.#refused && (now >= this.#retryAtMs || this.#running !== undefined)) {
      return this.#refresh().catch(() => {
        this.#refused = undefined;
        return kept.value;
      });
    }
    // A failure of this one is in the log, and somebody's failure only once the old one has expired.
    if (now >= kept.refreshAtMs && now >= this.#retryAtMs) this.#refresh().catch(() => {});
    return kept.value;
  }

  /** An upstream refused `value`. True if the next `get` gives another, or at least tries to. */
  refuse(value: T): boolean {
    if (this.#kept?.value !== value || this.#refused === value) return true;
    const now = this.#world.nowMs();
    if (now - this.#refusedAtMs < refusalMs) return false;
    this.#refusedAtMs = now;
    this.#refused = value;
    return true;
  }

  #refresh(): Promise<T> {
    this.#running ??= this.#fetch().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #fetch(): Promise<T> {
    const { log } = this.#world;
    try {
      const { value, expiresAtMs, source } = await withinTime(this.#obtain());
      this.#keep(value, expiresAtMs);
      const expiresAt = expiresAtMs === undefined ? "never" : new Date(expiresAtMs).toISOString();
      log.obtained(this.#name, { source, expiresAt });
      return value;
    } catch (error) {
      this.#failure = error;
      this.#failures += 1;
      const backOffMs = Math.min(firstBackOffMs * 2 ** (this.#failures - 1), maxBackOffMs);
      this.#retryAtMs = this.#world.nowMs() + backOffMs * (0.5 + this.#world.random() / 2);
      log.failed(this.#name, reasonOf(error));
      throw error;
    }
  }

  #keep(value: T, expiresAtMs = Number.POSITIVE_INFINITY): void {
    const now = this.#world.nowMs();
    if (expiresAtMs <= now) throw new Error("the source gave a credential that has expired already");
    const leadMs = Math.min(maxLeadMs, (expiresAtMs - now) / 5) * (1 + this.#world.random() / 4);
    this.#kept = { value, expiresAtMs, refreshAtMs: expiresAtMs - leadMs };
    this.#refused = undefined;
    this.#failures = 0;
    this.#retryAtMs = 0;
    this.#failure = undefined;
  }
}

/** Why something failed, for the log: on one line and of some length at most. */
export function reasonOf(error: unknown): string {
  // What clients are told says nothing; its cause does.
  const cause = error instanceof ExchangeFailure ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replace(/\s+/g, " ").trim().slice(0, 500);
}

/** Sources have time limits of their own; this one is for libraries and commands that forget theirs. */
async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${giveUpMs / 1000} s`)), giveUpMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
