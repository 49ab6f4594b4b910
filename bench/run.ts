/**
 * Compares aigw with a bare proxy on the same runtime, and with no proxy at all.
 *
 *   bun bench/run.ts [--quick] [--check]
 *
 * Every target runs in a process of its own, all through the whole run. Rounds alternate between the targets and the
 * table has the medians, so that what else the machine does hits all alike: compare within one run only.
 * `--check` exits with 1 when a goal is missed.
 */
import { statSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { gatewayYaml } from "../tests/support/config.ts";
import { startGateway } from "../tests/support/gateway.ts";
import { residentMb } from "../tests/support/memory.ts";
import { freePort, untilFree } from "../tests/support/ports.ts";
import { binaryPath } from "../tests/support/program.ts";
import type { Result } from "./load.ts";
import {
  cpuMicroseconds,
  type LoadGenerator,
  type Server,
  startLoadGenerator,
  startServer,
} from "./processes.ts";
import { formatTable, isMet, type Row } from "./report.ts";
import { timeStart, timeVersion } from "./start-up.ts";
import { median } from "./statistics.ts";
import { type Kind, streamEvents } from "./traffic.ts";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, check: { type: "boolean", default: false } },
});
const pace = options.quick
  ? { rounds: 2, roundMs: 500, warmUpMs: 150, starts: 3 }
  : { rounds: 7, roundMs: 1200, warmUpMs: 150, starts: 10 };

/** The port of `aigw run` without a configuration file. */
const gatewayPort = 1975;

type TargetName = "direct" | "floor" | "aigw";
/** `translated`: the gateway whose provider speaks Anthropic's API; the others pass OpenAI's through. */
type ProcessName = TargetName | "translated";
interface Measured extends Result {
  /** Of the target's process, microseconds. */
  readonly cpuPerExchange: number;
}
type Medians = Record<TargetName, Measured>;

const scenarios = {
  one: { kind: "chat", connections: 1 },
  sixteen: { kind: "chat", connections: 16 },
  burst: { kind: "burst", connections: 16 },
  paced: { kind: "paced", connections: 8 },
  translated: { kind: "chat", connections: 16, aigw: "translated" },
  translatedBurst: { kind: "burst", connections: 16, aigw: "translated" },
} as const satisfies Record<string, { kind: Kind; connections: number; aigw?: ProcessName }>;
type Scenario = keyof typeof scenarios;

