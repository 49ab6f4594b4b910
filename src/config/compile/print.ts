import { createHash } from "node:crypto";

/** Members that say where a part stands, not what it is. */
const positions = new Set(["at", "why", "key", "print"]);

/** Hash of a part's content: equal for equal content whatever its lines, its index and the order of its members. */
export function printOf(content: unknown): string {
  return createHash("sha256").update(canonical(content)).digest("hex").slice(0, 32);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value)
    .filter(([name, member]) => !positions.has(name) && member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.join(",")}}`;
}
