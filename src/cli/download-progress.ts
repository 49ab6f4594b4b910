import type { Terminal } from "./terminal.ts";

const pauseMs = 500;
/** Back to the beginning of the line, and clear it. */
const restart = "\r\u001b[K";

/** Shows how far a download is, in a line of its own that is written over; nothing where nobody looks on. */
export class DownloadProgress {
  readonly #terminal: Terminal;
  #shownAt = Number.NEGATIVE_INFINITY;
  #isShown = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  readonly show = (doneBytes: number, totalBytes: number | undefined): void => {
    const now = performance.now();
    if (!this.#terminal.isWatched || now - this.#shownAt < pauseMs) return;
    this.#shownAt = now;
    this.#isShown = true;
    this.#terminal.err(`${restart}  ${describe(doneBytes, totalBytes)}`);
  };

  /** Before anything else is said. */
  clear(): void {
    if (this.#isShown) this.#terminal.err(restart);
    this.#isShown = false;
  }
}

function describe(doneBytes: number, totalBytes: number | undefined): string {
  if (totalBytes === undefined) return `${megabytes(doneBytes)} MB`;
  const percent = Math.floor((100 * doneBytes) / Math.max(totalBytes, 1));
  const bar = "=".repeat(percent / 4).padEnd(25);
  return `[${bar}] ${percent} % of ${megabytes(totalBytes)} MB`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
