/** The official conformance suite, at a server directly and through the gateway: the gateway adds no failure. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../support/program.ts";
import { startAggregate } from "./aggregate.ts";
import { startFixtureServer } from "./fixture-server.ts";
import { startModernServer } from "./modern-server.ts";

const limitMs = 240_000;

/** Scenario to the number of its checks that passed and failed. */
type Outcome = ReadonlyMap<string, { readonly passed: number; readonly failed: number }>;

async function runSuite(url: string, requirements: string): Promise<Outcome> {
  const home = mkdtempSync(join(tmpdir(), "aigw-conformance-"));
  const suite = join(root, "node_modules/@modelcontextprotocol/conformance/dist/index.js");
  const command = [process.execPath, "--bun", suite, "server", "--url", url, "--requirements", requirements];
  const child = Bun.spawn(command, { cwd: home, stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  rmSync(home, { recursive: true, force: true });
  const lines = `${out}${err}`.matchAll(/^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed$/gm);
  return new Map(
    [...lines].map(([, name = "", passed, failed]) => [
      name,
      { passed: Number(passed), failed: Number(failed) },
    ]),
  );
}

/**
 * Scenarios that go worse through the gateway. One with nothing failed may have passed fewer checks: what a server may do
 * and need not (answer as a stream) is then not looked at.
 */
function added(direct: Outcome, through: Outcome): string[] {
  return [...direct].flatMap(([name, { passed, failed }]) => {
    const other = through.get(name);
    const isWorse = other === undefined || other.failed > failed || (passed > 0 && other.passed === 0);
    if (!isWorse) return [];
    return [`${name}: ${passed}/${failed} directly, ${other?.passed}/${other?.failed} through the gateway`];
  });
}

function total(outcome: Outcome): { passed: number; failed: number } {
  const sum = { passed: 0, failed: 0 };
  for (const { passed, failed } of outcome.values()) {
    sum.passed += passed;
    sum.failed += failed;
  }
  return sum;
}

test.each([
  ["2025-11-25", startFixtureServer, 30],
  ["2026-07-28", startModernServer, 45],
])(
  "the requirements of %s",
  async (requirements, startServer, atLeast) => {
    using server = startServer();
    await using gateway = startAggregate({
      servers: { one: server.url },
      route: { prefixMode: "conditional" },
    });
    const direct = await runSuite(server.url, requirements);
    const through = await runSuite(gateway.url, requirements);
    console.log(
      `  ${requirements}: ${JSON.stringify(total(direct))} directly, ${JSON.stringify(total(through))} through aigw`,
    );
    expect(through.size).toBeGreaterThanOrEqual(atLeast);
    expect(added(direct, through)).toEqual([]);
  },
  limitMs,
);
