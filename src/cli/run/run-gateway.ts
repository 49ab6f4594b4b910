import { openProgramLog } from "../../telemetry/program-log.ts";
import { exitCode } from "../failure.ts";
import type { Terminal } from "../terminal.ts";
import { Gateway, type GatewayParts, type RunScope } from "./gateway.ts";
import type { RunPlan } from "./plan.ts";
import type { ListenToProcess } from "./process-events.ts";
import { Reporter } from "./reporter.ts";
import { openRunDirectory, type RunDirectory } from "./run-directory.ts";
import { withinTime } from "./within-time.ts";

/** How long a shutdown may take, by phase and in all: container runtimes kill after 10 s. */
export interface ShutdownTimes {
  readonly drainMs: number;
  readonly flushMs: number;
  readonly capMs: number;
}

export const shutdownTimes: ShutdownTimes = { drainMs: 6_500, flushMs: 2_000, capMs: 9_000 };

export interface RunWorld {
  readonly terminal: Terminal;
  readonly startedAtMs: number;
  readonly times: ShutdownTimes;
  readonly listenToProcess: ListenToProcess;
  /** Ends the process at once. */
  exit(code: number): void;
  /** Told the port of the first listener once requests are taken. */
  readonly onListening?: (port: number) => void;
}

/** Runs until a signal or a failure ends it; resolves with the exit code. Throws `UsageError` and `RunInUse` before it starts. */
export async function runGateway(plan: RunPlan, parts: GatewayParts, world: RunWorld): Promise<number> {
  const directory = openRunDirectory(plan.directories, plan.runId);
  try {
    return await runIn(directory, plan, parts, world);
  } finally {
    directory.close();
  }
}

async function runIn(
  directory: RunDirectory,
  plan: RunPlan,
  parts: GatewayParts,
  world: RunWorld,
): Promise<number> {
  const log = openProgramLog({
    path: directory.paths.log,
    isDebug: plan.isDebug,
    writeError: world.terminal.err,
  });
  const reporter = new Reporter(world.terminal, log);
  const { terminal, startedAtMs } = world;
  const { onListening } = world;
  const scope: RunScope = { plan, directory, log, reporter, startedAtMs, terminal, onListening };
  log.program.info("Starting", {
    run_id: directory.runId,
    runtime: parts.runtime.name,
    version: parts.runtime.version,
  });
  if (directory.wasStale) log.program.warn("An earlier run with this ID ended without clearing up");

  const gateway = new Gateway(scope, parts);
  const stopped = Promise.withResolvers<void>();
  const release = world.listenToProcess({
    stop(signal) {
      log.program.info("Stopping", { signal });
      stopped.resolve();
    },
    reload: () => void gateway.reload("SIGHUP"),
    stopNow() {
      directory.close();
      world.exit(exitCode.failed);
    },
    // One request's accident is no reason to end the others: the model is frozen and requests share no state.
    accident(error) {
      log.dataPlane.error("Unexpected error", {
        error: error instanceof Error ? error.stack : String(error),
      });
    },
  });
  let code: number = exitCode.ok;
  try {
    const started =
      directory.abandoned.length === 0 ? gateway.start() : endAbandoned(scope).then(() => gateway.start());
    await Promise.race([started.then(() => stopped.promise), stopped.promise, gateway.lost]);
  } catch (error) {
    reporter.fail(error);
    code = exitCode.failed;
  }
  await withinTime(gateway.stop(world.times), world.times.capMs);
  release();
  log.program.info("Stopped", { code });
  log.close();
  return code;
}

/** Where the system cannot kill an Envoy together with its aigw, it holds its ports until somebody does. */
async function endAbandoned({ directory, reporter }: RunScope): Promise<void> {
  const { endLeftover } = await import("../../engines/envoy/index.ts");
  for (const { runId, pid } of directory.abandoned) {
    if (await endLeftover(pid, runId))
      reporter.say(`ended Envoy ${pid}, which the dead run ${JSON.stringify(runId)} had left behind`, "warn");
  }
}
