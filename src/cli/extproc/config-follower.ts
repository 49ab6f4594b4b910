import type { readFilterConfig } from "../../config/index.ts";
import type { ExchangeModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { FileWatcher } from "../run/file-watcher.ts";
import { ConfigLoadFailure, filesOf, loadConfig, type VersionGate } from "./config-source.ts";
import type { ExtprocSettings } from "./settings.ts";

export interface FollowerOptions {
  readonly config: ExtprocSettings["config"];
  readonly gate: VersionGate;
  readonly read: typeof readFilterConfig;
  readonly log: Logger;
  readonly wantsMcp: boolean;
  use(model: ExchangeModel, secrets: Secrets): void;
}

/** Not all file systems tell of changes; those that do make this look find nothing. */
const pollMs = 5000;

/** Hands on a configuration and each one that follows it. A bad one changes nothing, and is said. */
export class ConfigFollower {
  readonly #options: FollowerOptions;
  readonly #watcher: FileWatcher;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#watcher = new FileWatcher(
      () => this.reload(),
      (directory, error) =>
        options.log.warn("directory cannot be watched, it is looked at every 5 s", {
          directory,
          error: String(error),
        }),
    );
  }

  /** Throws `ConfigLoadFailure`; a bundle that is just being written is waited for, and there is nothing till then. */
  start(): void {
    this.#follow();
    this.#timer = setInterval(() => this.#watcher.look(), pollMs);
    const { log, config } = this.#options;
    try {
      this.#load();
    } catch (error) {
      if (!(error instanceof ConfigLoadFailure) || !error.isPassing) throw this.#initialFailure(error);
      log.warn("the configuration is not complete yet, waiting for it", {
        path: config.path,
        error: error.message,
      });
    }
  }

  /** Never throws. */
  reload(): void {
    const { log, config } = this.#options;
    this.#follow();
    try {
      this.#load();
    } catch (error) {
      const what = config.type === "file" ? "failed to update config" : "failed to update bundled config";
      log.error(`${what}, the one before stays in use`, {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#watcher.close();
  }

  /** Before the files are read, so that a change while they are is not missed. */
  #follow(): void {
    this.#watcher.follow(filesOf(this.#options.config));
  }

  #load(): void {
    const { config, gate, read, log, use } = this.#options;
    const { model, secrets, notices, version, uuid, hasMcp } = loadConfig(config, gate, read);
    for (const notice of notices) log.warn(notice);
    if (hasMcp && this.#options.wantsMcp) log.warn("extproc does not serve MCP: mcpConfig has no effect");
    use(model, secrets);
    log.info("configuration loaded", {
      path: config.path,
      version,
      uuid,
      backends: Object.keys(model.aiBackends).length,
    });
  }

  #initialFailure(error: unknown): Error {
    const what = this.#options.config.type === "file" ? "config" : "bundled config";
    const message = error instanceof Error ? error.message : String(error);
    return new ConfigLoadFailure(`failed to load initial ${what}: ${message}`);
  }
}
