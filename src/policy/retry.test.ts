import { expect, test } from "bun:test";
import type { Retry } from "../model/route.ts";
import { backOffMs, shouldRetry, type TryResult } from "./retry.ts";

const retry = (triggers: string[], statuses: number[] = []): Retry => ({
  at: 0,
  triggers,
  statuses,
  retries: 1,
  baseBackOffMs: 100,
  maxBackOffMs: 1000,
});
const status = (value: number): TryResult => ({ type: "status", status: value });

const cases: { trigger: string; statuses?: number[]; yes: TryResult[]; no: TryResult[] }[] = [
  {
    trigger: "5xx",
    yes: [status(500), status(599), { type: "reset" }, { type: "timeout" }],
    no: [status(429)],
  },
  { trigger: "gateway-error", yes: [status(502), status(504), { type: "timeout" }], no: [status(500)] },
  { trigger: "retriable-4xx", yes: [status(409)], no: [status(400), status(500)] },
  { trigger: "connect-failure", yes: [{ type: "connect-failure" }], no: [{ type: "reset" }, status(503)] },
  { trigger: "reset", yes: [{ type: "reset" }, { type: "connect-failure" }], no: [status(503)] },
  {
    trigger: "retriable-status-codes",
    statuses: [429],
    yes: [status(429)],
    no: [status(500), { type: "reset" }],
  },
  { trigger: "unheard-of", yes: [], no: [status(500), { type: "reset" }] },
];
test.each(cases)("retryOn $trigger", ({ trigger, statuses, yes, no }) => {
  const policy = retry([trigger], statuses);
  for (const result of yes) expect(shouldRetry(policy, result), JSON.stringify(result)).toBe(true);
  for (const result of no) expect(shouldRetry(policy, result), JSON.stringify(result)).toBe(false);
});

test("back-off doubles up to its maximum and is jittered from 0", () => {
  const policy = retry([]);
  expect([1, 2, 3, 4, 5, 9].map((attempt) => backOffMs(policy, attempt, 0.999_999))).toEqual([
    99, 199, 399, 799, 999, 999,
  ]);
  expect(backOffMs(policy, 3, 0)).toBe(0);
});