async function main(): Promise<void> {
  await untilFree(gatewayPort);
  const upstream = await startServer("upstream", {});
  const env = { OPENAI_API_KEY: "bench", OPENAI_BASE_URL: `http://127.0.0.1:${upstream.port}/v1` };
  const versionMs = median(Array.from({ length: pace.starts * 2 }, timeVersion));
  const starts = [];
  for (let index = 0; index < pace.starts; index++) starts.push(await timeStart({ env }));

  const floor = await startServer("floor", { BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}` });
  const load = await startLoadGenerator();
  await using gateway = await startGateway({ env });
  await using translator = await startGateway({ config: toClaude(upstream.port) });
  const processes: Processes = { direct: upstream, floor, aigw: gateway, translated: translator };
  try {
    const idleMb = { floor: residentMb(floor.pid), aigw: residentMb(gateway.pid) };
    const medians = await measure(load, processes);
    const loadedMb = { floor: residentMb(floor.pid), aigw: residentMb(gateway.pid) };
    const rows = [
      ...trafficRows(medians),
      { what: "memory, idle", unit: "MB", ...idleMb, goal: { of: "value", most: 120 } },
      { what: "memory, after the load", unit: "MB", ...loadedMb },
      startRow("start to `listening`", median(starts.map(({ listeningMs }) => listeningMs)), 150),
      startRow("start to the first answer", median(starts.map(({ answeredMs }) => answeredMs))),
      startRow("aigw version", versionMs, 60),
      { what: "size of the binary", unit: "MB", aigw: statSync(binaryPath()).size / 1e6 },
    ] satisfies Row[];
    const cores = cpus();
    console.log(
      `Bun ${Bun.version}, ${process.platform} ${process.arch}, ${cores.length} cores (${cores[0]?.model})`,
    );
    console.log(`medians of ${pace.rounds} alternating rounds of ${pace.roundMs} ms\n`);
    console.log(formatTable(rows));
    if (options.check && !rows.every(isMet)) process.exitCode = 1;
  } finally {
    await Promise.all([load.stop(), floor.stop(), upstream.stop()]);
  }
}

/** A gateway whose chat goes to a provider of Anthropic's API. */
function toClaude(upstreamPort: number): string {
  const backend = { name: "claude", url: `http://127.0.0.1:${upstreamPort}`, schema: "Anthropic" } as const;
  return gatewayYaml({ port: freePort(), backends: [{ ...backend, apiKey: "bench" }] });
}

type Processes = Record<ProcessName, Pick<Server, "pid" | "port">>;

async function measure(load: LoadGenerator, processes: Processes) {
  const names = ["direct", "floor", "aigw"] as const satisfies TargetName[];
  const rounds = {} as Record<Scenario, Record<TargetName, Measured[]>>;
  for (const scenario of Object.keys(scenarios) as Scenario[]) {
    rounds[scenario] = { direct: [], floor: [], aigw: [] };
    // Round 0 only warms up. Each round begins with another target.
    for (let round = 0; round <= pace.rounds; round++) {
      for (let turn = 0; turn < names.length; turn++) {
        const name = names[(round + turn) % names.length] ?? "direct";
        const measured = await measureOnce(load, processes, name, scenario);
        if (round > 0) rounds[scenario][name].push(measured);
      }
    }
  }
  const entries = Object.entries(rounds).map(([scenario, byTarget]) => [
    scenario,
    mapValues(byTarget, medianOf),
  ]);
  return Object.fromEntries(entries) as Record<Scenario, Medians>;
}

async function measureOnce(
  load: LoadGenerator,
  processes: Processes,
  name: TargetName,
  scenario: Scenario,
): Promise<Measured> {
  const {
    kind,
    connections,
    aigw = "aigw",
  }: (typeof scenarios)[Scenario] & { aigw?: ProcessName } = scenarios[scenario];
  const target = processes[name === "aigw" ? aigw : name];
  const before = cpuMicroseconds(target.pid);
  const order = { kind, connections, port: target.port, durationMs: pace.roundMs, warmUpMs: pace.warmUpMs };
  const result = await load.run(order);
  return { ...result, cpuPerExchange: (cpuMicroseconds(target.pid) - before) / result.exchanges };
}

function medianOf(results: readonly Measured[]): Measured {
  const keys = Object.keys(results[0] ?? {}) as (keyof Measured)[];
  return Object.fromEntries(
    keys.map((key) => [key, median(results.map((one) => one[key]))]),
  ) as unknown as Measured;
}

function mapValues<K extends string, A, B>(record: Record<K, A>, map: (value: A) => B): Record<K, B> {
  return Object.fromEntries(Object.entries<A>(record).map(([key, value]) => [key, map(value)])) as Record<
    K,
    B
  >;
}

function trafficRows(medians: Record<Scenario, Medians>): Row[] {
  const { one, sixteen, burst, paced, translated, translatedBurst } = medians;
  const row = (what: string, unit: string, medians: Medians, read: (one: Measured) => number) => ({
    what,
    unit,
    ...mapValues(medians, read),
  });
  const micro = (key: "p50" | "p99" | "firstByteP50" | "firstByteP99") => (one: Measured) => one[key] * 1000;
  const perSecond = (one: Measured) => one.perSecond;
  const cpu = (one: Measured) => one.cpuPerExchange;
  return [
    {
      ...row("requests, 16 connections", "/s", sixteen, perSecond),
      compare: "share",
      goal: { of: "comparison", least: 70 },
    },
    { ...row("  CPU of the process", "us each", sixteen, cpu), compare: "added" },
    { ...row("requests, 1 connection", "/s", one, perSecond), compare: "share" },
    {
      ...row("  time, median", "us", one, micro("p50")),
      compare: "added",
      goal: { of: "comparison", most: 150 },
    },
    { ...row("  time, 99th percentile", "us", one, micro("p99")), compare: "added" },
    {
      ...row(`streams of ${streamEvents} events, 16 connections`, "/s", burst, perSecond),
      compare: "share",
      goal: { of: "comparison", least: 60 },
    },
    { ...row("  first event, median", "us", burst, micro("firstByteP50")), compare: "added" },
    { ...row("  CPU of the process", "us each", burst, cpu), compare: "added" },
    { ...row("paced streams, first event, median", "us", paced, micro("firstByteP50")), compare: "added" },
    { ...row("  99th percentile", "us", paced, micro("firstByteP99")), compare: "added" },
    { ...row("  CPU per event", "us", paced, (one) => one.cpuPerExchange / streamEvents), compare: "added" },
    {
      ...row("OpenAI to Anthropic, 16 connections", "/s", translated, perSecond),
      compare: "share",
      goal: { of: "comparison", least: 55 },
    },
    { ...row("  CPU of the process", "us each", translated, cpu), compare: "added" },
    {
      ...row("  streams, 16 connections", "/s", translatedBurst, perSecond),
      compare: "share",
      goal: { of: "comparison", least: 45 },
    },
    { ...row("  CPU of the process", "us each", translatedBurst, cpu), compare: "added" },
  ];
}

function startRow(what: string, aigw: number, most?: number): Row {
  return { what, unit: "ms", aigw, ...(most !== undefined && { goal: { of: "value", most } }) };
}

await main();
