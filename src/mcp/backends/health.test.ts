import { expect, test } from "bun:test";
import { Health } from "./health.ts";

function clocked() {
  let now = 0;
  return { health: new Health(() => now), pass: (ms: number) => (now += ms) };
}

test("a backend is asked until five failures in a row, and then not for half a minute", () => {
  const { health, pass } = clocked();
  for (let i = 0; i < 4; i++) health.failed();
  expect(health.waitMs).toBe(0);
  health.succeeded();
  for (let i = 0; i < 5; i++) health.failed();
  expect(health.waitMs).toBe(30_000);
  pass(10_000);
  expect(health.waitMs).toBe(20_000);
});

test("then one request finds out for all", () => {
  const { health, pass } = clocked();
  for (let i = 0; i < 5; i++) health.failed();
  pass(30_000);
  expect([health.waitMs, health.waitMs]).toEqual([0, 1000]);
  health.failed();
  expect(health.waitMs).toBe(30_000);
  pass(30_000);
  expect(health.waitMs).toBe(0);
  health.succeeded();
  expect([health.waitMs, health.waitMs]).toEqual([0, 0]);
});

test("a session that cannot be opened is tried for ever more seldom, up to once a minute", () => {
  const { health, pass } = clocked();
  for (const waitMs of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
    health.notOpened();
    pass(waitMs - 1);
    expect(health.mayOpen).toBe(false);
    pass(1);
    expect(health.mayOpen).toBe(true);
  }
  health.opened();
  health.notOpened();
  pass(1000);
  expect(health.mayOpen).toBe(true);
});
