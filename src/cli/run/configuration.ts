import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type * as config from "../../config/index.ts";
import type { Compiled } from "../../model/gateway.ts";
import { readMcpServersSource } from "./mcp-servers.ts";
import type { RunPlan } from "./plan.ts";
import { providersIn, readSource } from "./source.ts";

/** What a run asks of the configuration room. */
export type ConfigRoom = Pick<
  typeof config,
  "autoconfigure" | "compileGateway" | "writeResources" | "formatDiagnostic"
>;

/** One reading of the configuration. */
export interface Loaded extends Compiled {
  /** What messages call it. */
  readonly name: string;
  /** For the user, once. */
  readonly notices: readonly string[];
  /** Files whose change is a change of the configuration; absolute. */
  readonly files: readonly string[];
  /** The resources in effect, for people. */
  resourcesText(): string;
}

/** A model without a date of its own is as old as this process, and stays so through reloads. */
const processStartMs = Math.floor(performance.timeOrigin);

/** Reads and compiles what the plan names. Throws for a file that cannot be read and for variables that make no sense. */
export function loadConfiguration(
  { origin, mcpServers, isDebug, listenPort }: RunPlan,
  room: ConfigRoom,
  environment: config.Environment,
  workingDirectory: string,
): Loaded {
  const files = new Set<string>(origin.type === "file" ? [origin.path] : []);
  const world: config.World = {
    environment,
    readFile(path) {
      // Remembered even if it cannot be read: it may come.
      files.add(resolve(workingDirectory, path));
      return readFileSync(resolve(workingDirectory, path), "utf8");
    },
    nowMs: processStartMs,
  };
  const notices: string[] = [];
  const mcpSource = mcpServers && readMcpServersSource(mcpServers);
  if (mcpServers?.type === "file") files.add(mcpServers.path);
  let source: config.Source;
  if (origin.type === "file") {
    source = readSource(origin);
    if (origin.isDefault) notices.push(...ignoredProviders(environment, origin.path));
  } else {
    const automatic = room.autoconfigure(environment, {
      isDebug,
      hasMcpServers: mcpSource !== undefined,
      port: listenPort,
    });
    source = automatic.source;
    notices.push(...automatic.notices);
  }
  const sources = mcpSource === undefined ? [source] : [source, mcpSource];
  const compiled = room.compileGateway(sources, world);
  return {
    ...compiled,
    name: sources.map(({ name }) => name).join(" and "),
    notices,
    files: [...files],
    resourcesText: () => room.writeResources(sources, world),
  };
}

function ignoredProviders(environment: config.Environment, path: string): string[] {
  const ignored = providersIn(environment);
  return ignored.length === 0 ? [] : [`${ignored.join(", ")} ignored: the configuration is ${path}`];
}
