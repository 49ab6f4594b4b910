import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteLedger } from "./sqlite-ledger.ts";

const directory = mkdtempSync(join(tmpdir(), "ledger-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const noFailure = (error: unknown) => expect.unreachable(String(error));

test("counts outlive whoever counted, and begin anew with a window", () => {
  const path = join(directory, "a/limits.db");
  const first = new SqliteLedger(path, 0, noFailure);
  expect([first.add("k", 1000, 2), first.add("k", 1000, 3), first.read("k", 1000)]).toEqual([2, 5, 5]);
  // Another process, while the first is still there.
  const second = new SqliteLedger(path, 0, noFailure);
  expect([second.read("k", 1000), second.add("k", 1000, 1), first.add("k", 1000, 1)]).toEqual([5, 6, 7]);
  expect([second.read("k", 2000), second.add("k", 2000, 1), second.read("other", 2000)]).toEqual([0, 1, 0]);
  first.close();
  second.close();
});

test("windows that are over are cleared out at the next start", () => {
  const path = join(directory, "b.db");
  const first = new SqliteLedger(path, 0, noFailure);
  first.add("k", 1000, 1);
  first.close();
  const second = new SqliteLedger(path, 1000, noFailure);
  expect(second.read("k", 1000)).toBe(0);
  second.close();
});

test("a file that is no database is an error at once", () => {
  const path = join(directory, "c.db");
  writeFileSync(path, "not a database, and long enough to be looked at as one. ".repeat(100));
  expect(() => new SqliteLedger(path, 0, noFailure)).toThrow(/not a database/);
});

test("a ledger that fails says so once, and counts nothing", () => {
  const said: unknown[] = [];
  const ledger = new SqliteLedger(join(directory, "d.db"), 0, (error) => said.push(error));
  ledger.close();
  expect([ledger.add("k", 1000, 1), ledger.add("k", 1000, 1), ledger.read("k", 1000)]).toEqual([0, 0, 0]);
  expect(said.length).toBe(1);
});
