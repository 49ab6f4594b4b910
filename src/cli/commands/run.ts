import process from "node:process";
import type { CommandBody, Host } from "../grammar/command.ts";
import type { runFlags } from "../grammar/flags.ts";
import type { EnvoyRooms } from "../run/engines.ts";
import type { GatewayParts } from "../run/gateway.ts";
import { planRun } from "../run/plan.ts";

export const run: CommandBody<typeof runFlags> = async ({ flags, words: [path] }, host) => {
  host.runtime.restartForLimits();
  const startedAtMs = performance.now();
  const plan = await planRun(flags, path, host);
  const { listenToProcess, runGateway, shutdownTimes } = await import("../run/index.ts");
  return runGateway(plan, await loadParts(host), {
    terminal: host.terminal,
    startedAtMs,
    times: shutdownTimes,
    listenToProcess,
    exit: (code) => process.exit(code),
  });
};

/** The big rooms, only now that a gateway is really wanted. */
async function loadParts(host: Host): Promise<GatewayParts> {
  const { runtime, environment, workingDirectory } = host;
  const [config, embedded, { createTelemetry }, { chooseEngine }] = await Promise.all([
    import("../../config/index.ts"),
    import("../../engines/embedded/index.ts"),
    import("../../telemetry/index.ts"),
    import("../run/engines.ts"),
  ]);
  const rooms = { environment, embedded, loadEnvoy };
  return {
    runtime,
    environment,
    workingDirectory,
    config,
    createEngine: (options) => chooseEngine(rooms, options),
    createTelemetry,
  };
}

async function loadEnvoy(): Promise<EnvoyRooms> {
  const [envoy, { createProcessor }] = await Promise.all([
    import("../../engines/envoy/index.ts"),
    import("../../engines/extproc/index.ts"),
  ]);
  return { envoy, createProcessor };
}
