import { type FSWatcher, realpathSync, statSync, watch } from "node:fs";
import { dirname } from "node:path";

/** How long events are gathered, and how long a file must be left alone before it counts as written. */
const settleMs = 100;

/**
 * Tells when files have changed, by watching their directories: editors and Kubernetes replace files, and a watch on
 * a file ends with the file. Symbolic links are followed at both ends.
 */
export class FileWatcher {
  readonly #onChange: () => void;
  readonly #onBlind: (directory: string, error: unknown) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #files: readonly string[] = [];
  #known = "";
  #last = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onBlind`: a directory cannot be watched; changes there go unseen. */
  constructor(onChange: () => void, onBlind: (directory: string, error: unknown) => void) {
    this.#onChange = onChange;
    this.#onBlind = onBlind;
  }

  /** From now on these files, as they are now; replaces those of an earlier call. */
  follow(files: readonly string[]): void {
    this.#files = files;
    this.#known = this.#last = this.#signatures();
    const wanted = new Set(files.flatMap((file) => [dirname(file), dirname(realPath(file))]));
    for (const [directory, watcher] of this.#watchers) {
      if (wanted.has(directory)) continue;
      watcher.close();
      this.#watchers.delete(directory);
    }
    for (const directory of wanted) if (!this.#watchers.has(directory)) this.#watch(directory);
  }

  /** Looks for changes of which nobody told: for file systems that do not. */
  look(): void {
    this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#files = [];
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, () => this.#schedule());
      watcher.on("error", (error) => this.#onBlind(directory, error));
      this.#watchers.set(directory, watcher);
    } catch (error) {
      this.#onBlind(directory, error);
    }
  }

  /** The first event starts the clock and later ones do not push it back: other files may change all the time. */
  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#check(), settleMs);
  }

  #check(): void {
    this.#timer = undefined;
    const now = this.#signatures();
    const isSettled = now === this.#last;
    this.#last = now;
    if (now === this.#known) return;
    if (isSettled) {
      this.#known = now;
      this.#onChange();
    } else {
      this.#schedule();
    }
  }

  #signatures(): string {
    return this.#files.map(signature).join("\n");
  }
}

function signature(file: string): string {
  const facts = statSync(file, { throwIfNoEntry: false });
  return facts === undefined ? "missing" : `${facts.ino} ${facts.size} ${facts.mtimeMs}`;
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
