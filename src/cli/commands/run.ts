import process from "node:process";
import type { CommandBody, Host } from "../grammar/command.ts";
import type { runFlags } from "../grammar/flags.ts";
import type { EnvoyRooms } from "../run/engines.ts";
import type { GatewayParts } from "../run/gateway.ts";
import { planRun, type RunPlan } from "../run/plan.ts";

export const run: CommandBody<typeof runFlags> = async ({ flags, words: [path] }, host) => {
  host.runtime.restartForLimits();
  const startedAtMs = performance.now();
  const plan = await planRun(flags, path, host);
  const { listenToProcess, runGateway, shutdownTimes } = await import("../run/index.ts");
  return runGateway(plan, await loadParts(plan, host), {
    terminal: host.terminal,
    startedAtMs,
    times: shutdownTimes,
    listenToProcess,
    exit: (code) => process.exit(code),
  });
};

/** The big rooms, only now that a gateway is really wanted. */
async function loadParts(plan: RunPlan, host: Host): Promise<GatewayParts> {
  const { runtime, environment, workingDirectory } = host;
  // Whether there is one at all shows before anything is begun.
  if (plan.engine === "envoy") await loadEnvoy();
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

/** What stands behind Envoy's filters is still to come. */
async function loadEnvoy(): Promise<EnvoyRooms> {
  throw new Error(
    "this build of aigw has no Envoy engine yet; leave --engine (AIGW_ENGINE) out or choose embedded",
  );
}
