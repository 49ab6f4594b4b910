import { setTimeout as sleep } from "node:timers/promises";
import { AdminError, type EnvoyAdmin } from "../admin/envoy-admin.ts";

/** Envoy did not take a file. `message` says why, as far as Envoy has said it. */
export class EnvoyRefused extends Error {
  override readonly name = "EnvoyRefused";

  /** `reason`: Envoy's own words. */
  constructor(reason = "it does not say why") {
    super(`Envoy does not take the configuration: ${reason}`);
  }
}

/** One subscription of Envoy's, by the beginning of its statistics: `cluster_manager.cds.` */
export type Subscription = string;

export interface ConfirmOptions {
  readonly admin: EnvoyAdmin;
  /** Why Envoy last refused something, in its own words; for messages. */
  refusal(): string | undefined;
  readonly limitMs?: number;
}

const pollMs = 10;
const defaultLimitMs = 15_000;

/** How often Envoy has refused what came over a subscription. */
export async function countRefusals(admin: EnvoyAdmin, subscription: Subscription): Promise<number> {
  const found = await admin.statistics(`^${escapeRegex(subscription)}update_rejected$`);
  return Number(found.get(`${subscription}update_rejected`) ?? 0);
}

/** Whether Envoy has refused anything of what it found when it started. */
export async function hasRefused(admin: EnvoyAdmin): Promise<boolean> {
  const counts = await admin.statistics("(update_rejected|listener_create_failure)$");
  return [...counts.values()].some((count) => Number(count) > 0);
}

/** Resolves when the version is in effect. Throws `EnvoyRefused` where it is not, and `AdminError` for a dead Envoy. */
export function confirmVersion(
  subscription: Subscription,
  version: string,
  refusalsBefore: number,
  options: ConfirmOptions,
): Promise<void> {
  const names = { version: `${subscription}version_text`, refused: `${subscription}update_rejected` };
  const filter = `^${escapeRegex(subscription)}(version_text|update_rejected)$`;
  return poll(options, async () => {
    const found = await options.admin.statistics(filter);
    if (found.get(names.version) === version) return true;
    if (Number(found.get(names.refused) ?? 0) > refusalsBefore) throw new EnvoyRefused(options.refusal());
    return false;
  });
}

/** Resolves when every cluster of these names has warmed up, which for DNS names means that they were looked up. */
export function confirmClusters(names: readonly string[], options: ConfirmOptions): Promise<void> {
  return poll(options, async () => {
    const active = await options.admin.clusters();
    return names.every((name) => active.has(name));
  });
}

/** Resolves when every listener of these names takes connections. */
export function confirmListeners(names: readonly string[], options: ConfirmOptions): Promise<void> {
  return poll(options, async () => {
    const active = new Set((await options.admin.listeners()).map(({ name }) => name));
    return names.every((name) => active.has(name));
  });
}

/** A port that is slow once is asked again; one that does not answer for as long as all may take is given up. */
async function poll(options: ConfirmOptions, isDone: () => Promise<boolean>): Promise<void> {
  const { limitMs = defaultLimitMs } = options;
  const deadline = performance.now() + limitMs;
  for (;;) {
    let failure: unknown;
    try {
      if (await isDone()) return;
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      failure = error;
    }
    if (performance.now() > deadline) throw failure ?? new EnvoyRefused(options.refusal());
    await sleep(pollMs);
  }
}

function escapeRegex(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
