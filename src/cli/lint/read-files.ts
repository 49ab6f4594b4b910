import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type * as config from "../../config/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { systemReason } from "../failure.ts";
import type { Host } from "../grammar/command.ts";
import { expandPath } from "../paths/expand-path.ts";

/** One file that was looked at. */
export interface LintedFile {
  readonly name: string;
  readonly findings: readonly Diagnostic[];
  /** Why it could not be read at all. */
  readonly unreadable?: string;
}

type World = Pick<Host, "environment" | "workingDirectory">;

/** `-` is standard input. Files that a configuration names are looked for where `aigw run` would. */
export function readText(name: string, host: World): string {
  return readFileSync(name === "-" ? 0 : expandPath(name, host), "utf8");
}

export function worldOf({ environment, workingDirectory }: World): config.World {
  return {
    environment,
    readFile: (path) => readFileSync(resolve(workingDirectory, path), "utf8"),
    nowMs: Date.now(),
  };
}

export function lintFile(
  name: string,
  host: World,
  room: Pick<typeof config, "autoconfigure" | "lintGateway">,
): LintedFile {
  let text: string;
  try {
    text = readText(name, host);
  } catch (error) {
    return { name, findings: [], unreadable: systemReason(error) };
  }
  const shown = name === "-" ? "<stdin>" : name;
  const sources = sourcesOf(shown, text, room);
  return { name: shown, findings: room.lintGateway(sources, worldOf(host)).diagnostics };
}

/** A list of MCP servers is judged as `aigw run --mcp-config` would judge it, without a provider. */
function sourcesOf(
  name: string,
  text: string,
  { autoconfigure }: Pick<typeof config, "autoconfigure">,
): config.Source[] {
  const isList = /^\s*(?:\/[/*]|\{)/.test(text) && /"(?:mcpServers|servers)"\s*:/.test(text);
  if (!isList) return [{ name, text, isSubstituted: true }];
  const { source } = autoconfigure({}, { isDebug: false, hasMcpServers: true });
  return [source, { name, text, isSubstituted: false, format: "mcp-servers" }];
}
