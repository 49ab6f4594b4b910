import { readFileSync } from "node:fs";
import type { Source } from "../../config/index.ts";
import { systemReason, UsageError } from "../failure.ts";
import { expandPath, type Place } from "../paths/expand-path.ts";

/** A list of MCP servers: a file, which is read anew at each reload, or the text of the flag itself. */
export type McpServersOrigin =
  | { readonly type: "file"; readonly path: string; readonly name: string }
  | { readonly type: "text"; readonly text: string };

type McpFlags = { readonly "mcp-config": string | undefined; readonly "mcp-json": string | undefined };

/**
 * The list that `--mcp-config` or `--mcp-json` names, checked for its shape; `undefined` where no server is in it.
 * Throws `UsageError`.
 */
export async function planMcpServers(flags: McpFlags, place: Place): Promise<McpServersOrigin | undefined> {
  const { "mcp-config": file, "mcp-json": text } = flags;
  if (!file && !text) return undefined;
  const origin: McpServersOrigin = file
    ? { type: "file", path: expandPath(file, place), name: file }
    : { type: "text", text: text ?? "" };
  const source = readOnce(origin);
  // Loaded only by those who have such a list.
  const { checkMcpServers, formatDiagnostic } = await import("../../config/index.ts");
  const { count, diagnostics } = checkMcpServers(source);
  if (diagnostics.length > 0) throw new UsageError(`run: ${diagnostics.map(formatDiagnostic).join("\n  ")}`);
  return count === 0 ? undefined : origin;
}

function readOnce(origin: McpServersOrigin): Source {
  try {
    return readMcpServersSource(origin);
  } catch (error) {
    const where = origin.type === "file" ? origin.path : "";
    throw new UsageError(`run: cannot read --mcp-config: ${where}: ${systemReason(error)}`);
  }
}

/** Throws the system's error for a file that cannot be read. */
export function readMcpServersSource(origin: McpServersOrigin): Source {
  const format = "mcp-servers";
  if (origin.type === "text") return { name: "--mcp-json", text: origin.text, isSubstituted: false, format };
  return { name: origin.name, text: readFileSync(origin.path, "utf8"), isSubstituted: false, format };
}
