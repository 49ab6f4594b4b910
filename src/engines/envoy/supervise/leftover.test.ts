import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endLeftover } from "./leftover.ts";

const folder = mkdtempSync(join(tmpdir(), "aigw-leftover-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const children: Bun.Subprocess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A process whose command line ends as Envoy's does. */
async function start(runId: string, code = ""): Promise<Bun.Subprocess> {
  const script = join(folder, `${runId}.ts`);
  writeFileSync(script, `${code}; setInterval(() => {}, 1000); console.log("up");`);
  const child = Bun.spawn([process.execPath, script, "--", "--run-id", runId], { stdout: "pipe" });
  children.push(child);
  await child.stdout.getReader().read();
  return child;
}

test("endLeftover ends the Envoy of a dead run", async () => {
  const child = await start("mine");
  expect(await endLeftover(child.pid, "mine")).toBe(true);
  await child.exited;
  expect(child.signalCode).toBe("SIGTERM");
});

test("endLeftover leaves a process alone that is of another run, or none at all", async () => {
  const child = await start("theirs");
  expect(await endLeftover(child.pid, "mine")).toBe(false);
  expect(await endLeftover(process.pid, "mine")).toBe(false);
  expect(await endLeftover(2 ** 22 + 1, "mine")).toBe(false);
  expect(child.exitCode).toBeNull();
});

test("endLeftover does not take no for an answer", async () => {
  const child = await start("stubborn", `process.on("SIGTERM", () => {})`);
  expect(await endLeftover(child.pid, "stubborn")).toBe(true);
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
});
