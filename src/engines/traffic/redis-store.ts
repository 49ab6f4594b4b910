import { createHash } from "node:crypto";
import {
  type Charge,
  type CounterStore,
  type Take,
  type Taken,
  windowEndMs,
} from "../../policy/limits/counter-store.ts";
import type { RedisConnection } from "../../runtime/runtime.ts";

/**
 * Takes from all counts or from none. For each key: amount, hits, milliseconds to live, 1 for a shadow.
 * Answers with 1 or 0, and what each count is then.
 */
const takeScript = `
local allowed = 1
local used = {}
for i, key in ipairs(KEYS) do
  local at = (i - 1) * 4
  used[i] = tonumber(redis.call('GET', key) or '0')
  if ARGV[at + 4] == '0' and used[i] + tonumber(ARGV[at + 2]) > tonumber(ARGV[at + 1]) then allowed = 0 end
end
if allowed == 1 then
  for i, key in ipairs(KEYS) do
    local at = (i - 1) * 4
    if ARGV[at + 2] ~= '0' then
      used[i] = redis.call('INCRBY', key, ARGV[at + 2])
      redis.call('PEXPIRE', key, ARGV[at + 3])
    end
  end
end
table.insert(used, 1, allowed)
return used
`;

const chargeScript = `
redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

export interface RedisStoreOptions {
  /** Whoever does not answer in time is taken for unreachable. */
  readonly timeoutMs: number;
  /** Whether requests are refused while counts cannot be had. */
  readonly isFailClosed: boolean;
  onFailure(error: unknown): void;
}

/** Counts that several replicas share: one atomic script a request. Without an answer requests go on, or are refused. */
export class RedisStore implements CounterStore {
  readonly #redis: RedisConnection;
  readonly #options: RedisStoreOptions;

  constructor(redis: RedisConnection, options: RedisStoreOptions) {
    this.#redis = redis;
    this.#options = options;
  }

  async take(takes: readonly Take[], nowMs: number): Promise<Taken> {
    const places = takes.map((take) => placeOf(take, nowMs));
    const values = takes.flatMap(({ amount, hits, isShadow }, index) =>
      [amount, hits, places[index]?.ttlMs ?? 1, isShadow ? 1 : 0].map(String),
    );
    try {
      const answer = await this.#send("EVAL", [
        takeScript,
        String(takes.length),
        ...places.map(({ key }) => key),
        ...values,
      ]);
      if (!Array.isArray(answer)) throw new Error(`Redis answered ${typeof answer}`);
      const [isAllowed, ...used] = answer.map(Number);
      return { isAllowed: isAllowed === 1, used };
    } catch (error) {
      this.#options.onFailure(error);
      const { isFailClosed } = this.#options;
      // With nothing known of the counts, a refusal is on all of them.
      return { isAllowed: !isFailClosed, used: takes.map(({ amount }) => (isFailClosed ? amount + 1 : 0)) };
    }
  }

  charge(charges: readonly Charge[], nowMs: number): void {
    for (const charge of charges) {
      const { key, ttlMs } = placeOf(charge, nowMs);
      this.#send("EVAL", [chargeScript, "1", key, String(charge.hits), String(ttlMs)]).catch(
        this.#options.onFailure,
      );
    }
  }

  close(): void {
    this.#redis.close();
  }

  async #send(command: string, args: string[]): Promise<unknown> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`no answer within ${this.#options.timeoutMs} ms`)),
      this.#options.timeoutMs,
    );
    try {
      return await Promise.race([this.#redis.send(command, args), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Kept a little longer than the window, so that clocks need not agree to the millisecond. */
const spareMs = 10_000;

/** Keys hold what clients send, so only their hashes leave the process. */
function placeOf({ key, windowMs }: Pick<Take, "key" | "windowMs">, nowMs: number) {
  const endMs = windowEndMs(nowMs, windowMs);
  const hash = createHash("sha256").update(key).digest("base64url");
  return { key: `aigw:limit:${hash}:${endMs}`, ttlMs: endMs - nowMs + spareMs };
}
