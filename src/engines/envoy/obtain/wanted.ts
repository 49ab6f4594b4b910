import { readFileSync } from "node:fs";
import { ObtainFailure } from "./failure.ts";

/** The Envoy that Envoy Gateway 1.8.1 pins. */
const defaultVersion = "1.38.1";

/** Everything that has a say in which Envoy is run, first to last; absent and empty are the same. */
export interface Wishes {
  /** `--envoy-path`, or `ENVOY_PATH`. */
  readonly path?: string | undefined;
  /** `EnvoyProxy.spec.provider.host.envoyVersion`. */
  readonly configured?: string | undefined;
  /** `ENVOY_VERSION`. */
  readonly variable?: string | undefined;
  /** A file with one version in it, which need not be there. */
  readonly file?: string | undefined;
}

/** `X.Y.Z`, or `X.Y` for its newest patch, either with `_debug`; `dev`, and `dev-latest` for the newest of that. */
export type Wanted =
  | { readonly type: "path"; readonly path: string }
  | { readonly type: "version"; readonly version: string };

/** Throws `ObtainFailure` for a word that is no version, naming who said it. */
export function readWanted({ path, configured, variable, file }: Wishes): Wanted {
  if (path) return { type: "path", path };
  const said: readonly (readonly [string | undefined, string])[] = [
    [configured, "EnvoyProxy.spec.provider.host.envoyVersion"],
    [variable, "ENVOY_VERSION"],
    [file === undefined ? undefined : readVersionFile(file), file ?? ""],
  ];
  const [version, source] = said.find(([text]) => text) ?? [defaultVersion, ""];
  if (version === undefined || !isVersion(version)) {
    throw new ObtainFailure(
      `${JSON.stringify(version)} from ${source} is no Envoy version: write one like 1.38.1, or 1.38 for its newest patch`,
    );
  }
  return { type: "version", version };
}

function isVersion(text: string): boolean {
  return text === "dev" || text === "dev-latest" || /^[1-9]\d*\.\d+(\.\d+)?(_debug)?$/.test(text);
}

/** Whether a version stands for the newest of many. */
export function isMinor(version: string): boolean {
  return /^\d+\.\d+(_debug)?$/.test(version);
}

function readVersionFile(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
