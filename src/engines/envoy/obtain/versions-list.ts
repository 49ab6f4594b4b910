import process from "node:process";
import { ObtainFailure, reasonOf } from "./failure.ts";
import { isMinor } from "./wanted.ts";

export const defaultVersionsUrl = "https://archive.tetratelabs.io/envoy/envoy-versions.json";

/** What can be downloaded, and what it must hash to. */
export interface VersionsList {
  readonly url: string;
  readonly versions: { readonly [version: string]: Release };
  readonly dev?: Release;
  /** SHA-256 of archives in hexadecimal, by the last part of their URLs. */
  readonly sha256sums: { readonly [archive: string]: string };
}

interface Release {
  /** `YYYY-MM-DD` */
  readonly releaseDate: string;
  /** URLs by platform. */
  readonly tarballs: { readonly [platform: string]: string };
}

/** One archive. */
export interface Download {
  readonly version: string;
  readonly url: string;
  readonly sha256: string;
  readonly releasedAt: Date;
}

/** `linux/amd64` and the like. */
export function platformName(): string {
  return `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`;
}

export interface ListOptions {
  readonly url: string;
  readonly userAgent: string;
  readonly signal: AbortSignal;
  readonly limitMs?: number;
}

const defaultLimitMs = 30_000;

export async function fetchVersionsList(options: ListOptions): Promise<VersionsList> {
  const url = checkUrl(options.url);
  let text: string;
  try {
    const limit = AbortSignal.timeout(options.limitMs ?? defaultLimitMs);
    const response = await fetch(url, {
      headers: { "user-agent": options.userAgent },
      signal: AbortSignal.any([options.signal, limit]),
    });
    text = await response.text();
    if (response.status !== 200) {
      throw new ObtainFailure(`${url} answered ${response.status}`, { isOffline: true });
    }
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof ObtainFailure) throw error;
    throw new ObtainFailure(`cannot get ${url}: ${reasonOf(error)}`, { cause: error, isOffline: true });
  }
  return readVersionsList(url, text);
}

function checkUrl(text: string): string {
  try {
    const url = new URL(text);
    if (/^https?:$/.test(url.protocol) && url.host !== "") return text;
  } catch {
    // Said below.
  }
  throw new ObtainFailure(`ENVOY_VERSIONS_URL is no URL of a list: ${JSON.stringify(text)}`);
}

/** Throws `ObtainFailure` for a text that is no such list. What is wrong inside shows when it is asked for. */
function readVersionsList(url: string, text: string): VersionsList {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (!isObject(list) || !isObject(list["versions"])) {
    throw new ObtainFailure(`${url} is no list of Envoy versions`, { isOffline: true });
  }
  const { versions, dev, sha256sums } = list as Omit<VersionsList, "url">;
  return { url, versions, ...(isObject(dev) && { dev }), sha256sums: isObject(sha256sums) ? sha256sums : {} };
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The newest patch of `1.38` or `1.38_debug` that there is for this platform; other versions are themselves. */
export function resolveVersion(list: VersionsList, version: string, platform: string): string | undefined {
  if (!isMinor(version)) return version === "dev-latest" ? "dev" : version;
  const offered = Object.keys(list.versions).filter((name) => list.versions[name]?.tarballs?.[platform]);
  return newestPatch(offered, version);
}

export function newestPatch(versions: readonly string[], minor: string): string | undefined {
  const [, numbers = "", debug = ""] = /^([\d.]+)(_debug)?$/.exec(minor) ?? [];
  const patchOf = (version: string) => Number(version.slice(numbers.length + 1).replace(/_debug$/, ""));
  return versions
    .filter((version) => version.startsWith(`${numbers}.`) && version.endsWith("_debug") === (debug !== ""))
    .filter((version) => Number.isInteger(patchOf(version)))
    .sort((a, b) => patchOf(a) - patchOf(b))
    .at(-1);
}

/** Throws `ObtainFailure` that names what the list lacks. */
export function findDownload(list: VersionsList, version: string, platform: string): Download {
  const release = version === "dev" ? list.dev : list.versions[version];
  const url = release?.tarballs?.[platform];
  if (release === undefined || typeof url !== "string") {
    throw new ObtainFailure(`${list.url} has no Envoy ${version} for ${platform}`);
  }
  const archive = url.slice(url.lastIndexOf("/") + 1);
  const sha256 = list.sha256sums[archive];
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new ObtainFailure(`${list.url} has no SHA-256 of ${archive}, without which it is not trusted`);
  }
  const releasedAt = new Date(`${release.releaseDate}T00:00:00Z`);
  if (Number.isNaN(releasedAt.getTime())) {
    throw new ObtainFailure(`${list.url} has no release date of Envoy ${version}`);
  }
  return { version, url, sha256: sha256.toLowerCase(), releasedAt };
}
