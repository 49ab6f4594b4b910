import type { HeaderView } from "../../model/headers.ts";

/**
 * An answer's header lines in their order, names lower-case, on their way to the client.
 * `Headers` would be copied once more by `Response`, and crosses into native code for every question.
 */
export class HeaderList implements HeaderView {
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  append(name: string, value: string): void {
    this.#names.push(name);
    this.#values.push(value);
  }

  /** Instead of all lines of that name. */
  set(name: string, value: string): void {
    this.delete(name);
    this.append(name, value);
  }

  delete(name: string): void {
    for (let at = this.#names.indexOf(name); at >= 0; at = this.#names.indexOf(name, at)) {
      this.#names.splice(at, 1);
      this.#values.splice(at, 1);
    }
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  /** Several lines of one name are joined, as HTTP has it. */
  get(name: string): string | null {
    let joined: string | null = null;
    for (let at = this.#names.indexOf(name); at >= 0; at = this.#names.indexOf(name, at + 1)) {
      const value = this.#values[at] ?? "";
      joined = joined === null ? value : `${joined}, ${value}`;
    }
    return joined;
  }

  forEach(visit: (value: string, name: string) => void): void {
    for (let at = 0; at < this.#names.length; at++) visit(this.#values[at] ?? "", this.#names[at] ?? "");
  }

  /** For `Response`: a plain object is quickest, and only pairs can say a name twice, as cookies must be. */
  toInit(): Record<string, string> | [string, string][] {
    const object: Record<string, string> = {};
    let hasTwice = false;
    this.forEach((value, name) => {
      hasTwice ||= name in object;
      object[name] = value;
    });
    return hasTwice ? this.#names.map((name, at) => [name, this.#values[at] ?? ""]) : object;
  }
}
