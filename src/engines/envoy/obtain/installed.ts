import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ObtainFailure } from "./failure.ts";
import { newestPatch } from "./versions-list.ts";

/** `envoy-versions` below the data directory: a directory for each version, with `bin/envoy`. */
export function versionsDirectory(dataDirectory: string): string {
  return join(dataDirectory, "envoy-versions");
}

export function binaryOf(versions: string, version: string): string {
  return join(versions, version, "bin", "envoy");
}

/** The path of an installed version, or `undefined`. Throws `ObtainFailure` for one that is there but cannot be run. */
export function findInstalled(versions: string, version: string): string | undefined {
  const binary = binaryOf(versions, version);
  if (statSync(binary, { throwIfNoEntry: false }) === undefined) return undefined;
  if (!isExecutable(binary)) {
    throw new ObtainFailure(`${binary} is not executable; remove ${join(versions, version)} to get it again`);
  }
  return binary;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The newest installed patch of `1.38` or `1.38_debug`. */
export function newestInstalled(versions: string, minor: string): string | undefined {
  let names: string[] = [];
  try {
    names = readdirSync(versions);
  } catch {
    // Nothing is installed yet.
  }
  return newestPatch(
    names.filter((name) => isExecutable(binaryOf(versions, name))),
    minor,
  );
}
