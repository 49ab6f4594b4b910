import type { UpstreamMessage } from "../../exchange/upstream-message.ts";
import type { EnvoyHeaders } from "./envoy-headers.ts";
import { internalPrefix } from "./names.ts";

export interface HeaderEdits {
  readonly remove: readonly string[];
  readonly set: readonly (readonly [string, string])[];
}

/**
 * Turns the edits of one attempt, which start from the client's headers, into edits of what Envoy has at hand.
 *
 * For a first attempt these are the same. For a later one Envoy starts from the headers that the attempt before has left
 * behind, so whatever that one changed and this one does not is put back.
 */
export class AttemptEdits {
  /** Names that earlier attempts have changed. */
  readonly #touched = new Set<string>();

  /** Further headers in which the client's are not what Envoy has. */
  touch(names: readonly string[]): void {
    for (const name of names) this.#touched.add(name);
  }

  /**
   * - `client`: headers as the first attempt found them.
   * - `current`: headers as this one finds them.
   *
   * The gateway's own headers stay: later attempts may find their exchange by them.
   */
  next(
    message: Pick<UpstreamMessage, "path" | "set" | "remove" | "removePrefixes">,
    client: EnvoyHeaders,
    current: EnvoyHeaders,
  ): HeaderEdits {
    const set: (readonly [string, string])[] = [[":path", message.path], ...message.set];
    const isSet = (name: string) => set.some(([other]) => other === name);
    const isUnwanted = (name: string) =>
      message.remove.includes(name) ||
      (!name.startsWith(internalPrefix) && message.removePrefixes.some((prefix) => name.startsWith(prefix)));
    // What is not there need not be removed: most clients show one credential of the many that are looked for.
    const remove: string[] = [];
    current.forEach((_value, name) => {
      if (isUnwanted(name) && !isSet(name) && !remove.includes(name)) remove.push(name);
    });
    for (const name of this.#touched) {
      if (isSet(name) || isUnwanted(name)) continue;
      const before = client.get(name);
      if (before !== null) set.push([name, before]);
      else if (current.has(name)) remove.push(name);
    }
    for (const [name] of set) this.#touched.add(name);
    for (const name of remove) this.#touched.add(name);
    return { remove, set };
  }
}
