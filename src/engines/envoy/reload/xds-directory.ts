import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The files that Envoy watches. Each appears whole or not at all: it is written beside the directory and renamed into
 * it, and that rename is what Envoy waits for.
 */
export class XdsDirectory {
  readonly path: string;
  readonly #next: string;
  readonly #texts = new Map<string, string>();

  /** Makes it anew below `root`, for its owner alone. */
  constructor(root: string) {
    this.path = join(root, "xds");
    this.#next = join(root, "next");
    for (const directory of [this.path, this.#next]) {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    }
  }

  text(name: string): string | undefined {
    return this.#texts.get(name);
  }

  get names(): readonly string[] {
    return [...this.#texts.keys()];
  }

  /** Whether that changed anything: equal texts are left alone. */
  put(name: string, text: string): boolean {
    if (this.#texts.get(name) === text) return false;
    const path = join(this.#next, name);
    writeFileSync(path, text, { mode: 0o600 });
    chmodSync(path, 0o600);
    renameSync(path, join(this.path, name));
    this.#texts.set(name, text);
    return true;
  }

  remove(name: string): void {
    this.#texts.delete(name);
    rmSync(join(this.path, name), { force: true });
  }
}
