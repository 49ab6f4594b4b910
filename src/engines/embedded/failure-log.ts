import type { Logger } from "../../telemetry/index.ts";

/** What is known of a request whose upstream failed. */
export interface UpstreamFailureFacts {
  readonly requestId: string;
  /** The system's or the runtime's words; they may name hosts, so clients never see them. */
  readonly upstreamFailure: string | undefined;
  readonly endpoint: { readonly name: string } | undefined;
}

/** A dead upstream fails each of a thousand requests a second; the operator needs to hear of it, not of each. */
const quietMs = 10_000;
const maxRemembered = 1000;

/** Tells the log why upstreams fail: each upstream's reason at once, and then again every ten seconds with a count. */
export function failureLog(
  log: Logger,
  nowMs: () => number = () => performance.now(),
): (facts: UpstreamFailureFacts, status: number) => void {
  const heard = new Map<string, { saidAtMs: number; unsaid: number }>();
  return ({ requestId, upstreamFailure, endpoint }, status) => {
    const upstream = endpoint?.name ?? "-";
    const reason = upstreamFailure ?? "-";
    const key = `${upstream} ${reason}`;
    const fields = { upstream, reason, status, request_id: requestId };
    const before = heard.get(key);
    if (before !== undefined && nowMs() - before.saidAtMs < quietMs) {
      before.unsaid += 1;
      log.debug("upstream failed", fields);
      return;
    }
    if (heard.size >= maxRemembered) heard.clear();
    heard.set(key, { saidAtMs: nowMs(), unsaid: 0 });
    const unsaid = before?.unsaid ?? 0;
    log.warn("upstream failed", unsaid > 0 ? { ...fields, times_since_last_said: unsaid } : fields);
  };
}
