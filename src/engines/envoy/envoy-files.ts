import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { AccessLog } from "../../model/access-log.ts";
import type { GatewayModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import type { Addresses } from "./name-watch.ts";
import type { EnvoyOptions } from "./options.ts";
import { XdsDirectory } from "./reload/xds-directory.ts";
import { findSystemAuthorities } from "./system-authorities.ts";
import { sinkFile } from "./write/access-logs.ts";
import type { EnvoySettings } from "./write/settings.ts";
import { type EnvoyResources, writeEnvoy } from "./write/write-envoy.ts";

/** The files of one run's Envoy, for their owner alone. */
export class EnvoyFiles {
  readonly directory: XdsDirectory;
  readonly bootstrap: string;
  readonly #settings: Omit<EnvoySettings, "addresses">;
  readonly #options: EnvoyOptions;

  constructor(options: EnvoyOptions) {
    const { paths, environment, processor, logAttributes, logResource } = options;
    mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
    this.#options = options;
    this.directory = new XdsDirectory(paths.directory);
    this.bootstrap = join(paths.directory, "bootstrap.json");
    for (const log of [paths.stdoutLog, paths.stderrLog]) {
      mkdirSync(dirname(log), { recursive: true, mode: 0o750 });
      writeFileSync(log, "", { mode: 0o600 });
      chmodSync(log, 0o600);
    }
    this.#settings = {
      xdsDirectory: this.directory.path,
      processorSocket: processor.socketPath,
      mcpSocket: paths.mcpSocket,
      stdoutLog: paths.stdoutLog,
      stderrLog: paths.stderrLog,
      systemCaFile: findSystemAuthorities(environment, join(paths.directory, "ca.pem")),
      logAttributes,
      logResource,
    };
  }

  /** `addresses`: of `namesToLookUp`. */
  write(model: GatewayModel, secrets: Secrets, addresses: Addresses): EnvoyResources {
    const accessLogs = model.accessLogs.filter((log) => this.#canWrite(log));
    return writeEnvoy({ ...model, accessLogs }, secrets, { ...this.#settings, addresses });
  }

  writeBootstrap({ bootstrap }: EnvoyResources): void {
    writeFileSync(this.bootstrap, `${JSON.stringify(bootstrap, null, 2)}\n`, { mode: 0o600 });
  }

  remove(): void {
    rmSync(this.#options.paths.directory, { recursive: true, force: true });
  }

  /** Envoy would refuse a listener whose log it cannot open, and would make one that others can read. */
  #canWrite({ sink }: AccessLog): boolean {
    if (sink.type !== "file") return true;
    const path = sinkFile(sink.path, this.#settings);
    try {
      closeSync(openSync(path, "a", 0o600));
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.terminal.say(`access log ${path} cannot be written and is left out: ${reason}`, "warn");
      return false;
    }
  }
}
