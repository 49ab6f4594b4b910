import { chmodSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { systemReason, UsageError } from "../failure.ts";
import type { Directories } from "../paths/directories.ts";
import { userId } from "../paths/expand-path.ts";
import { checkRunId, generateRunId } from "../paths/run-id.ts";
import { abandonedEnvoy, noteEnvoy, takeLock } from "./lock.ts";

/** Where a run keeps its files: all absolute. */
export interface RunPaths {
  readonly log: string;
  readonly gatewayConfig: string;
  readonly resources: string;
  readonly processorConfig: string;
  readonly accessLog: string;
  /** What Envoy, or an access log, writes to stderr. */
  readonly stderrLog: string;
  /** Directory of what an Envoy reads. */
  readonly envoy: string;
  readonly adminAddress: string;
  readonly socket: string;
  /** Where the MCP endpoint is that an Envoy leads to. */
  readonly mcpSocket: string;
  readonly lock: string;
}

/** An Envoy whose aigw is dead. */
export interface AbandonedEnvoy {
  readonly runId: string;
  readonly pid: number;
}

/** The directories of one run, locked for this process. */
export class RunDirectory {
  readonly runId: string;
  readonly paths: RunPaths;
  /** Whether a dead process had left its lock. */
  readonly wasStale: boolean;
  /** Envoys of dead runs, this one's or others'. */
  readonly abandoned: readonly AbandonedEnvoy[];

  constructor(runId: string, paths: RunPaths, wasStale: boolean, abandoned: readonly AbandonedEnvoy[]) {
    this.runId = runId;
    this.paths = paths;
    this.wasStale = wasStale;
    this.abandoned = abandoned;
  }

  /** Remembers which Envoy belongs to this run. */
  noteEnvoy(pid: number): void {
    noteEnvoy(this.paths.lock, pid);
  }

  /** Writes a generated file that is its owner's alone, whatever was there. */
  write(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    writeFileSync(path, text, { mode: 0o600 });
    chmodSync(path, 0o600);
  }

  /** Removes what lives only as long as the run. Never throws; safe to call twice. */
  close(): void {
    const { socket, mcpSocket, adminAddress, lock, envoy } = this.paths;
    for (const path of [envoy, socket, mcpSocket, adminAddress, lock])
      quietly(() => rmSync(path, { force: true, recursive: true }));
    quietly(() => rmdirSync(dirname(lock)));
  }
}

/**
 * Makes the directories of a run and takes its lock. Throws `UsageError` if they cannot be made, `RunInUse` if another
 * process has them; nothing of that one's is touched then.
 */
export function openRunDirectory(directories: Directories, givenId: string | undefined): RunDirectory {
  if (givenId !== undefined) checkRunId(givenId);
  const runId = givenId ?? unusedRunId(directories);
  const paths = runPaths(directories, runId);
  refuseLongSocket(paths.socket);

  makeDirectory(dirname(paths.log), 0o750, "state");
  makeDirectory(dirname(paths.lock), 0o700, "runtime");
  if (directories.isRuntimeDefault) refuseForeignDirectory(directories.runtime);
  const abandoned = findAbandoned(directories);
  const { wasStale } = lockRun(paths.lock, runId);

  const resources = dirname(paths.resources);
  rmSync(resources, { recursive: true, force: true });
  makeDirectory(resources, 0o750, "state");
  for (const leftover of [paths.socket, paths.mcpSocket, paths.adminAddress, paths.envoy])
    rmSync(leftover, { recursive: true, force: true });
  return new RunDirectory(runId, paths, wasStale, abandoned);
}

/** Runs mostly have names that nobody has again, so all are looked at. */
function findAbandoned({ runtime }: Directories): AbandonedEnvoy[] {
  return readdirSync(runtime).flatMap((runId) => {
    const pid = abandonedEnvoy(join(runtime, runId, "run.lock"));
    return pid === undefined ? [] : [{ runId, pid }];
  });
}

function runPaths({ state, runtime }: Directories, runId: string): RunPaths {
  const run = join(state, "runs", runId);
  const ephemeral = join(runtime, runId);
  return {
    log: join(run, "aigw.log"),
    gatewayConfig: join(run, "envoy-gateway-config.yaml"),
    resources: join(run, "envoy-ai-gateway-resources", "config.yaml"),
    processorConfig: join(run, "extproc-config.yaml"),
    accessLog: join(state, "envoy-runs", runId, "stdout.log"),
    stderrLog: join(state, "envoy-runs", runId, "stderr.log"),
    envoy: join(ephemeral, "envoy"),
    adminAddress: join(ephemeral, "admin-address.txt"),
    socket: join(ephemeral, "uds.sock"),
    mcpSocket: join(ephemeral, "mcp.sock"),
    lock: join(ephemeral, "run.lock"),
  };
}

/** Two runs may begin in the same millisecond: the first to make the directory has the name. */
function unusedRunId({ state }: Directories): string {
  const runs = join(state, "runs");
  makeDirectory(runs, 0o750, "state");
  for (;;) {
    const runId = generateRunId();
    try {
      mkdirSync(join(runs, runId), { mode: 0o750 });
      return runId;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST")
        throw cannotMake(join(runs, runId), "state", error);
    }
  }
}

/** The lock's directory may vanish in between when a run of the same name just ends. */
function lockRun(lock: string, runId: string): { readonly wasStale: boolean } {
  try {
    return takeLock(lock, runId);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    makeDirectory(dirname(lock), 0o700, "runtime");
    return takeLock(lock, runId);
  }
}

const settings = {
  state: "--state-home or AIGW_STATE_HOME",
  runtime: "--runtime-dir or AIGW_RUNTIME_DIR",
} as const;

function makeDirectory(path: string, mode: number, kind: keyof typeof settings): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    throw cannotMake(path, kind, error);
  }
}

function cannotMake(path: string, kind: keyof typeof settings, error: unknown): UsageError {
  const reason = systemReason(error);
  return new UsageError(`run: cannot create ${path}: ${reason}; choose another place with ${settings[kind]}`);
}

/** The kernel cuts longer paths off, or refuses them. */
const maxSocketBytes = process.platform === "darwin" ? 103 : 107;

function refuseLongSocket(path: string): void {
  if (new TextEncoder().encode(path).length <= maxSocketBytes) return;
  throw new UsageError(
    `run: the socket path ${path} is longer than ${maxSocketBytes} bytes; choose a shorter place with ${settings.runtime}`,
  );
}

/** Anybody may make a directory in /tmp, and whoever owns it may put files of his own into it. */
function refuseForeignDirectory(path: string): void {
  const facts = lstatSync(path);
  if (facts.isDirectory() && facts.uid === userId()) return;
  throw new UsageError(
    `run: ${path} is not a directory of yours; choose another place with ${settings.runtime}`,
  );
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // It is gone already, or in use by others: both are fine when a run ends.
  }
}
