import type { Retry, Timeouts } from "../../../model/route.ts";
import type { Resource } from "../../resource.ts";
import type { HttpRule } from "../../resources/gateway-api/http-route.ts";
import { parseDurationMs } from "../../units.ts";
import type { Context } from "../context.ts";
import type { TrafficPolicy } from "./traffic-policy.ts";

const defaultTriggers = [
  "cancelled",
  "connect-failure",
  "refused-stream",
  "retriable-status-codes",
  "unavailable",
];
const defaultStatuses = [503];
const defaultRetries = 2;
const defaultBaseBackOffMs = 25;

/** How often and on what a policy tries again; `undefined` where it does not. */
export function compileRetry(policy: TrafficPolicy | undefined): Retry | undefined {
  const retry = policy?.spec.retry;
  if (policy === undefined || retry === undefined) return undefined;
  const { retryOn, perRetry, numRetries = defaultRetries, numAttemptsPerPriority } = retry;
  const base = perRetry?.backOff?.baseInterval;
  const max = perRetry?.backOff?.maxInterval;
  const baseBackOffMs = base === undefined ? defaultBaseBackOffMs : parseDurationMs(base);
  const maxBackOffMs = max === undefined ? baseBackOffMs * 10 : parseDurationMs(max);
  const triggers = retryOn?.triggers ?? [];
  return {
    at: policy.at(["retry"]),
    triggers: triggers.length === 0 ? defaultTriggers : [...new Set(triggers)].toSorted(),
    // With `retryOn` and without codes there are none, as in the reference.
    statuses: retryOn === undefined ? defaultStatuses : (retryOn.httpStatusCodes ?? []),
    retries: numRetries,
    baseBackOffMs,
    maxBackOffMs: Math.max(baseBackOffMs, maxBackOffMs),
    ...(numAttemptsPerPriority === undefined ? {} : { attemptsPerPriority: numAttemptsPerPriority }),
  };
}

interface WrittenTimeouts {
  readonly timeouts?:
    | { readonly request?: string | undefined; readonly backendRequest?: string | undefined }
    | undefined;
  readonly streamIdleTimeout?: string | undefined;
}

const defaultRequestMs = 60_000;
const defaultConnectMs = 10_000;

/** A rule's time limits: `backendRequest`, being the narrower one, replaces `request`; then the policy's count. */
export function compileTimeouts(
  rule: WrittenTimeouts,
  policy: TrafficPolicy | undefined,
  defaultMs = defaultRequestMs,
): Timeouts {
  const { request, backendRequest } = rule.timeouts ?? {};
  const { http, tcp } = policy?.spec.timeout ?? {};
  const requestMs = durationMs(request ?? http?.requestTimeout, defaultMs);
  const backendMs = durationMs(backendRequest, 0);
  const streamMs = durationMs(http?.maxStreamDuration, 0);
  const wholeMs = backendMs > 0 ? backendMs : requestMs;
  const limits = {
    perTryMs: durationMs(policy?.spec.retry?.perRetry?.timeout, 0),
    perTryIdleMs: durationMs(rule.streamIdleTimeout, 0),
    streamIdleMs: durationMs(http?.streamIdleTimeout, 0),
  };
  return {
    requestMs: streamMs > 0 && (wholeMs === 0 || streamMs < wholeMs) ? streamMs : wholeMs,
    connectMs: durationMs(tcp?.connectTimeout, defaultConnectMs),
    ...Object.fromEntries(Object.entries(limits).filter(([, limitMs]) => limitMs > 0)),
  };
}

/** As in Envoy: what a rule of plain HTTP may take where nobody says. */
const defaultPlainRequestMs = 15_000;

/** `backendRequest` is the limit of a try where the rule itself retries. */
export function compileHttpTimeouts(
  { timeouts, retry }: Pick<HttpRule, "timeouts" | "retry">,
  policy: TrafficPolicy | undefined,
): Timeouts {
  if (retry === undefined) return compileTimeouts({ timeouts }, policy, defaultPlainRequestMs);
  const whole = compileTimeouts({ timeouts: { request: timeouts?.request } }, policy, defaultPlainRequestMs);
  const perTryMs = durationMs(timeouts?.backendRequest, whole.perTryMs ?? 0);
  return perTryMs > 0 ? { ...whole, perTryMs } : whole;
}

/** A rule's own words about retries go over those of a policy. */
export function mergeRouteRetry(
  { origins }: Context,
  route: Resource<"HTTPRoute">,
  rule: number,
  written: HttpRule["retry"],
  policy: Retry | undefined,
): Retry | undefined {
  if (written === undefined) return policy;
  const { codes, attempts, backoff } = written;
  const baseBackOffMs = durationMs(backoff, policy?.baseBackOffMs ?? defaultBaseBackOffMs);
  return {
    triggers: defaultTriggers,
    maxBackOffMs: baseBackOffMs * 10,
    ...policy,
    at: origins.at(route, ["spec", "rules", rule, "retry"]),
    statuses: codes.length === 0 ? (policy?.statuses ?? defaultStatuses) : codes,
    retries: attempts ?? policy?.retries ?? defaultRetries,
    baseBackOffMs,
  };
}

function durationMs(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : parseDurationMs(text);
}
