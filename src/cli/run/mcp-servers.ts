import { readFileSync } from "node:fs";
import { systemReason, UsageError } from "../failure.ts";
import { expandPath, type Place } from "../paths/expand-path.ts";

/**
 * The text that `--mcp-config` or `--mcp-json` gives, checked for its shape; `undefined` without servers.
 * Throws `UsageError`.
 */
export async function readMcpServers(
  flags: { readonly "mcp-config": string | undefined; readonly "mcp-json": string | undefined },
  place: Place,
): Promise<string | undefined> {
  const text = flags["mcp-config"] === undefined ? flags["mcp-json"] : readFile(flags["mcp-config"], place);
  if (text === undefined) return undefined;
  return (await checkMcpServers(text)) === 0 ? undefined : text;
}

function readFile(name: string, place: Place): string {
  const path = expandPath(name, place);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`run: cannot read --mcp-config: ${path}: ${systemReason(error)}`);
  }
}

/** The number of servers in the list. Throws `UsageError` naming the server and the field. Values are not repeated: headers hold secrets. */
export async function checkMcpServers(text: string): Promise<number> {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw new UsageError("run: the list of MCP servers is not valid JSON");
  }
  // Loaded only by those who have such a list.
  const { countMcpServers } = await import("./mcp-servers-schema.ts");
  const count = countMcpServers(list);
  if (typeof count === "string") throw new UsageError(`run: ${count}`);
  return count;
}
