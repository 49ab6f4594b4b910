import process from "node:process";
import { exitCode, failureLine } from "../failure.ts";
import type { CommandBody, Host } from "../grammar/command.ts";
import type { runFlags } from "../grammar/flags.ts";
import type { GatewayParts } from "../run/gateway.ts";
import { planRun } from "../run/plan.ts";

export const run: CommandBody<typeof runFlags> = async ({ flags, words: [path] }, host) => {
  host.runtime.restartForLimits();
  const startedAtMs = performance.now();
  const plan = await planRun(flags, path, host);
  if (flags.engine === "envoy") {
    const reason =
      "this build of aigw has no Envoy engine yet; leave --engine (AIGW_ENGINE) out or choose embedded";
    host.terminal.err(failureLine("Error running", reason));
    return exitCode.failed;
  }
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
async function loadParts({ runtime, environment, workingDirectory }: Host): Promise<GatewayParts> {
  const [config, { createEmbeddedEngine }, { createTelemetry }] = await Promise.all([
    import("../../config/index.ts"),
    import("../../engines/embedded/index.ts"),
    import("../../telemetry/index.ts"),
  ]);
  return {
    runtime,
    environment,
    workingDirectory,
    config,
    createEngine: createEmbeddedEngine,
    createTelemetry,
  };
}
