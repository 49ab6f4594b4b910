/**
 * What telemetry costs: `./scripts/bench --telemetry [--quick]`.
 *
 * Gateways without and with traces run side by side, the latter with whole conversations in them and a collector that
 * takes all; rounds alternate.
 */
import { parseArgs } from "node:util";
import { GenAiMetrics } from "../src/telemetry/metrics/gen-ai-metrics.ts";
import { listeningLog, settledWith } from "../src/telemetry/testing.ts";
import { gatewayYaml } from "../tests/support/config.ts";
import { type Gateway, startGateway } from "../tests/support/gateway.ts";
import { freePort } from "../tests/support/ports.ts";
import { type LoadGenerator, startLoadGenerator, startServer } from "./processes.ts";
import { median } from "./statistics.ts";
import type { Kind } from "./traffic.ts";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false } },
});
const pace = options.quick ? { rounds: 3, roundMs: 500 } : { rounds: 9, roundMs: 1200 };

const variants: { readonly [name: string]: Readonly<Record<string, string>> } = {
  "tracing off": {},
  "OpenInference, all content": { OTEL_TRACES_EXPORTER: "otlp" },
  "OpenInference, all hidden": {
    OTEL_TRACES_EXPORTER: "otlp",
    OPENINFERENCE_HIDE_INPUTS: "true",
    OPENINFERENCE_HIDE_OUTPUTS: "true",
  },
  gen_ai: { OTEL_TRACES_EXPORTER: "otlp", AI_GATEWAY_TRACING_SEMCONV: "gen_ai" },
};
const scenarios: { readonly [name: string]: Kind } = { chat: "chat", "streams of a burst": "burst" };

async function main(): Promise<void> {
  const upstream = await startServer("upstream", {});
  let exported = 0;
  const collector = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      exported += (await request.arrayBuffer()).byteLength;
      return new Response(null, { headers: { "content-type": "application/x-protobuf" } });
    },
  });
  const load = await startLoadGenerator();
  const gateways = new Map<string, Gateway>();
  try {
    for (const [name, env] of Object.entries(variants)) {
      const backends = [{ name: "bench", url: `http://127.0.0.1:${upstream.port}` }];
      const config = gatewayYaml({ port: freePort(), backends });
      const flags = ["--engine", "embedded"];
      const endpoint = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${collector.port}/v1/traces` };
      const none = { OTEL_TRACES_EXPORTER: "none" };
      gateways.set(name, await startGateway({ config, flags, env: { ...none, ...endpoint, ...env } }));
    }
    for (const [scenario, kind] of Object.entries(scenarios)) await compare(load, gateways, scenario, kind);
    console.log(`\n${(exported / 1e6).toFixed(1)} MB were exported`);
    console.log(`metrics: ${metricsUs().toFixed(2)} us a request`);
  } finally {
    for (const gateway of gateways.values()) await gateway[Symbol.asyncDispose]();
    await Promise.all([load.stop(), upstream.stop(), collector.stop(true)]);
  }
}

async function compare(
  load: LoadGenerator,
  gateways: ReadonlyMap<string, Gateway>,
  scenario: string,
  kind: Kind,
): Promise<void> {
  const names = [...gateways.keys()];
  const rounds = new Map(names.map((name) => [name, [] as number[]]));
  // Round 0 only warms up; each begins with another gateway.
  for (let round = 0; round <= pace.rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] ?? "";
      const port = gateways.get(name)?.port ?? 0;
      const order = { kind, connections: 16, port, durationMs: pace.roundMs, warmUpMs: 150 };
      const { perSecond } = await load.run(order);
      if (round > 0) rounds.get(name)?.push(perSecond);
    }
  }
  const base = median(rounds.get("tracing off") ?? []);
  console.log(`\n${scenario}, 16 connections`);
  for (const [name, all] of rounds) {
    const perSecond = median(all);
    const share = `${((perSecond / base) * 100).toFixed(0)} %`;
    console.log(`  ${name.padEnd(28)} ${perSecond.toFixed(0).padStart(7)} /s ${share.padStart(7)}`);
  }
}

/** Of counting one settled exchange; the best of some rounds. */
function metricsUs(): number {
  const metrics = new GenAiMetrics({ headerLabels: [], log: listeningLog() });
  const settled = settledWith();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 20; round++) {
    const startedAt = performance.now();
    for (let index = 0; index < 10_000; index++) metrics.record(settled);
    best = Math.min(best, (performance.now() - startedAt) / 10);
  }
  return best;
}

await main();
