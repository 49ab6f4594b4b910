import { type AdminServer, startAdminServer } from "../../admin/index.ts";
import type { Environment } from "../../config/index.ts";
import type { EmbeddedOptions } from "../../engines/embedded/index.ts";
import type { Engine } from "../../engines/engine.ts";
import type { GatewayModel } from "../../model/gateway.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { GatewayTelemetry, TelemetryOptions } from "../../telemetry/index.ts";
import type { ProgramLog } from "../../telemetry/program-log.ts";
import { messageChain } from "../failure.ts";
import { countFindings, writeFinding } from "../findings.ts";
import { productVersion } from "../product-version.ts";
import type { Terminal } from "../terminal.ts";
import { type ConfigRoom, type Loaded, loadConfiguration } from "./configuration.ts";
import { FileWatcher } from "./file-watcher.ts";
import { writeGatewayConfig, writeProcessorConfig } from "./generated-files.ts";
import type { RunPlan } from "./plan.ts";
import type { Reporter } from "./reporter.ts";
import type { RunDirectory } from "./run-directory.ts";
import { listeningLine, processorReady, servingLine } from "./status.ts";
import { withinTime } from "./within-time.ts";

/** The rooms that a run is made of; tests bring their own. */
export interface GatewayParts {
  readonly runtime: Runtime;
  readonly environment: Environment;
  readonly workingDirectory: string;
  readonly config: ConfigRoom;
  createEngine(options: EngineOptions): Engine | Promise<Engine>;
  createTelemetry(options: TelemetryOptions): Promise<GatewayTelemetry>;
}

/** What engines are made of: the model and what they report to; and the run they are part of. */
export interface EngineOptions extends EmbeddedOptions {
  readonly scope: RunScope;
  /** Fires when there is no use in starting any more. */
  readonly signal: AbortSignal;
  /** The engine has ended by itself and does not come back. */
  onLost(error: Error): void;
}

/** What belongs to one run from the moment its directories exist. */
export interface RunScope {
  readonly plan: RunPlan;
  readonly directory: RunDirectory;
  readonly log: ProgramLog;
  readonly reporter: Reporter;
  /** Of `performance.now()`, when the run began. */
  readonly startedAtMs: number;
  /** For what programs below this one say by themselves. */
  readonly terminal: Terminal;
  /** Told the port of the first listener once requests are taken. */
  readonly onListening?: ((port: number) => void) | undefined;
}

/** `INITIALIZING` until requests are taken, `DRAINING` once they are not any more; the words are Envoy's. */
type State = "INITIALIZING" | "LIVE" | "DRAINING";

/** One running gateway: started once, reloaded often, stopped once. */
export class Gateway {
  readonly #scope: RunScope;
  readonly #parts: GatewayParts;
  readonly #watcher: FileWatcher;
  readonly #starting = new AbortController();
  readonly #lost = Promise.withResolvers<never>();
  #state: State = "INITIALIZING";
  #telemetry: GatewayTelemetry | undefined;
  #admin: AdminServer | undefined;
  #engine: Engine | undefined;
  /** The step that is being taken, if any: start or a reload. */
  #busy: Promise<void> = Promise.resolve();
  /** Why the configuration that runs is not the one that is written; empty while it is. */
  #notes: readonly string[] = [];

