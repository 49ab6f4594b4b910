import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { obtainEnvoy, readWanted } from "../../engines/envoy/index.ts";
import { DownloadProgress } from "../download-progress.ts";
import { exitCode, failureLine } from "../failure.ts";
import type { CommandBody } from "../grammar/command.ts";
import { resolveDirectories } from "../paths/directories.ts";
import { userAgent } from "../product-version.ts";

/** Installs the Envoy that `aigw run` would want, and shows that it can be run. */
export const downloadEnvoy: CommandBody = async ({ flags }, host) => {
  const { terminal, environment } = host;
  const { config, data } = resolveDirectories(flags, host);
  const progress = new DownloadProgress(terminal);
  const stop = new AbortController();
  const onSignal = (signal: string) => stop.abort(new Error(`stopped by ${signal}`));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, onSignal);
  try {
    const wanted = readWanted({
      path: environment["ENVOY_PATH"],
      variable: environment["ENVOY_VERSION"],
      file: join(config, "envoy-version"),
    });
    const { path, version, wasInstalled } = await obtainEnvoy({
      wanted,
      dataDirectory: data,
      versionsUrl: environment["ENVOY_VERSIONS_URL"],
      userAgent,
      signal: stop.signal,
      announce(line) {
        progress.clear();
        terminal.out(`${line}\n`);
      },
      onProgress: progress.show,
    });
    if (wasInstalled)
      terminal.out(
        version === undefined ? `${path} is used as it is\n` : `${version} is already downloaded\n`,
      );
    terminal.out(askVersion(path));
    return exitCode.ok;
  } catch (error) {
    progress.clear();
    terminal.err(failureLine("Download Envoy failed", error));
    return exitCode.failed;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, onSignal);
  }
};

/** What `envoy --version` says. Throws where it says nothing: a binary for another machine, say. */
function askVersion(path: string): string {
  const { status, stdout, stderr, error } = spawnSync(path, ["--version"], { encoding: "utf8" });
  if (status === 0) return stdout;
  const reason = error?.message ?? (stderr.trim() || `it exits with ${status}`);
  throw new Error(`${path} cannot be run: ${reason}`);
}
