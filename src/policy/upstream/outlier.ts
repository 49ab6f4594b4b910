import type { Outlier } from "../../model/traffic.ts";
import type { TryResult } from "../retry.ts";
import type { Host } from "./host.ts";

/** Envoy lets nobody wait longer, unless a single ejection is longer. */
const maxEjectionMs = 300_000;
/** With fewer hosts or requests in an interval a share of failures says nothing. */
const minHosts = 5;
const minRequests = 50;

interface Record {
  errors: number;
  gatewayErrors: number;
  localErrors: number;
  /** How often in a row it was ejected: each time is longer. */
  ejections: number;
  ejectedAt: number;
  requests: number;
  failures: number;
}

/**
 * Puts hosts aside that fail, and takes them back when their time is over, as Envoy's outlier detection does.
 * Looked after when somebody asks, so that a gateway without requests has no timers.
 */
export class OutlierDetector<E> {
  readonly #policy: Outlier;
  readonly #records: ReadonlyMap<Host<E>, Record>;
  #nextSweepAt: number;

  constructor(policy: Outlier, hosts: Iterable<Host<E>>, now: number) {
    this.#policy = policy;
    this.#records = new Map([...hosts].map((host) => [host, newRecord()]));
    this.#nextSweepAt = now + policy.intervalMs;
  }

  /** Takes hosts back; does nothing most of the times it is called. */
  sweep(now: number): void {
    if (now < this.#nextSweepAt) return;
    const { intervalMs, failurePercent } = this.#policy;
    this.#nextSweepAt += Math.floor((now - this.#nextSweepAt) / intervalMs + 1) * intervalMs;
    for (const [host, record] of this.#records) this.#takeBack(host, record, now);
    if (failurePercent !== undefined) this.#compare(failurePercent, now);
    for (const record of this.#records.values()) Object.assign(record, { requests: 0, failures: 0 });
  }

  report(host: Host<E>, result: TryResult, now: number): void {
    const record = this.#records.get(host);
    if (record === undefined) return;
    const { consecutive5xx, consecutiveGateway = 0, consecutiveLocal, splitsLocal } = this.#policy;
    const isLocal = result.type === "connect-failure" || result.type === "timeout";
    const status = statusOf(result);
    record.requests += 1;
    if (status >= 500) record.failures += 1;
    if (isLocal && splitsLocal) {
      record.localErrors += 1;
      if (record.localErrors >= consecutiveLocal) this.#eject(host, record, now);
      return;
    }
    record.localErrors = 0;
    record.errors = status >= 500 ? record.errors + 1 : 0;
    record.gatewayErrors = status >= 502 && status <= 504 ? record.gatewayErrors + 1 : 0;
    const isOut =
      (consecutive5xx > 0 && record.errors >= consecutive5xx) ||
      (consecutiveGateway > 0 && record.gatewayErrors >= consecutiveGateway);
    if (isOut) this.#eject(host, record, now);
  }

  #eject(host: Host<E>, record: Record, now: number): void {
    const { maxPercent, alwaysOne } = this.#policy;
    Object.assign(record, { errors: 0, gatewayErrors: 0, localErrors: 0 });
    if (host.isEjected) return;
    const ejected = [...this.#records.keys()].filter(({ isEjected }) => isEjected).length;
    const percent = (100 * (ejected + 1)) / this.#records.size;
    if (percent > maxPercent && !(alwaysOne && ejected === 0)) return;
    host.isEjected = true;
    record.ejections += 1;
    record.ejectedAt = now;
  }

  #takeBack(host: Host<E>, record: Record, now: number): void {
    const { ejectionMs } = this.#policy;
    if (!host.isEjected) {
      record.ejections = Math.max(0, record.ejections - 1);
      return;
    }
    const forMs = Math.min(ejectionMs * record.ejections, Math.max(ejectionMs, maxEjectionMs));
    if (now < record.ejectedAt + forMs) return;
    host.isEjected = false;
    Object.assign(record, { errors: 0, gatewayErrors: 0, localErrors: 0 });
  }

  #compare(failurePercent: number, now: number): void {
    const heard = [...this.#records].filter(([, { requests }]) => requests >= minRequests);
    if (heard.length < minHosts) return;
    for (const [host, record] of heard)
      if ((100 * record.failures) / record.requests >= failurePercent) this.#eject(host, record, now);
  }
}

function newRecord(): Record {
  return {
    errors: 0,
    gatewayErrors: 0,
    localErrors: 0,
    ejections: 0,
    ejectedAt: 0,
    requests: 0,
    failures: 0,
  };
}

/** What Envoy takes a try without an answer for. */
function statusOf(result: TryResult): number {
  switch (result.type) {
    case "status":
      return result.status;
    case "connect-failure":
      return 503;
    case "timeout":
      return 504;
    case "reset":
      return 500;
  }
}
