import { statSync } from "node:fs";
import { join } from "node:path";
import { checkRuns } from "./check-runs.ts";
import { ObtainFailure } from "./failure.ts";
import { install } from "./install.ts";
import { findInstalled, isExecutable, newestInstalled, versionsDirectory } from "./installed.ts";
import {
  type Download,
  defaultVersionsUrl,
  fetchVersionsList,
  findDownload,
  platformName,
  resolveVersion,
  type VersionsList,
} from "./versions-list.ts";
import { isMinor, type Wanted } from "./wanted.ts";

export interface ObtainOptions {
  readonly wanted: Wanted;
  readonly dataDirectory: string;
  /** `ENVOY_VERSIONS_URL`; absent or empty: the usual place. */
  readonly versionsUrl?: string | undefined;
  readonly userAgent: string;
  readonly signal: AbortSignal;
  /** One line each: a download, its end, a notice. */
  announce(line: string): void;
  onProgress?(doneBytes: number, totalBytes: number | undefined): void;
  /** Whether an executable that this machine cannot run is as good as none. */
  readonly mustRun?: boolean;
  /** What is added where the network is to blame; absent: how to run without one. */
  readonly advice?: string;
  /** Limits for tests, and for those who would rather do without Envoy than wait. */
  readonly listLimitMs?: number;
  readonly stallMs?: number;
  readonly retryDelayMs?: number;
}

export interface EnvoyBinary {
  readonly path: string;
  /** `undefined` for a path that was given. */
  readonly version: string | undefined;
  /** Whether it was there before. */
  readonly wasInstalled: boolean;
}

/** Envoy's executable: the given one, an installed one, or one that is downloaded. Throws `ObtainFailure`. */
export async function obtainEnvoy(options: ObtainOptions): Promise<EnvoyBinary> {
  const found = await find(options);
  if (options.mustRun === true) await checkRuns(found.path);
  return found;
}

async function find(options: ObtainOptions): Promise<EnvoyBinary> {
  const { wanted } = options;
  if (wanted.type === "path") return givenBinary(wanted.path);
  const present = findPresent(wanted, options.dataDirectory);
  if (present !== undefined) return present;
  return await obtainVersion(wanted.version, options);
}

/** What is there without asking anybody: never a version that stands for the newest of many. */
function findPresent(wanted: Wanted, dataDirectory: string): EnvoyBinary | undefined {
  if (wanted.type === "path") return givenBinary(wanted.path);
  const { version } = wanted;
  if (isMinor(version) || version === "dev-latest") return undefined;
  const path = findInstalled(versionsDirectory(dataDirectory), version);
  return path === undefined ? undefined : { path, version, wasInstalled: true };
}

function givenBinary(path: string): EnvoyBinary {
  if (isExecutable(path)) return { path, version: undefined, wasInstalled: true };
  throw new ObtainFailure(`ENVOY_PATH names ${path}, which is no executable file`);
}

async function obtainVersion(version: string, options: ObtainOptions): Promise<EnvoyBinary> {
  const versions = versionsDirectory(options.dataDirectory);
  let list: VersionsList;
  try {
    list = await fetchVersionsList({
      url: options.versionsUrl || defaultVersionsUrl,
      userAgent: options.userAgent,
      signal: options.signal,
      ...(options.listLimitMs === undefined ? {} : { limitMs: options.listLimitMs }),
    });
  } catch (error) {
    return withoutList(version, versions, error, options);
  }
  const platform = platformName();
  const exact = resolveVersion(list, version, platform);
  if (exact === undefined) {
    const missing = new ObtainFailure(`${list.url} has no Envoy ${version} for ${platform}`);
    return withoutList(version, versions, missing, options);
  }
  const wanted = findDownload(list, exact, platform);
  const isCurrent = () => isInstalled(versions, wanted, version === "dev-latest");
  const wasInstalled = isCurrent();
  if (!wasInstalled) await fetchVersion(wanted, versions, isCurrent, options);
  return { path: join(versions, exact, "bin", "envoy"), version: exact, wasInstalled };
}

/** The newest of `dev` is the one of the list's day. */
function isInstalled(versions: string, { version, releasedAt }: Download, isOfThatDay: boolean): boolean {
  if (findInstalled(versions, version) === undefined) return false;
  return !isOfThatDay || statSync(join(versions, version)).mtimeMs === releasedAt.getTime();
}

async function fetchVersion(
  wanted: Download,
  versions: string,
  isDone: () => boolean,
  options: ObtainOptions,
): Promise<void> {
  const { onProgress = () => {} } = options;
  try {
    await install(wanted, { ...options, versions, onProgress, isDone });
  } catch (error) {
    throw withAdvice(error, options.advice);
  }
}

/** An installed one will do where nobody can say which is the newest. */
function withoutList(version: string, versions: string, error: unknown, options: ObtainOptions): EnvoyBinary {
  options.signal.throwIfAborted();
  const installed = version === "dev-latest" ? "dev" : newestInstalled(versions, version);
  const path = installed === undefined ? undefined : findInstalled(versions, installed);
  if (installed === undefined || path === undefined) throw withAdvice(error, options.advice);
  const reason = error instanceof Error ? error.message : String(error);
  options.announce(`using Envoy ${installed}, which is installed: ${reason}`);
  return { path, version: installed, wasInstalled: true };
}

const usualAdvice =
  "to run without a network, get Envoy ahead with `aigw download-envoy`, name an executable in ENVOY_PATH, or a list of your own in ENVOY_VERSIONS_URL";

function withAdvice(error: unknown, advice = usualAdvice): unknown {
  if (!(error instanceof ObtainFailure) || !error.isOffline || advice === "") return error;
  return new ObtainFailure(`${error.message}; ${advice}`, { cause: error.cause, isOffline: true });
}
