/**
 * Compares the two engines with the bare proxy: `bun bench/envoy.ts [--quick] [--check]`.
 *
 * As in `run.ts` every target runs all through, rounds alternate, and the table has medians of one run. The Envoy is the
 * one that tests use. `--check` exits with 1 when a goal is missed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gatewayYaml } from "../tests/support/config.ts";
import type { EngineName } from "../tests/support/engines.ts";
import { envoyPath } from "../tests/support/envoy.ts";
import { type Gateway, startGateway } from "../tests/support/gateway.ts";
import { residentMb } from "../tests/support/memory.ts";
import { freePort } from "../tests/support/ports.ts";
import { large, many } from "./extremes.ts";
import { cpuMicroseconds, startLoadGenerator, startServer } from "./processes.ts";
import { timeStart } from "./start-up.ts";
import { median } from "./statistics.ts";
import type { Kind } from "./traffic.ts";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, check: { type: "boolean", default: false } },
});
const pace = options.quick
  ? { rounds: 2, roundMs: 1000, warmUpMs: 200, starts: 3 }
  : { rounds: 7, roundMs: 1500, warmUpMs: 200, starts: 7 };

type TargetName = "floor" | "embedded" | "envoy";
const targetNames: readonly TargetName[] = ["floor", "embedded", "envoy"];
/** The first process is aigw's or the proxy's own. */
interface Target {
  readonly port: number;
  readonly pids: readonly number[];
}

const scenarios = {
  sixteen: { kind: "chat", connections: 16 },
  one: { kind: "chat", connections: 1 },
  burst: { kind: "burst", connections: 16 },
} as const satisfies Record<string, { kind: Kind; connections: number }>;
type Scenario = keyof typeof scenarios;

interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of the first process and of the others. */
  readonly cpu: number;
  readonly otherCpu: number;
}

async function main(): Promise<void> {
  if (envoyPath === undefined) throw new Error("there is no Envoy: run scripts/setup --envoy");
  const upstream = await startServer("upstream", {});
  const url = `http://127.0.0.1:${upstream.port}`;
  const floor = await startServer("floor", { BENCH_UPSTREAM: url });
  const load = await startLoadGenerator();
  const start = (engine: EngineName) => startGateway({ engine, config: configOf(url) });
  await using embedded = await start("embedded");
  await using envoy = await start("envoy");
  const targets: Record<TargetName, Target> = {
    floor: { port: floor.port, pids: [floor.pid] },
    embedded: { port: embedded.port, pids: [embedded.pid] },
    envoy: { port: envoy.port, pids: [envoy.pid, envoyPidOf(envoy)] },
  };
  try {
    const rows: Row[] = [];
    for (const scenario of Object.keys(scenarios) as Scenario[]) {
      const medians = await measure(load, targets, scenario);
      rows.push(...trafficRows(scenario, medians));
    }
    rows.push(...memoryRows(targets));
    rows.push(...(await extremeRows({ embedded, envoy })));
    const starts: Record<string, number> = {};
    for (const engine of ["embedded", "envoy"] as const) {
      const times = [];
      for (let index = 0; index < pace.starts; index++)
        times.push((await timeStart({ engine, config: configOf(url) })).answeredMs);
      starts[engine] = median(times);
    }
    rows.push({ what: "start to the first answer", unit: "ms", values: starts, most: 600 });
    console.log(`medians of ${pace.rounds} alternating rounds of ${pace.roundMs} ms\n`);
    console.log(table(rows));
    if (options.check && rows.some((row) => !isMet(row))) process.exitCode = 1;
  } finally {
    await Promise.all([load.stop(), floor.stop(), upstream.stop()]);
  }
}

function configOf(url: string): string {
  const backends = [{ name: "up", url, apiKey: "bench" }];
  return gatewayYaml({ port: freePort(), backends, bufferLimit: "50Mi" });
}

function envoyPidOf({ home }: Gateway): number {
  const [run = ""] = readdirSync(join(home, "run"));
  const lock = JSON.parse(readFileSync(join(home, "run", run, "run.lock"), "utf8")) as { envoyPid: number };
  return lock.envoyPid;
}

