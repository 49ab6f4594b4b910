import type { Retry } from "../model/route.ts";

/** How a try ended: with a status, or without one. */
export type TryResult =
  | { readonly type: "status"; readonly status: number }
  | { readonly type: "connect-failure" | "reset" | "timeout" };

const withoutAnswer = ["5xx", "reset", "reset-before-request"];

/** Whether Envoy's retry policy of these words would try again. Nothing has been sent to the client yet. */
export function shouldRetry(retry: Retry, result: TryResult): boolean {
  if (result.type === "status")
    return retry.triggers.some((trigger) => fitsStatus(trigger, result.status, retry));
  const words = result.type === "connect-failure" ? [...withoutAnswer, "connect-failure"] : withoutAnswer;
  const gateway = result.type === "timeout" ? ["gateway-error"] : [];
  return retry.triggers.some((trigger) => words.includes(trigger) || gateway.includes(trigger));
}

function fitsStatus(trigger: string, status: number, retry: Retry): boolean {
  switch (trigger) {
    case "5xx":
      return status >= 500 && status < 600;
    case "gateway-error":
      return status >= 502 && status <= 504;
    case "retriable-4xx":
      return status === 409;
    case "envoy-ratelimited":
      return false;
    case "retriable-status-codes":
      return retry.statuses.includes(status);
    default:
      return false;
  }
}

/** Full jitter below an exponential bound, as Envoy's. `attempt` counts the retries made, from 1. `random` is in [0, 1). */
export function backOffMs(retry: Retry, attempt: number, random: number): number {
  const bound = Math.min(retry.baseBackOffMs * 2 ** (attempt - 1), retry.maxBackOffMs);
  return Math.floor(random * bound);
}

/** What an upstream asks for is heeded up to here; who asks for more is tried as if it had not. */
export const maxRetryAfterMs = 30_000;

/** How long a refusal asks to be left alone, in whole seconds as `retry-after` has it; 0 where it does not say. */
export function retryAfterMs(header: string | null): number {
  const waitMs = header !== null && /^\d+$/.test(header) ? Number(header) * 1000 : 0;
  return waitMs <= maxRetryAfterMs ? waitMs : 0;
}
