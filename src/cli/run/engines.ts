import { join } from "node:path";
import process from "node:process";
import type { Environment } from "../../config/index.ts";
import type * as embedded from "../../engines/embedded/index.ts";
import type { Engine } from "../../engines/engine.ts";
import type * as envoy from "../../engines/envoy/index.ts";
import type { ObtainOptions, Processor, ProcessorOptions, Wanted } from "../../engines/envoy/index.ts";
import { readHeaderAttributes } from "../../policy/header-attributes.ts";
import { DownloadProgress } from "../download-progress.ts";
import { userAgent } from "../product-version.ts";
import type { EngineOptions } from "./gateway.ts";
import { Patience } from "./patience.ts";

/** How long `auto` waits for somebody to say what can be downloaded. */
const autoListMs = 1500;

export interface EngineRooms {
  readonly environment: Environment;
  readonly embedded: Pick<typeof embedded, "createEmbeddedEngine">;
  /** The rooms of an Envoy engine, loaded when it is wanted. */
  loadEnvoy(): Promise<EnvoyRooms>;
}

export interface EnvoyRooms {
  readonly envoy: Pick<typeof envoy, "createEnvoyEngine" | "obtainEnvoy" | "readWanted">;
  createProcessor(options: ProcessorOptions): Processor;
}

/** The engine that a run's plan asks for. */
export function chooseEngine(rooms: EngineRooms, options: EngineOptions): Engine | Promise<Engine> {
  const { engine } = options.scope.plan;
  if (engine === "envoy") return rooms.loadEnvoy().then((loaded) => createEnvoy(rooms, loaded, options));
  if (engine === "auto") return chooseAutomatically(rooms, options);
  return rooms.embedded.createEmbeddedEngine(options);
}

/** Envoy where it is there and runs, or can be fetched soon; else one line, and the engine that is always there. */
async function chooseAutomatically(rooms: EngineRooms, options: EngineOptions): Promise<Engine> {
  const { reporter, terminal } = options.scope;
  const patience = new Patience(options.signal, terminal.isWatched);
  try {
    const loaded = await rooms.loadEnvoy();
    const { path } = await obtain(rooms, loaded, options, patience.signal, {
      listLimitMs: autoListMs,
      advice: "",
      mustRun: true,
      onProgress: (done, total) => patience.progress(done, total),
    });
    return createEnvoy(rooms, loaded, options, path);
  } catch (error) {
    options.signal.throwIfAborted();
    const reason = patience.verdict ?? (error instanceof Error ? error.message : String(error));
    reporter.say(withoutEnvoy(reason));
    return rooms.embedded.createEmbeddedEngine(options);
  } finally {
    patience.end();
  }
}

function withoutEnvoy(reason: string): string {
  const advice = "`aigw download-envoy` gets it, `--engine embedded` does without and says nothing";
  return `running embedded, without Envoy: ${reason} (${advice})`;
}

function createEnvoy(rooms: EngineRooms, loaded: EnvoyRooms, options: EngineOptions, path?: string): Engine {
  const { model, secrets, runtime, log, telemetry, mcp, stateDirectory, scope, onLost } = options;
  const { directory, reporter, plan, terminal } = scope;
  const { paths, runId } = directory;
  const decode = decoder();
  const logAttributes = readHeaderAttributes(rooms.environment).logs;
  return loaded.envoy.createEnvoyEngine({
    model,
    secrets,
    runtime,
    log,
    mcp,
    processor: loaded.createProcessor({
      socketPath: paths.socket,
      environment: rooms.environment,
      runtime,
      log,
      telemetry,
      stateDirectory,
      logAttributes,
    }),
    environment: process.env,
    runId,
    paths: {
      directory: paths.envoy,
      mcpSocket: paths.mcpSocket,
      adminAddress: paths.adminAddress,
      stdoutLog: paths.accessLog,
      stderrLog: paths.stderrLog,
    },
    logAttributes,
    logResource: telemetry.envoyLogs?.resource ?? new Map(),
    findBinary: async (signal) => path ?? (await obtain(rooms, loaded, options, signal)).path,
    terminal: {
      say: (line, level) => reporter.say(line, level),
      stderr: (line) => terminal.err(`${line}\n`),
      stdout: plan.isDebug ? (text) => terminal.out(decode(text)) : undefined,
    },
    onSpawn: (pid) => directory.noteEnvoy(pid),
    onLost,
  });
}

/** Of pieces that may end in the middle of a character. */
function decoder(): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder();
  return (bytes) => decoder.decode(bytes, { stream: true });
}

async function obtain(
  { environment }: EngineRooms,
  { envoy }: EnvoyRooms,
  { scope, model }: EngineOptions,
  signal: AbortSignal,
  more: Pick<ObtainOptions, "listLimitMs" | "onProgress" | "advice" | "mustRun"> = {},
) {
  const { plan, reporter, terminal } = scope;
  const wanted: Wanted = envoy.readWanted({
    path: plan.envoyPath,
    configured: model.process.envoyVersion,
    variable: environment["ENVOY_VERSION"],
    file: join(plan.directories.config, "envoy-version"),
  });
  const progress = new DownloadProgress(terminal);
  try {
    return await envoy.obtainEnvoy({
      wanted,
      dataDirectory: plan.directories.data,
      versionsUrl: environment["ENVOY_VERSIONS_URL"],
      userAgent,
      signal,
      announce(line) {
        progress.clear();
        reporter.say(line);
      },
      ...more,
      onProgress(done, total) {
        progress.show(done, total);
        more.onProgress?.(done, total);
      },
    });
  } finally {
    progress.clear();
  }
}