async function measure(
  load: Awaited<ReturnType<typeof startLoadGenerator>>,
  targets: Record<TargetName, Target>,
  scenario: Scenario,
): Promise<Record<TargetName, Measured>> {
  const rounds: Record<TargetName, Measured[]> = { floor: [], embedded: [], envoy: [] };
  // Round 0 only warms up. Each round begins with another target.
  for (let round = 0; round <= pace.rounds; round++) {
    for (let turn = 0; turn < targetNames.length; turn++) {
      const name = targetNames[(round + turn) % targetNames.length] ?? "floor";
      const { port, pids } = targets[name];
      const before = pids.map(cpuMicroseconds);
      const order = { ...scenarios[scenario], port, durationMs: pace.roundMs, warmUpMs: pace.warmUpMs };
      const { exchanges, ...result } = await load.run(order);
      const [cpu = 0, otherCpu = 0] = pids.map(
        (pid, i) => (cpuMicroseconds(pid) - (before[i] ?? 0)) / exchanges,
      );
      if (round > 0) rounds[name].push({ ...result, cpu, otherCpu });
    }
  }
  const medianOf = (list: readonly Measured[]): Measured => {
    const of = (read: (one: Measured) => number) => median(list.map(read));
    return {
      perSecond: of((one) => one.perSecond),
      p50: of((one) => one.p50),
      p99: of((one) => one.p99),
      cpu: of((one) => one.cpu),
      otherCpu: of((one) => one.otherCpu),
    };
  };
  return {
    floor: medianOf(rounds.floor),
    embedded: medianOf(rounds.embedded),
    envoy: medianOf(rounds.envoy),
  };
}

/** `values` by column; goals are about the Envoy engine, as a share of the floor where `isShare`. */
interface Row {
  readonly what: string;
  readonly unit: string;
  readonly values: { readonly [column: string]: number };
  readonly isShare?: boolean;
  readonly least?: number;
  readonly most?: number;
}

function trafficRows(scenario: Scenario, medians: Record<TargetName, Measured>): Row[] {
  const { kind, connections } = scenarios[scenario];
  const of = (read: (one: Measured) => number) =>
    Object.fromEntries(targetNames.map((name) => [name, read(medians[name])]));
  const what = kind === "chat" ? "requests" : "streams";
  const limit = scenario === "sixteen" ? { least: 0.12 } : {};
  return [
    {
      what: `${what}, ${connections} connections`,
      unit: "/s",
      values: of((one) => one.perSecond),
      isShare: true,
      ...limit,
    },
    {
      what: "  time, median",
      unit: "us",
      values: of(({ p50 }) => p50 * 1000),
      ...(scenario === "one" && { most: 1300 }),
    },
    { what: "  time, 99th percentile", unit: "us", values: of(({ p99 }) => p99 * 1000) },
    { what: "  CPU of aigw", unit: "us each", values: of(({ cpu }) => cpu) },
    { what: "  CPU of Envoy", unit: "us each", values: { envoy: medians.envoy.otherCpu } },
  ];
}

function memoryRows(targets: Record<TargetName, Target>): Row[] {
  const of = (index: number) =>
    Object.fromEntries(
      targetNames.flatMap((name) => {
        const pid = targets[name].pids[index];
        return pid === undefined ? [] : [[name, residentMb(pid)]];
      }),
    );
  return [
    { what: "memory after the load", unit: "MB", values: of(0), most: 120 },
    { what: "  of Envoy", unit: "MB", values: of(1) },
  ];
}

async function extremeRows(gateways: Record<EngineName, Gateway>): Promise<Row[]> {
  const names = ["embedded", "envoy"] as const;
  const timed = async (run: (gateway: Gateway) => Promise<number>) => {
    const values: Record<string, number> = {};
    for (const name of names) values[name] = await run(gateways[name]);
    return values;
  };
  return [
    { what: "10 MB there and back, slowest of 8", unit: "ms", values: await timed(large), most: 10_000 },
    { what: "500 streams at once, until all are over", unit: "ms", values: await timed(many), most: 10_000 },
    {
      what: "memory after both",
      unit: "MB",
      values: { embedded: residentMb(gateways.embedded.pid), envoy: residentMb(gateways.envoy.pid) },
    },
  ];
}

const columns = ["", "", "floor", "embedded", "envoy", "of floor", "goal", ""] as const;

function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => {
    const { what, unit, values, least, most } = row;
    const share = shareOf(row);
    const goal = least === undefined ? (most === undefined ? "" : `< ${most}`) : `>= ${least}`;
    return [
      what,
      unit,
      ...targetNames.map((name) => format(values[name])),
      row.isShare ? share.toFixed(3) : "",
      goal,
      goal === "" ? "" : isMet(row) ? "met" : "MISSED",
    ];
  });
  const all = [columns, ...cells];
  const widths = columns.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const pad = (text: string, column: number) =>
    column < 2 || column > 5 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return all.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

const shareOf = ({ values }: Row) => (values["envoy"] ?? Number.NaN) / (values["floor"] ?? Number.NaN);

function isMet(row: Row): boolean {
  const value = row.isShare ? shareOf(row) : (row.values["envoy"] ?? Number.NaN);
  return (row.least === undefined || value >= row.least) && (row.most === undefined || value < row.most);
}

function format(value: number | undefined): string {
  return value === undefined ? "" : value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
}

await main();
