import type { HeaderEdits } from "../model/values.ts";

/** Removes, sets and adds in place; names are lower-case on both sides. What is added stands behind what is there. */
export function editHeaders(headers: { [name: string]: string }, { remove, set, add }: HeaderEdits): void {
  for (const name of remove) delete headers[name];
  for (const [name, value] of set) headers[name] = value;
  for (const [name, value] of add) {
    const earlier = headers[name];
    headers[name] = earlier === undefined ? value : `${earlier},${value}`;
  }
}
