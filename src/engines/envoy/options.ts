import type { GatewayModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { McpAggregator } from "../mcp.ts";
import type { Processor } from "./processor.ts";

export interface EnvoyOptions {
  readonly model: GatewayModel;
  readonly secrets: Secrets;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly processor: Processor;
  /** What answers MCP; absent where nothing does. */
  readonly mcp?: McpAggregator | undefined;
  /** Envoy's own, and where this machine's certificate authorities are asked for. */
  readonly environment: { readonly [name: string]: string | undefined };
  readonly runId: string;
  readonly paths: EnvoyPaths;
  /** Request headers that access logs know by another name. */
  readonly logAttributes: readonly HeaderAttribute[];
  /** What access-log records for collectors say of this process. */
  readonly logResource: ReadonlyMap<string, string>;
  /** Path of Envoy's executable; asked when all else is ready, since it may take a download. */
  findBinary(signal: AbortSignal): Promise<string>;
  readonly terminal: EnvoyTerminal;
  /** How long a cluster of an old configuration stays at least. */
  readonly holdMs?: number;
  /** Envoy was started, once more perhaps. */
  onSpawn(pid: number): void;
  /** The gateway has lost its Envoy for good. */
  onLost(error: Error): void;
}

export interface EnvoyPaths {
  /** For files that live as long as the run; made and removed by the engine. */
  readonly directory: string;
  /** Where this program answers MCP. */
  readonly mcpSocket: string;
  /** Envoy writes its admin address there. */
  readonly adminAddress: string;
  readonly stdoutLog: string;
  readonly stderrLog: string;
}

/** What people see of Envoy. */
export interface EnvoyTerminal {
  say(line: string, level: "info" | "warn" | "error"): void;
  /** A line of Envoy's own. */
  stderr(line: string): void;
  /** What access logs write to stdout; absent where nobody wants to see it. */
  readonly stdout?: ((text: Uint8Array) => void) | undefined;
}