  constructor(scope: RunScope, parts: GatewayParts) {
    this.#scope = scope;
    this.#parts = parts;
    this.#watcher = new FileWatcher(
      () => void this.reload("changed files"),
      (directory, error) => {
        const fields = { directory, error: messageChain(error) };
        scope.log.program.warn("Directory cannot be watched: send SIGHUP after a change", fields);
      },
    );
  }

  /** Rejects when the engine has ended by itself; never resolves. */
  get lost(): Promise<never> {
    return this.#lost.promise;
  }

  /** Everything up to the line that says it listens. Throws why it cannot; `stop` then clears up. */
  start(): Promise<void> {
    this.#busy = this.#start();
    return this.#busy;
  }

  /** Compiles anew and swaps if that is sound; else says why by line and goes on. Never throws; one at a time. */
  reload(cause: string): Promise<void> {
    const next = () => this.#reload(cause);
    this.#busy = this.#busy.then(next, next);
    return this.#busy;
  }

  /**
   * No new requests; those in flight may finish for `drainMs`, then what telemetry holds is written, for `flushMs` at
   * most. Never throws. A start in progress gives up at its next step, and what it has made is stopped as well.
   */
  async stop({ drainMs, flushMs }: { readonly drainMs: number; readonly flushMs: number }): Promise<void> {
    const { log } = this.#scope;
    this.#state = "DRAINING";
    this.#starting.abort(new Error("the start was given up"));
    this.#watcher.close();
    const step = async (name: string, action: Promise<unknown> | undefined) => {
      await action?.catch((error: unknown) =>
        log.program.error(`${name} failed`, { error: messageChain(error) }),
      );
    };
    await this.#busy.catch(() => {});
    await step("Draining", this.#engine?.stop(drainMs));
    await step("Writing telemetry", withinTime(this.#closeTelemetry(), flushMs));
    await step("Closing the admin server", this.#admin?.stop());
  }

  async #start(): Promise<void> {
    const { plan, directory, log, reporter, startedAtMs } = this.#scope;
    const loaded = this.#load();
    for (const notice of loaded.notices) reporter.say(`warning: ${notice}`, "warn");
    const model = this.#accept(loaded);
    // From here on, so that a change during the start is not missed: its reload waits for the start to end.
    this.#watcher.follow(loaded.files);
    this.#writeGenerated(loaded, model);
    directory.write(directory.paths.accessLog, "");

    this.#telemetry = await this.#parts.createTelemetry({
      environment: this.#parts.environment,
      sendRequest: (url, init) => this.#parts.runtime.fetch(url, init),
      stdoutLogPath: directory.paths.accessLog,
      echoStdout: plan.isDebug,
      log: log.dataPlane,
      version: productVersion,
    });
    if (this.#isStopping()) return;
    const made = this.#parts.createEngine({
      model,
      secrets: loaded.secrets,
      environment: this.#parts.environment,
      runtime: this.#parts.runtime,
      log: log.dataPlane,
      telemetry: this.#telemetry,
      stateDirectory: plan.directories.state,
      scope: this.#scope,
      signal: this.#starting.signal,
      onLost: (error) => this.#lost.reject(error),
    });
    const engine = made instanceof Promise ? await made : made;
    this.#admin = this.#startAdmin(this.#telemetry, engine);
    await engine.prepare?.();
    reporter.say(processorReady);
    await engine.start(this.#starting.signal);
    this.#engine = engine;
    if (this.#isStopping()) return;
    this.#state = "LIVE";
    const port = engine.bound[0]?.port ?? 0;
    const adminPort = engine.adminPort ?? this.#admin.port;
    reporter.remark(servingLine(engine.name, model));
    reporter.say(listeningLine(port, adminPort, performance.now() - startedAtMs));
    this.#scope.onListening?.(port);
  }

  async #reload(cause: string): Promise<void> {
    if (this.#state !== "LIVE" || this.#engine === undefined) return;
    const { log, reporter } = this.#scope;
    log.program.info("Reloading the configuration", { cause });
    let loaded: Loaded | undefined;
    try {
      loaded = this.#load();
      // Whatever came out: the files that were looked at are those whose change may mend it.
      this.#watcher.follow(loaded.files);
      const model = this.#accept(loaded);
      await this.#engine.replace(model, loaded.secrets);
      this.#writeGenerated(loaded, model);
      this.#notes = [];
      reporter.say(`configuration reloaded from ${loaded.name}`);
    } catch (error) {
      const line = `configuration not reloaded, the gateway goes on with the one it has: ${messageChain(error)}`;
      this.#notes = [`${new Date().toISOString()} ${line}`, ...this.#errorsOf(loaded)];
      reporter.say(line, "error");
    }
  }

  #load(): Loaded {
    const { config, environment, workingDirectory } = this.#parts;
    return loadConfiguration(this.#scope.plan, config, environment, workingDirectory);
  }

  /** The model of a sound configuration; throws how many errors there are, after each has been said. */
  #accept({ name, model, diagnostics }: Loaded): GatewayModel {
    this.#scope.reporter.findings(diagnostics, this.#parts.config.formatDiagnostic);
    if (model === undefined) throw new Error(`${countFindings(diagnostics)} in ${name}`);
    this.#scope.log.program.info("Configuration read", { name, listeners: model.listeners.length });
    return model;
  }

  #errorsOf(loaded: Loaded | undefined): string[] {
    const { formatDiagnostic } = this.#parts.config;
    const errors = (loaded?.diagnostics ?? []).filter(({ severity }) => severity === "error");
    return errors.map((finding) => writeFinding(finding, formatDiagnostic).trimEnd());
  }

  /** For people only, so a disk that takes no more is no reason to refuse a configuration. */
  #writeGenerated(loaded: Loaded, model: GatewayModel): void {
    const { directory, plan, log } = this.#scope;
    const write = (path: string, text: () => string) => {
      try {
        directory.write(path, text());
        log.program.info("File written", { path });
      } catch (error) {
        log.program.warn("File cannot be written", { path, error: messageChain(error) });
      }
    };
    const { gatewayConfig, resources, processorConfig } = directory.paths;
    write(gatewayConfig, () => writeGatewayConfig(directory.paths, plan.isDebug));
    write(resources, () => loaded.resourcesText());
    write(processorConfig, () => writeProcessorConfig(model, productVersion));
  }

  #startAdmin(telemetry: GatewayTelemetry, engine: Engine): AdminServer {
    const { plan, directory, log } = this.#scope;
    const admin = startAdminServer({
      runtime: this.#parts.runtime,
      host: plan.adminHost,
      port: plan.adminPort,
      log: log.program,
      problem: () => (this.#state === "DRAINING" ? "the gateway is shutting down" : undefined),
      state: () => this.#state,
      notes: () => this.#notes,
      metrics: (accept) => telemetry.metricsText(accept),
    });
    // An engine with an admin server of its own has that found under the name that health checks look for.
    if (engine.name === "embedded") directory.write(directory.paths.adminAddress, admin.address);
    log.program.info("Admin server listens", { address: admin.address });
    return admin;
  }

  async #closeTelemetry(): Promise<void> {
    await this.#telemetry?.flush();
    await this.#telemetry?.close();
  }

  #isStopping(): boolean {
    return this.#state === "DRAINING";
  }
}
