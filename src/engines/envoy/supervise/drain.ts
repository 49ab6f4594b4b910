import { setTimeout as sleep } from "node:timers/promises";
import { AdminError, type EnvoyAdmin } from "../admin/envoy-admin.ts";
import { statisticsPrefix } from "../write/routes.ts";

const pollMs = 25;

/**
 * No new connections, and those that are open end with their next answer. Resolves when no request is in flight, or
 * after `limitMs`. An Envoy that does not answer has nothing to be waited for.
 */
export async function drainEnvoy(admin: EnvoyAdmin, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  try {
    await admin.post("/healthcheck/fail");
    await admin.post("/drain_listeners?inboundonly");
    while ((await countRequests(admin)) > 0 && performance.now() < deadline) await sleep(pollMs);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
  }
}

async function countRequests(admin: EnvoyAdmin): Promise<number> {
  const name = `http.${statisticsPrefix}.downstream_rq_active`;
  return Number((await admin.statistics(`^${name.replaceAll(".", "\\.")}$`)).get(name) ?? 0);
}
