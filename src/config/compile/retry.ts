import type { Retry, Timeouts } from "../../model/route.ts";
import type { Resource } from "../resource.ts";
import type { HttpRule } from "../resources/gateway-api/http-route.ts";
import { parseDurationMs } from "../units.ts";
import type { Context } from "./context.ts";

type Policy = Resource<"BackendTrafficPolicy">;

const defaultTriggers = [
  "cancelled",
  "connect-failure",
  "refused-stream",
  "retriable-status-codes",
  "unavailable",
];
const defaultStatuses = [503];
const defaultBaseBackOffMs = 25;

/** How often and on what a policy tries again; `undefined` where it does not. */
export function compileRetry({ origins }: Context, policy: Policy | undefined): Retry | undefined {
  const retry = policy?.value.spec.retry;
  if (policy === undefined || retry === undefined) return undefined;
  const { retryOn, perRetry, numRetries, numAttemptsPerPriority } = retry;
  const base = perRetry?.backOff?.baseInterval;
  const max = perRetry?.backOff?.maxInterval;
  const baseBackOffMs = base === undefined ? defaultBaseBackOffMs : parseDurationMs(base);
  const maxBackOffMs = max === undefined ? baseBackOffMs * 10 : parseDurationMs(max);
  const triggers = retryOn?.triggers ?? [];
  return {
    at: origins.at(policy, ["spec", "retry"]),
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

/** A rule's time limits: `backendRequest`, being the narrower one, replaces `request`. */
export function compileTimeouts(rule: WrittenTimeouts, policy: Policy | undefined): Timeouts {
  const { request, backendRequest } = rule.timeouts ?? {};
  const requestMs = request === undefined ? defaultRequestMs : parseDurationMs(request);
  const backendMs = backendRequest === undefined ? 0 : parseDurationMs(backendRequest);
  const idleMs = rule.streamIdleTimeout === undefined ? 0 : parseDurationMs(rule.streamIdleTimeout);
  const perTry = policy?.value.spec.retry?.perRetry?.timeout;
  const perTryMs = perTry === undefined ? 0 : parseDurationMs(perTry);
  return {
    requestMs: backendMs > 0 ? backendMs : requestMs,
    connectMs: defaultConnectMs,
    ...(perTryMs > 0 ? { perTryMs } : {}),
    ...(idleMs > 0 ? { perTryIdleMs: idleMs } : {}),
  };
}

/** As in Envoy: what a rule of plain HTTP may take where nobody says. */
const defaultPlainRequestMs = 15_000;

/** `backendRequest` is the limit of a try where the rule retries, else that of the whole. */
export function compileHttpTimeouts(
  { timeouts, retry }: Pick<HttpRule, "timeouts" | "retry">,
  policy: Policy | undefined,
): Timeouts {
  const { request, backendRequest } = timeouts ?? {};
  const requestMs = request === undefined ? undefined : parseDurationMs(request);
  const backendMs = backendRequest === undefined ? undefined : parseDurationMs(backendRequest);
  const perTry = policy?.value.spec.retry?.perRetry?.timeout;
  const perTryMs =
    retry !== undefined ? (backendMs ?? 0) : perTry === undefined ? 0 : parseDurationMs(perTry);
  const wholeMs = retry === undefined ? (backendMs ?? requestMs) : requestMs;
  return {
    requestMs: wholeMs ?? defaultPlainRequestMs,
    connectMs: defaultConnectMs,
    ...(perTryMs > 0 ? { perTryMs } : {}),
  };
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
  const baseBackOffMs =
    backoff === undefined ? (policy?.baseBackOffMs ?? defaultBaseBackOffMs) : parseDurationMs(backoff);
  return {
    triggers: defaultTriggers,
    maxBackOffMs: baseBackOffMs * 10,
    ...policy,
    at: origins.at(route, ["spec", "rules", rule, "retry"]),
    statuses: codes.length === 0 ? (policy?.statuses ?? defaultStatuses) : codes,
    retries: attempts ?? policy?.retries ?? 2,
    baseBackOffMs,
  };
}
