import { type AdminServer, startAdminServer } from "../../admin/index.ts";
import type { readFilterConfig } from "../../config/index.ts";
import { type CallServer, checkHealth, Processor, startCallServer } from "../../engines/extproc/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { GatewayTelemetry, TelemetryOptions } from "../../telemetry/index.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { exitCode } from "../failure.ts";
import type { ListenToProcess } from "../run/process-events.ts";
import { processorReady } from "../run/status.ts";
import { withinTime } from "../run/within-time.ts";
import { ConfigFollower } from "./config-follower.ts";
import { versionGate } from "./config-source.ts";
import type { ExtprocSettings } from "./settings.ts";

/** The rooms that a processor is made of; tests bring their own. */
export interface ExtprocParts {
  readonly runtime: Runtime;
  readonly readFilterConfig: typeof readFilterConfig;
  createTelemetry(options: TelemetryOptions): Promise<GatewayTelemetry>;
}

/** How long a stop takes, by phase. */
export interface ExtprocTimes {
  /** Requests are still taken: whoever sends them to Envoy has to learn first that it is going away. */
  readonly lingerMs: number;
  /** Requests under way may finish. */
  readonly drainMs: number;
  readonly flushMs: number;
}

export const extprocTimes: ExtprocTimes = { lingerMs: 15_000, drainMs: 300_000, flushMs: 5_000 };

export interface ExtprocWorld {
  readonly log: Logger;
  readonly writeError: (text: string) => void;
  readonly version: string;
  readonly times: ExtprocTimes;
  readonly listenToProcess: ListenToProcess;
  /** Ends the process at once. */
  exit(code: number): void;
}

const healthMs = 1000;

/** Serves until a signal; resolves with the exit code. Throws why it cannot start, and leaves nothing behind then. */
export async function runExtproc(
  settings: ExtprocSettings,
  parts: ExtprocParts,
  world: ExtprocWorld,
): Promise<number> {
  const { log, times } = world;
  const stopped = Promise.withResolvers<void>();
  const running = new Running(settings, parts, world);
  const release = world.listenToProcess({
    stop(signal) {
      log.info("stopping", { signal, after_ms: times.lingerMs });
      stopped.resolve();
    },
    reload: () => running.reload(),
    stopNow: () => world.exit(exitCode.failed),
    // One request's accident is no reason to end the others: the model is frozen and requests share no state.
    accident(error) {
      log.error("unexpected error", { error: error instanceof Error ? error.stack : String(error) });
    },
  });
  try {
    await running.start();
    await stopped.promise;
    await new Promise((resolve) => setTimeout(resolve, times.lingerMs));
    return exitCode.ok;
  } finally {
    await running.stop();
    release();
  }
}

class Running {
  readonly #settings: ExtprocSettings;
  readonly #parts: ExtprocParts;
  readonly #world: ExtprocWorld;
  #follower: ConfigFollower | undefined;
  #telemetry: GatewayTelemetry | undefined;
  #server: CallServer | undefined;
  #admin: AdminServer | undefined;

  constructor(settings: ExtprocSettings, parts: ExtprocParts, world: ExtprocWorld) {
    this.#settings = settings;
    this.#parts = parts;
    this.#world = world;
  }

  async start(): Promise<void> {
    const { config, configVersion, address, mount, attributes, wantsMcp } = this.#settings;
    const { log, version, writeError } = this.#world;
    log.info("starting external processor", { version, config: config.path });
    if (wantsMcp) log.warn("extproc does not serve MCP: -mcpAddr has no effect");
    const telemetry = await this.#parts.createTelemetry({
      environment: this.#settings.environment,
      sendRequest: (url, init) => this.#parts.runtime.fetch(url, init),
      // Access logs are Envoy's.
      stdoutLogPath: "/dev/null",
      echoStdout: false,
      log,
      version,
    });
    this.#telemetry = telemetry;
    const processor = new Processor({
      environment: this.#settings.environment,
      runtime: this.#parts.runtime,
      log,
      settled: telemetry.settled,
      observe: telemetry.observe,
      mount,
      logAttributes: attributes.logs,
    });
    this.#follower = new ConfigFollower({
      config,
      gate: versionGate(version, configVersion),
      read: this.#parts.readFilterConfig,
      log,
      wantsMcp,
      use: (model, secrets) => processor.replace(model, secrets),
    });
    // Before anybody is let in, so that nobody is told that there is no configuration.
    this.#follower.start();
    this.#server = await startCallServer({
      address,
      maxReceiveBytes: this.#settings.maxReceiveBytes,
      serve: processor.serve,
      isServing: () => processor.isServing,
    });
    this.#admin = this.#startAdmin(telemetry, this.#server.target);
    log.info("listening", { grpc: this.#server.target, admin: this.#admin.address });
    writeError(`${processorReady}\n`);
  }

  reload(): void {
    this.#follower?.reload();
  }

  /** Never throws. */
  async stop(): Promise<void> {
    const { log, times } = this.#world;
    const step = async (name: string, action: Promise<unknown> | undefined) => {
      await action?.catch((error: unknown) => log.error(`${name} failed`, { error: String(error) }));
    };
    this.#follower?.stop();
    // What is known by now is written first: the platform may not wait for the last stream.
    await step("writing telemetry", this.#flush());
    await step("draining", this.#server?.stop(times.drainMs));
    await step("writing telemetry", this.#flush());
    await step("closing telemetry", this.#telemetry?.close());
    await step("closing the admin server", this.#admin?.stop());
  }

  async #flush(): Promise<void> {
    const { telemetry, times } = { telemetry: this.#telemetry, times: this.#world.times };
    if (telemetry !== undefined) await withinTime(telemetry.flush(), times.flushMs);
  }

  #startAdmin(telemetry: GatewayTelemetry, target: string): AdminServer {
    return startAdminServer({
      runtime: this.#parts.runtime,
      host: undefined,
      port: this.#settings.adminPort,
      log: this.#world.log,
      // Through the very address that Envoy uses.
      problem: () => checkHealth(target, healthMs),
      state: () => (this.#server === undefined ? "INITIALIZING" : "LIVE"),
      metrics: (accept) => telemetry.metricsText(accept),
    });
  }
}
