/** How long a run that could do without something waits for it. */
const totalMs = { watched: 15_000, unwatched: 5000 } as const;
/** After which a download's pace says how long it will take. */
const paceMs = 1500;

/**
 * Ends a download that would keep a run from starting for long: after some seconds at the latest, more where a person
 * sees how it gets on, and earlier where its pace shows that they will not do. What is complete is not given up.
 */
export class Patience {
  readonly signal: AbortSignal;
  readonly #end = new AbortController();
  readonly #startedAt = performance.now();
  readonly #totalMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #first: { readonly at: number; readonly bytes: number } | undefined;
  #words = "nothing of it has come";

  constructor(signal: AbortSignal, isWatched: boolean) {
    this.signal = AbortSignal.any([signal, this.#end.signal]);
    this.#totalMs = isWatched ? totalMs.watched : totalMs.unwatched;
    this.#timer = setTimeout(() => this.#end.abort(), this.#totalMs);
  }

  /** Why it was ended; `undefined` where it was not. */
  get verdict(): string | undefined {
    return this.#end.signal.aborted ? this.#words : undefined;
  }

  progress(doneBytes: number, totalBytes: number | undefined): void {
    const now = performance.now();
    this.#first ??= { at: now, bytes: doneBytes };
    const of = totalBytes === undefined ? "" : ` of ${megabytes(totalBytes)}`;
    const seconds = ((now - this.#startedAt) / 1000).toFixed(1);
    this.#words = `${megabytes(doneBytes)}${of} MB have come in ${seconds} s, the next run goes on from there`;
    if (totalBytes === undefined) return;
    if (doneBytes >= totalBytes) this.end();
    const sinceMs = now - this.#first.at;
    if (sinceMs < paceMs || doneBytes >= totalBytes) return;
    const neededMs = ((totalBytes - doneBytes) * sinceMs) / Math.max(doneBytes - this.#first.bytes, 1);
    if (now - this.#startedAt + neededMs > this.#totalMs) this.#end.abort();
  }

  /** It is there, or failed by itself. */
  end(): void {
    clearTimeout(this.#timer);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
