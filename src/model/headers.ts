/** The part of web `Headers` that readers use; engines without web objects bring their own. Names are asked lower-case. */
export interface HeaderView {
  get(name: string): string | null;
  has(name: string): boolean;
  forEach(visit: (value: string, name: string) => void): void;
}
