import { rmSync } from "node:fs";
import type { GatewayModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import { type BoundListener, type Engine, listenerName } from "../engine.ts";
import { AdminError, type EnvoyAdmin } from "./admin/envoy-admin.ts";
import { EnvoyFiles } from "./envoy-files.ts";
import { followFile } from "./follow-file.ts";
import { checkPorts } from "./free-ports.ts";
import { McpEndpoint } from "./mcp-endpoint.ts";
import { NameWatch } from "./name-watch.ts";
import type { EnvoyOptions } from "./options.ts";
import { Reloader } from "./reload/reloader.ts";
import { envoyCommand } from "./supervise/command-line.ts";
import { drainEnvoy } from "./supervise/drain.ts";
import { Supervisor } from "./supervise/supervisor.ts";
import { namesToLookUp } from "./write/clusters.ts";
import type { EnvoyResources } from "./write/write-envoy.ts";

/** The engine of a real Envoy: this program configures it, keeps it running and decides about its requests. */
export function createEnvoyEngine(options: EnvoyOptions): Engine {
  return new EnvoyEngine(options);
}

/** What Envoy gets to end in, at the end of a stop's time. */
const endMs = 1500;

/** For a body that takes its time. */
const usualHoldMs = 15_000;

/** There once Envoy is running. */
interface Running {
  readonly files: EnvoyFiles;
  readonly supervisor: Supervisor;
  readonly reloader: Reloader;
  readonly unfollow: (() => void) | undefined;
  resources: EnvoyResources;
}

class EnvoyEngine implements Engine {
  readonly name = "envoy";
  readonly #options: EnvoyOptions;
  readonly #names = new NameWatch({ onChange: () => void this.#inTurn(() => this.#writeAgain()) });
  /** What changes Envoy's files, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #model: GatewayModel;
  #secrets: Secrets;
  #running: Running | undefined;
  #bound: readonly BoundListener[] = [];
  readonly #mcp: McpEndpoint | undefined;

  constructor(options: EnvoyOptions) {
    const { mcp, paths, runtime } = options;
    this.#options = options;
    this.#mcp = mcp && new McpEndpoint(mcp, paths.mcpSocket, runtime);
    this.#model = options.model;
    this.#secrets = options.secrets;
  }

  get bound(): readonly BoundListener[] {
    return this.#bound;
  }

  get adminPort(): number | undefined {
    return this.#running?.supervisor.admin.port;
  }

  async prepare(): Promise<void> {
    await this.#options.processor.start(this.#model, this.#secrets);
    this.#mcp?.use(this.#model, this.#secrets);
  }

  async start(signal: AbortSignal): Promise<void> {
    try {
      await checkPorts(this.#model);
      const binary = await this.#options.findBinary(signal);
      await this.#names.follow(namesToLookUp(this.#model));
      signal.throwIfAborted();
      this.#running = this.#prepareRun(binary);
      const { supervisor } = this.#running;
      await supervisor.start(signal);
      await this.#setLogLevels(supervisor.admin);
      await this.#readBound(supervisor.admin);
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  replace(model: GatewayModel, secrets: Secrets): Promise<void> {
    return this.#inTurn(() => this.#replace(model, secrets));
  }

  async stop(graceMs: number): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running !== undefined) {
      const { supervisor, reloader, unfollow, files } = running;
      this.#names.close();
      reloader.close();
      this.#mcp?.drain();
      if (supervisor.isReady) await drainEnvoy(supervisor.admin, Math.max(0, graceMs - endMs));
      await supervisor.stop(endMs);
      unfollow?.();
      files.remove();
    }
    await this.#options.processor.stop();
    await this.#mcp?.stop();
    rmSync(this.#options.paths.adminAddress, { force: true });
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(action, action);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #replace(model: GatewayModel, secrets: Secrets): Promise<void> {
    const running = this.#running;
    if (running === undefined) throw new Error("Envoy does not run");
    const { processor } = this.#options;
    await checkPorts(model, new Set(this.#model.listeners.map(({ port }) => port)));
    await this.#names.follow(namesToLookUp(model));
    const resources = running.files.write(model, secrets, this.#names.addresses);
    const retire = await processor.replace(model, secrets);
    this.#mcp?.use(model, secrets);
    try {
      await running.reloader.apply(resources, retire);
    } catch (error) {
      const retireRefused = await processor.replace(this.#model, this.#secrets);
      retireRefused();
      this.#mcp?.use(this.#model, this.#secrets);
      retire();
      await this.#names.follow(namesToLookUp(this.#model));
      throw error;
    }
    this.#sayBootstrap(running.resources, resources);
    this.#model = model;
    this.#secrets = secrets;
    running.resources = resources;
    await this.#setLogLevels(running.supervisor.admin);
    await this.#readBound(running.supervisor.admin);
  }

  /** The same model, with what its names mean now. */
  async #writeAgain(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    try {
      const resources = running.files.write(this.#model, this.#secrets, this.#names.addresses);
      await running.reloader.apply(resources, () => {});
      running.resources = resources;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.log.warn("New addresses of host names are not in effect", { error: reason });
    }
  }

  #sayBootstrap(before: EnvoyResources, after: EnvoyResources): void {
    if (JSON.stringify(before.bootstrap) === JSON.stringify(after.bootstrap)) return;
    const line = "settings of the Envoy process have changed; they take effect when aigw starts again";
    this.#options.terminal.say(line, "warn");
  }

  #prepareRun(binary: string): Running {
    const files = new EnvoyFiles(this.#options);
    const supervisor = this.#supervise(binary, files);
    const reloader = new Reloader({
      directory: files.directory,
      admin: () => supervisor.admin,
      refusal: () => supervisor.lastComplaint,
      drainMs: this.#model.process.drainTimeoutMs,
      holdMs: this.#options.holdMs ?? usualHoldMs,
    });
    const resources = files.write(this.#model, this.#secrets, this.#names.addresses);
    files.writeBootstrap(resources);
    reloader.begin(resources);
    const { paths, terminal } = this.#options;
    const unfollow = terminal.stdout === undefined ? undefined : followFile(paths.stdoutLog, terminal.stdout);
    return { files, supervisor, reloader, unfollow, resources };
  }

  #supervise(binary: string, files: EnvoyFiles): Supervisor {
    const { terminal, paths, runId, runtime, environment, onSpawn, onLost } = this.#options;
    const { adminAddress, stdoutLog, stderrLog } = paths;
    const where = { binary, bootstrapFile: files.bootstrap, adminAddressFile: adminAddress, runId };
    return new Supervisor({
      launch: () => {
        // The address of an earlier one would be asked in vain.
        rmSync(adminAddress, { force: true });
        const command = runtime.guarded(envoyCommand(this.#model, where));
        return { command, environment, stdoutLog, stderrLog, onLine: terminal.stderr };
      },
      stderrLog,
      readiness: {
        adminAddressFile: adminAddress,
        listeners: () => this.#model.listeners.map(({ key }) => key),
        onWaiting: (state, waitedMs) =>
          terminal.say(`waiting for Envoy for ${Math.round(waitedMs / 1000)} s: ${state}`, "warn"),
      },
      onSpawn,
      onLost,
      onCrash: (message) => terminal.say(`${message}; starting it again`, "error"),
      onRestarted: (admin) => {
        terminal.say(`Envoy runs again (admin http://localhost:${admin.port})`, "warn");
        void this.#setLogLevels(admin);
      },
    });
  }

  /** Levels of single components. On the command line Envoy would refuse to start for one that it does not know. */
  async #setLogLevels(admin: EnvoyAdmin): Promise<void> {
    for (const [component, level] of Object.entries(this.#model.process.logLevels)) {
      if (component === "default") continue;
      try {
        await admin.post(`/logging?${encodeURIComponent(component)}=${encodeURIComponent(level)}`);
      } catch (error) {
        if (!(error instanceof AdminError)) throw error;
        this.#options.log.warn("The level of an Envoy component cannot be set", { component, level });
      }
    }
  }

  async #readBound(admin: EnvoyAdmin): Promise<void> {
    const ports = new Map((await admin.listeners()).map(({ name, port }) => [name, port]));
    this.#bound = this.#model.listeners.map((listener) => ({
      name: listenerName(listener),
      port: ports.get(listener.key) ?? listener.port,
    }));
  }
}
