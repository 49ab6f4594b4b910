/**
 * Chooses among domains as Envoy does: the exact name, else the longest `*.suffix`, else `*`.
 * A wildcard stands for any number of labels, but for at least one.
 */
export class HostTable<T> {
  readonly #exact = new Map<string, T>();
  readonly #suffixes: { readonly suffix: string; readonly value: T }[] = [];
  readonly #any: T | undefined;

  constructor(entries: readonly { readonly domains: readonly string[]; readonly value: T }[]) {
    for (const { domains, value } of entries) {
      for (const domain of domains) {
        if (domain === "*") this.#any ??= value;
        else if (domain.startsWith("*.")) this.#suffixes.push({ suffix: domain.slice(1), value });
        else if (!this.#exact.has(domain)) this.#exact.set(domain, value);
      }
    }
    this.#suffixes.sort((a, b) => b.suffix.length - a.suffix.length);
  }

  /** The one value for every host, where there is no choice: callers can spare themselves the host. */
  get only(): T | undefined {
    return this.#exact.size === 0 && this.#suffixes.length === 0 ? this.#any : undefined;
  }

  /** `host` may carry a port and upper case, as a Host header does. */
  find(host: string): T | undefined {
    const name = hostName(host);
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    const wild = this.#suffixes.find(({ suffix }) => name.length > suffix.length && name.endsWith(suffix));
    return wild === undefined ? this.#any : wild.value;
  }
}

/** Lower-case and without the port; brackets of an IPv6 address stay. */
export function hostName(host: string): string {
  const end = host.startsWith("[") ? host.indexOf("]") + 1 : host.indexOf(":");
  return (end > 0 ? host.slice(0, end) : host).toLowerCase();
}
