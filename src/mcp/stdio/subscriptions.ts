/** So many that nobody ends are kept; sessions mostly vanish without a word. */
const maxEntries = 10_000;

/** Which sessions want to hear of which resource of a child that they share. */
export class Subscriptions {
  readonly #owners = new Map<string, Set<string>>();
  #entries = 0;

  get uris(): Iterable<string> {
    return this.#owners.keys();
  }

  /** Whether it is the first for this resource. */
  add(uri: string, owner: string): boolean {
    const owners = this.#owners.get(uri);
    if (owners?.has(owner)) return false;
    if (this.#entries >= maxEntries) this.#dropOldest();
    this.#entries++;
    if (owners === undefined) this.#owners.set(uri, new Set([owner]));
    else owners.add(owner);
    return owners === undefined;
  }

  /** Whether nobody is left who wants this resource. */
  remove(uri: string, owner: string): boolean {
    const owners = this.#owners.get(uri);
    if (owners === undefined || !owners.delete(owner)) return owners === undefined;
    this.#entries--;
    if (owners.size > 0) return false;
    this.#owners.delete(uri);
    return true;
  }

  /** The resources that nobody wants any more once a session has ended. */
  removeAll(owner: string): string[] {
    return [...this.#owners.keys()].filter(
      (uri) => this.#owners.get(uri)?.has(owner) && this.remove(uri, owner),
    );
  }

  has(uri: string, owner: string): boolean {
    return this.#owners.get(uri)?.has(owner) ?? false;
  }

  #dropOldest(): void {
    const [uri, owners] = this.#owners.entries().next().value ?? [];
    const [owner] = owners ?? [];
    if (uri !== undefined && owner !== undefined) this.remove(uri, owner);
  }
}
