import { createHash, type Hash } from "node:crypto";
import { createReadStream, rmSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { ObtainFailure, reasonOf } from "./failure.ts";
import { StallWatch } from "./stall-watch.ts";

export interface DownloadOptions {
  readonly url: string;
  readonly sha256: string;
  /** Where the bytes are collected. What an earlier try has left there is gone on with. */
  readonly file: string;
  readonly userAgent: string;
  readonly signal: AbortSignal;
  /** `totalBytes` is `undefined` where the server does not tell. */
  onProgress(doneBytes: number, totalBytes: number | undefined): void;
  /** Without a byte for so long it is given up. */
  readonly stallMs?: number;
  readonly retryDelayMs?: number;
}

const maxTries = 2;
const defaultStallMs = 60_000;
const defaultRetryDelayMs = 1000;

/** The network's fault, as far as one can tell: worth another try. */
class BrokenOff extends Error {}

/**
 * Resolves when the file is there and hashes to what it should. What breaks off is gone on with once, after a second;
 * what there is until then stays for the next run. A file with the wrong hash does not stay.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { url, signal, retryDelayMs = defaultRetryDelayMs } = options;
  for (let tries = 1; ; tries += 1) {
    try {
      await attempt(options);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BrokenOff)) throw error;
      if (tries >= maxTries) {
        throw new ObtainFailure(`cannot get ${url}: ${error.message}`, {
          cause: error.cause,
          isOffline: true,
        });
      }
      await sleep(retryDelayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

async function attempt(options: DownloadOptions): Promise<void> {
  const { file, sha256, url } = options;
  const before = await hashFile(file);
  if (before.hash.copy().digest("hex") === sha256) return;
  const watch = new StallWatch(options.stallMs ?? defaultStallMs, options.signal);
  try {
    const response = await ask(options, before.bytes, watch);
    const isResumed = response.status === 206;
    const start = isResumed ? before : { hash: createHash("sha256"), bytes: 0 };
    await save(response, start, options, watch);
    const found = start.hash.digest("hex");
    if (found === sha256) return;
    rmSync(file, { force: true });
    // What was there before may have been of another file.
    if (isResumed) throw new BrokenOff("what an earlier try had left does not fit");
    throw new ObtainFailure(`${url} has SHA-256 ${found}, but the list says ${sha256}: it is not used`);
  } finally {
    watch.end();
  }
}

interface Have {
  readonly hash: Hash;
  readonly bytes: number;
}

async function hashFile(file: string): Promise<Have> {
  const hash = createHash("sha256");
  let bytes = 0;
  if (statSync(file, { throwIfNoEntry: false }) !== undefined) {
    for await (const piece of createReadStream(file) as AsyncIterable<Uint8Array>) {
      hash.update(piece);
      bytes += piece.length;
    }
  }
  return { hash, bytes };
}

/** An answer with the whole file, or with the rest of it (206). */
async function ask(options: DownloadOptions, haveBytes: number, watch: StallWatch): Promise<Response> {
  const { url, userAgent, file } = options;
  const response = await network(watch, () =>
    fetch(url, {
      headers: {
        "user-agent": userAgent,
        // The sum is of the bytes as they are kept there.
        "accept-encoding": "identity",
        ...(haveBytes > 0 && { range: `bytes=${haveBytes}-` }),
      },
      signal: watch.signal,
    }),
  );
  const { status } = response;
  if (status === 200 || (status === 206 && startOf(response) === haveBytes)) return response;
  await response.body?.cancel().catch(() => {});
  if (status === 206 || status === 416) {
    rmSync(file, { force: true });
    throw new BrokenOff("the server cannot go on where an earlier try ended");
  }
  throw new ObtainFailure(`${url} answered ${status}`, { isOffline: true });
}

function startOf({ headers }: Response): number {
  return Number(/^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1] ?? Number.NaN);
}

async function save(
  response: Response,
  start: Have,
  { file, onProgress }: DownloadOptions,
  watch: StallWatch,
): Promise<void> {
  const length = response.headers.get("content-length");
  const totalBytes = length === null ? undefined : start.bytes + Number(length);
  const target = await open(file, start.bytes === 0 ? "w" : "a", 0o600);
  let doneBytes = start.bytes;
  try {
    const reader = (response.body ?? new Blob([]).stream()).getReader();
    for (;;) {
      const { done, value } = await network(watch, () => reader.read());
      if (done) break;
      watch.moved();
      await writeWhole(target, value);
      start.hash.update(value);
      doneBytes += value.length;
      onProgress(doneBytes, totalBytes);
    }
  } finally {
    await target.close();
  }
  if (totalBytes !== undefined && doneBytes !== totalBytes) {
    throw new BrokenOff(`it ended after ${doneBytes} of ${totalBytes} bytes`);
  }
}

async function writeWhole(target: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await target.write(bytes, at)).bytesWritten;
}

/** What fails here is the network. A full disk is not, and is not worth another try. */
async function network<T>(watch: StallWatch, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const reason = watch.hasStalled ? "nothing more has come for too long" : reasonOf(error);
    throw new BrokenOff(reason, { cause: error });
  }
}
