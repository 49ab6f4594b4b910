import { mkdirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { download } from "./download.ts";
import { ObtainFailure, reasonOf } from "./failure.ts";
import { takeInstallLock } from "./install-lock.ts";
import { binaryOf, isExecutable } from "./installed.ts";
import { unpack } from "./unpack.ts";
import type { Download } from "./versions-list.ts";

export interface InstallOptions {
  readonly versions: string;
  readonly userAgent: string;
  readonly signal: AbortSignal;
  /** For people: what is done, and what is waited for. */
  announce(line: string): void;
  onProgress(doneBytes: number, totalBytes: number | undefined): void;
  readonly stallMs?: number;
  readonly retryDelayMs?: number;
  /** Whether another process has done it meanwhile. */
  isDone(): boolean;
}

/**
 * Downloads, checks and unpacks one version, and only then gives it its name: whatever goes wrong, no version is ever
 * there in part. Of several processes one does it and the others wait.
 */
export async function install(wanted: Download, options: InstallOptions): Promise<void> {
  const { versions, signal, announce } = options;
  mkdirSync(versions, { recursive: true, mode: 0o750 });
  const lock = await takeInstallLock(join(versions, `.${wanted.version}.lock`), {
    signal,
    onWaiting: () => announce(`another aigw is downloading Envoy ${wanted.version}: waiting for it`),
  });
  try {
    if (!options.isDone()) await installLocked(wanted, options);
  } finally {
    lock.release();
  }
}

async function installLocked(wanted: Download, options: InstallOptions): Promise<void> {
  const { url, sha256, version, releasedAt } = wanted;
  const { versions, signal, announce } = options;
  // The sum in the name: a part of another archive is never gone on with.
  const part = join(versions, `.${version}.${sha256.slice(0, 16)}.part`);
  announce(`downloading ${url}`);
  await download({ ...options, url, sha256, file: part });
  const unpacked = join(versions, `.${version}.${process.pid}`);
  try {
    rmSync(unpacked, { recursive: true, force: true });
    mkdirSync(unpacked, { mode: 0o750 });
    await unpack(part, unpacked).catch((error: unknown) => {
      throw new ObtainFailure(`cannot unpack ${url}: ${reasonOf(error)}`, { cause: error });
    });
    signal.throwIfAborted();
    if (!isExecutable(join(unpacked, "bin", "envoy"))) {
      throw new ObtainFailure(`${url} holds no bin/envoy that can be run`);
    }
    utimesSync(unpacked, releasedAt, releasedAt);
    // What stands there is no version: it has no binary, or is the one before of `dev`.
    rmSync(join(versions, version), { recursive: true, force: true });
    renameSync(unpacked, join(versions, version));
    announce(`Envoy ${version} is in ${binaryOf(versions, version)}`);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
    rmSync(part, { force: true });
  }
}
