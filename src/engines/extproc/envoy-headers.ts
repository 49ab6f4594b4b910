import { metadataHeaderPrefix } from "../../model/credential.ts";
import type { HeaderView } from "../../model/headers.ts";

/**
 * Headers as Envoy sends them: lower-case, with the pseudo-headers (`:path`) among them, several lines of one name apart.
 * Asked for, such lines are one, joined as in web `Headers`.
 */
export class EnvoyHeaders implements HeaderView {
  #names: string[] = [];
  #values: string[] = [];
  #overlay: ReadonlyMap<string, string> | undefined;

  add(name: string, value: string): void {
    this.#names.push(name);
    this.#values.push(value);
  }

  /** Becomes like another, but for headers whose names begin with `prefix`. */
  adopt(other: EnvoyHeaders, prefix: string): void {
    const isKept = (_: string, index: number) => other.#names[index]?.startsWith(prefix) === false;
    this.#values = other.#values.filter(isKept);
    this.#names = other.#names.filter(isKept);
  }

  /** Dynamic metadata that comes with one attempt, seen when it is asked for by its names. */
  lay(overlay: ReadonlyMap<string, string> | undefined): void {
    this.#overlay = overlay;
  }

  get(name: string): string | null {
    if (this.#overlay !== undefined && name.startsWith(metadataHeaderPrefix)) {
      return this.#overlay.get(name) ?? null;
    }
    const names = this.#names;
    let found: string | undefined;
    for (let index = 0; index < names.length; index += 1) {
      if (names[index] !== name) continue;
      const value = this.#values[index] ?? "";
      found = found === undefined ? value : `${found}, ${value}`;
    }
    return found ?? null;
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  /** Visits each line, without pseudo-headers. */
  forEach(visit: (value: string, name: string) => void): void {
    const names = this.#names;
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] ?? "";
      if (!name.startsWith(":")) visit(this.#values[index] ?? "", name);
    }
  }

  /** Takes headers out whose names begin so, or are just so, and names them. */
  take(prefix: string, isWhole = false): readonly string[] {
    let taken: string[] | undefined;
    for (let index = this.#names.length - 1; index >= 0; index -= 1) {
      const name = this.#names[index] ?? "";
      if (isWhole ? name !== prefix : !name.startsWith(prefix)) continue;
      taken ??= [];
      if (!taken.includes(name)) taken.push(name);
      this.#names.splice(index, 1);
      this.#values.splice(index, 1);
    }
    return taken ?? none;
  }
}

const none: readonly string[] = [];
