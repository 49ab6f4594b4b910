import { join } from "node:path";
import type { CounterStore } from "../../policy/limits/counter-store.ts";
import { MemoryStore } from "../../policy/limits/memory-store.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { RedisStore } from "./redis-store.ts";
import { SqliteLedger } from "./sqlite-ledger.ts";

export interface CounterOptions {
  readonly environment: { readonly [name: string]: string | undefined };
  /** Where counts are kept from one run to the next. */
  readonly stateDirectory: string;
  readonly runtime: Runtime;
  readonly log: Logger;
}

const defaultTimeoutMs = 250;
/** The same complaint is not said again for so long. */
const quietMs = 10_000;

/** Where limits count: in Redis if `AIGW_REDIS_URL` names one, else in this process and a file of its own. */
export function openCounters({ environment, stateDirectory, runtime, log }: CounterOptions): CounterStore {
  const complain = complaints(log);
  const url = environment["AIGW_REDIS_URL"] ?? "";
  if (url !== "") {
    if (runtime.connectRedis === undefined)
      throw new Error(
        `AIGW_REDIS_URL is set, but ${runtime.name} has no Redis client: use the aigw executable`,
      );
    const isFailClosed = environment["AIGW_REDIS_FAILURE"] === "deny";
    const timeoutMs = Number(environment["AIGW_REDIS_TIMEOUT_MS"]) || defaultTimeoutMs;
    log.info("rate limits are counted in Redis", { on_failure: isFailClosed ? "deny" : "allow" });
    const consequence = isFailClosed ? "requests are refused" : "requests are let through uncounted";
    return new RedisStore(runtime.connectRedis(url), {
      timeoutMs,
      isFailClosed,
      onFailure: (error) => complain(`Redis cannot be asked for rate limits, ${consequence}`, error),
    });
  }
  const path = join(stateDirectory, "limits.db");
  try {
    const ledger = new SqliteLedger(path, Date.now(), (error) =>
      complain("rate limits cannot be written to disk; they count on in memory", error),
    );
    return new MemoryStore(ledger);
  } catch (error) {
    complain(`${path} cannot be opened: rate limits begin anew with each start`, error);
    return new MemoryStore();
  }
}

function complaints(log: Logger): (message: string, error: unknown) => void {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  return (message, error) => {
    const now = performance.now();
    if (now - saidAtMs < quietMs) return;
    saidAtMs = now;
    log.warn(message, { error: error instanceof Error ? error.message : String(error) });
  };
}
