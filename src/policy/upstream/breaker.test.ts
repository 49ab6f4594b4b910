import { expect, test } from "bun:test";
import { CircuitBreaker } from "./breaker.ts";

const limits = { connections: 2, pending: 1, requests: 10, retries: 1 };
const { signal } = new AbortController();

test("requests wait for a connection, and when enough wait they are refused", async () => {
  const breaker = new CircuitBreaker(limits);
  expect([breaker.enter(signal), breaker.enter(signal)]).toEqual([true, true]);
  const waiting = breaker.enter(signal);
  expect(waiting).toBeInstanceOf(Promise);
  expect(breaker.enter(signal)).toBe(false);
  breaker.leave();
  expect(await waiting).toBe(true);
  breaker.leave();
  breaker.leave();
  expect([breaker.enter(signal), breaker.enter(signal)]).toEqual([true, true]);
});

test("who hangs up waits no more", async () => {
  const breaker = new CircuitBreaker({ ...limits, connections: 1 });
  void breaker.enter(signal);
  const client = new AbortController();
  const waiting = breaker.enter(client.signal);
  client.abort();
  expect(await waiting).toBe(false);
  breaker.leave();
  expect(breaker.enter(signal)).toBe(true);
});

test("no more requests at once than allowed, whatever connections there are", () => {
  const breaker = new CircuitBreaker({ ...limits, connections: 10, requests: 1 });
  expect([breaker.enter(signal), breaker.enter(signal)]).toEqual([true, false]);
  breaker.leave();
  expect(breaker.enter(signal)).toBe(true);
});

test("retries are limited by number, or by their share of what is under way", () => {
  const breaker = new CircuitBreaker(limits);
  expect([breaker.mayRetry(), breaker.mayRetry()]).toEqual([true, false]);
  breaker.retryDone();
  expect(breaker.mayRetry()).toBe(true);

  const shared = new CircuitBreaker({
    connections: 100,
    pending: 0,
    requests: 100,
    retries: 0,
    retryBudget: { percent: 20, least: 1 },
  });
  expect([shared.mayRetry(), shared.mayRetry()]).toEqual([true, false]);
  for (let count = 0; count < 10; count += 1) void shared.enter(signal);
  expect([shared.mayRetry(), shared.mayRetry()]).toEqual([true, false]);
});
