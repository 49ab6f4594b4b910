import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { AdminError, EnvoyAdmin } from "../admin/envoy-admin.ts";
import { EnvoyRefused, hasRefused } from "../reload/confirm.ts";

export interface ReadinessOptions {
  /** Where Envoy writes its admin address. */
  readonly adminAddressFile: string;
  listeners(): readonly string[];
  /** Why Envoy last refused something, in its own words. */
  refusal(): string | undefined;
  /** Fires when there is no use in waiting any more. */
  readonly signal: AbortSignal;
  /** Every `noticeMs`, with what Envoy is doing. */
  onWaiting(state: string, waitedMs: number): void;
  readonly noticeMs?: number;
  readonly limitMs?: number;
}

/** Envoy did not become ready in time. */
class NotReady extends Error {
  override readonly name = "NotReady";
}

const pollMs = 10;

/**
 * Resolves when Envoy is live, has refused nothing and takes connections on every listener. Throws `NotReady`,
 * `EnvoyRefused`, or the signal's reason.
 */
export async function untilReady(options: ReadinessOptions): Promise<EnvoyAdmin> {
  const { signal, noticeMs = 10_000, limitMs = 120_000 } = options;
  const startedAt = performance.now();
  let noticedAt = startedAt;
  for (;;) {
    signal.throwIfAborted();
    const found = await look(options);
    if (found instanceof EnvoyAdmin) return found;
    const now = performance.now();
    const waitedMs = now - startedAt;
    if (waitedMs > limitMs) {
      throw new NotReady(`Envoy is not ready after ${Math.round(waitedMs / 1000)} s: ${found}`);
    }
    if (now - noticedAt > noticeMs) {
      noticedAt = now;
      options.onWaiting(found, waitedMs);
    }
    await sleep(pollMs);
  }
}

/** Its admin port once it is ready, else what it is doing. */
async function look(options: ReadinessOptions): Promise<EnvoyAdmin | string> {
  const { adminAddressFile, listeners, refusal } = options;
  const address = readAddress(adminAddressFile);
  if (address === "") return "it has not opened its admin port yet";
  const admin = new EnvoyAdmin(address);
  try {
    const state = await admin.state();
    if (await hasRefused(admin)) throw new EnvoyRefused(refusal());
    if (state !== "LIVE") return `its state is ${state}`;
    const active = new Set((await admin.listeners()).map(({ name }) => name));
    const missing = listeners().filter((name) => !active.has(name));
    return missing.length === 0 ? admin : `listener ${missing.join(", ")} is not open yet`;
  } catch (error) {
    if (error instanceof AdminError) return error.message;
    throw error;
  }
}

function readAddress(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}
