/**
 * Compares the MCP aggregator with a bare proxy on the same runtime, and with the server itself.
 *
 *   bun bench/mcp.ts [--quick] [--check]
 *
 * As with `bench/run.ts`: processes of their own, alternating rounds, medians; compare within one run only.
 */
import { parseArgs } from "node:util";
import { KeyRing } from "../src/mcp/session/key-ring.ts";
import { Sessions } from "../src/mcp/session/sessions.ts";
import { mcpConfig } from "../tests/mcp/config.ts";
import { RawClient } from "../tests/mcp/raw-client.ts";
import { type Gateway, startGateway } from "../tests/support/gateway.ts";
import { residentMb } from "../tests/support/memory.ts";
import { type LoadGenerator, type Server, startLoadGenerator, startServer } from "./processes.ts";
import { formatTable, isMet, type Row } from "./report.ts";
import { median } from "./statistics.ts";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, check: { type: "boolean", default: false } },
});
const pace = options.quick
  ? { rounds: 2, roundMs: 500, warmUpMs: 150, streams: 100 }
  : { rounds: 7, roundMs: 1200, warmUpMs: 150, streams: 1000 };

type Target = "direct" | "floor" | "aigw";
const targets = ["direct", "floor", "aigw"] as const satisfies Target[];
interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

async function main(): Promise<void> {
  const servers = await Promise.all(Array.from({ length: 10 }, () => startServer("mcp-upstream", {})));
  const [one] = servers as [Server];
  const floor = await startServer("mcp-floor", { BENCH_UPSTREAM: `http://127.0.0.1:${one.port}/mcp` });
  const load = await startLoadGenerator();
  await using single = await startGateway({ config: mcpConfig({ server: one.port }) });
  const ten = Object.fromEntries(servers.map(({ port }, index) => [`server-${index}`, port]));
  await using many = await startGateway({ config: mcpConfig(ten) });
  try {
    const call = await rounds(load, { direct: one, floor, aigw: single }, "tools/call", 1);
    const sixteen = await rounds(load, { direct: one, floor, aigw: single }, "tools/call", 16);
    const list = await rounds(load, { direct: one, floor, aigw: many }, "tools/list", 1);
    const idleMb = residentMb(many.pid);
    const streamsMb = await idleStreams(many, pace.streams);
    const rows: Row[] = [
      row("tools/call at 1, p50", "ms", call, "p50", { of: "comparison", most: 0.5 }),
      row("tools/call at 1, p99", "ms", call, "p99", { of: "comparison", most: 2 }),
      {
        ...row("tools/call at 16", "calls/s", sixteen, "perSecond"),
        compare: "share",
        goal: { of: "comparison", least: 50 },
      },
      row("tools/list of 10 servers, p50", "ms", list, "p50", { of: "comparison", most: 2 }),
      {
        what: "a session opened",
        unit: "µs",
        aigw: await sessionMicroseconds(),
        goal: { of: "value", most: 20 },
      },
      { what: "memory, idle", unit: "MB", aigw: idleMb },
      {
        what: `memory, ${pace.streams} clients listen to 5 servers`,
        unit: "MB",
        aigw: streamsMb,
        goal: { of: "value", most: 300 },
      },
    ];
    console.log(`Bun ${Bun.version}; medians of ${pace.rounds} alternating rounds of ${pace.roundMs} ms\n`);
    console.log(formatTable(rows));
    if (options.check && !rows.every(isMet)) process.exitCode = 1;
  } finally {
    await Promise.all([load, floor, ...servers].map((each) => each.stop()));
  }
}

function row(
  what: string,
  unit: string,
  of: Record<Target, Measured>,
  member: keyof Measured,
  goal?: Row["goal"],
): Row {
  const values = { direct: of.direct[member], floor: of.floor[member], aigw: of.aigw[member] };
  return { what, unit, ...values, compare: "added", ...(goal && { goal }) };
}

async function rounds(
  load: LoadGenerator,
  processes: Record<Target, { readonly port: number }>,
  method: string,
  connections: number,
): Promise<Record<Target, Measured>> {
  const measured: Record<Target, Measured[]> = { direct: [], floor: [], aigw: [] };
  const requests = {} as Record<Target, string>;
  for (const target of targets) requests[target] = await requestFor(target, processes[target].port, method);
  for (let round = 0; round <= pace.rounds; round++) {
    for (let turn = 0; turn < targets.length; turn++) {
      const target = targets[(round + turn) % targets.length] ?? "direct";
      const { port } = processes[target];
      const { warmUpMs, roundMs: durationMs } = pace;
      const result = await load.run({
        port,
        kind: "chat",
        connections,
        warmUpMs,
        durationMs,
        request: requests[target],
      });
      if (round > 0) measured[target].push(result);
    }
  }
  const of = (target: Target): Measured => ({
    perSecond: median(measured[target].map(({ perSecond }) => perSecond)),
    p50: median(measured[target].map(({ p50 }) => p50)),
    p99: median(measured[target].map(({ p99 }) => p99)),
  });
  return { direct: of("direct"), floor: of("floor"), aigw: of("aigw") };
}

/** The bytes of one request, in a session that was opened for it. */
async function requestFor(target: Target, port: number, method: string): Promise<string> {
  const client = new RawClient(`http://127.0.0.1:${port}/mcp`);
  if (target !== "floor") await client.open();
  const name = target === "aigw" ? "server__tool_1" : "tool_1";
  const params = method === "tools/call" ? { name, arguments: { message: "hello" } } : {};
  const body = JSON.stringify({ jsonrpc: "2.0", id: 7, method, params });
  const headers = {
    host: `127.0.0.1:${port}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2025-11-25",
    "mcp-session-id": client.session ?? "bench",
    "content-length": String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}\r\n`);
  return `POST /mcp HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

/** What it costs to open a session that this process has not seen before. */
async function sessionMicroseconds(): Promise<number> {
  const keys = await KeyRing.derive(["bench"], 1);
  const backends = Array.from({ length: 10 }, (_, index) => ({
    name: `server-${index}`,
    sessionId: crypto.randomUUID(),
    protocolVersion: "2025-11-25",
    capabilities: 511,
  }));
  const facts = {
    issuedAtMs: 0,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    protocolVersion: "2025-11-25",
    principal: undefined,
    capabilities: { elicitation: {}, sampling: {}, roots: { listChanged: true } },
    clientInfo: { name: "bench", version: "1" },
    backends,
  };
  const { token } = new Sessions({ keys }).create("default/mcp", facts);
  const times: number[] = [];
  for (let round = 0; round < 20; round++) {
    const startedAt = performance.now();
    for (let i = 0; i < 500; i++) new Sessions({ keys }).find("default/mcp", token, undefined);
    times.push(((performance.now() - startedAt) / 500) * 1000);
  }
  return median(times);
}

/** Resident megabytes while so many clients listen, each to five servers at least. */
async function idleStreams(gateway: Gateway, count: number): Promise<number> {
  const streams: Response[] = [];
  for (let begun = 0; begun < count; begun += 20) {
    const some = Array.from({ length: 20 }, async () => {
      const client = new RawClient(`${gateway.url}/mcp`);
      await client.open();
      streams.push(await client.fetch({ method: "GET" }));
    });
    await Promise.all(some);
  }
  await Bun.sleep(2000);
  const megabytes = residentMb(gateway.pid);
  await Promise.all(streams.map((stream) => stream.body?.cancel()));
  return megabytes;
}

await main();
process.exit();
