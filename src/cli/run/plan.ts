import { UsageError } from "../failure.ts";
import type { Host } from "../grammar/command.ts";
import type { RunFlagValues } from "../grammar/flags.ts";
import { type Directories, resolveDirectories } from "../paths/directories.ts";
import { expandPath } from "../paths/expand-path.ts";
import { checkRunId } from "../paths/run-id.ts";
import { type McpServersOrigin, planMcpServers } from "./mcp-servers.ts";
import { type McpSessionSeeds, readMcpSessionSeeds } from "./mcp-sessions.ts";
import { type ConfigOrigin, chooseOrigin } from "./source.ts";

/** What a run's command line asks for, checked as far as it can be without touching the disk. */
export interface RunPlan {
  readonly origin: ConfigOrigin;
  readonly mcpServers: McpServersOrigin | undefined;
  readonly mcpSessions: McpSessionSeeds;
  readonly directories: Directories;
  /** `undefined`: one is made. */
  readonly runId: string | undefined;
  readonly isDebug: boolean;
  readonly engine: "auto" | "embedded" | "envoy";
  /** An Envoy that was given; absolute. */
  readonly envoyPath: string | undefined;
  readonly adminHost: string | undefined;
  readonly adminPort: number;
  /** Of a gateway without a file; absent: the usual one. */
  readonly listenPort?: number;
}

/** Throws `UsageError` for the first thing that is wrong, in the order the flags are documented. */
export async function planRun(flags: RunFlagValues, path: string | undefined, host: Host): Promise<RunPlan> {
  const hasMcpFlag = Boolean(flags["mcp-config"] || flags["mcp-json"]);
  if (flags["mcp-config"] && flags["mcp-json"]) {
    throw new UsageError("run: --mcp-config and --mcp-json are mutually exclusive");
  }
  const directories = resolveDirectories(flags, host);
  const origin = chooseOrigin(path, directories.config, host, hasMcpFlag);
  const mcpServers = await planMcpServers(flags, host);
  const mcpSessions = readMcpSessionSeeds(flags);
  const runId = flags["run-id"];
  const envoyPath = flags["envoy-path"];
  if (runId !== undefined) checkRunId(runId);
  return {
    origin,
    mcpServers,
    mcpSessions,
    directories,
    runId,
    isDebug: flags.debug,
    engine: flags.engine,
    envoyPath: envoyPath === undefined ? undefined : expandPath(envoyPath, host),
    adminHost: flags["admin-address"],
    adminPort: flags["admin-port"],
  };
}
