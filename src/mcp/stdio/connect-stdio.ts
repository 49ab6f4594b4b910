import process from "node:process";
import type { McpLimits, McpStdioTransport } from "../../model/mcp.ts";
import type { SecretRef, Secrets } from "../../model/values.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { BackendConnection } from "../backends/connection.ts";
import type { ChildOptions, StopTimes } from "./child.ts";
import { PerSessionConnection } from "./per-session-connection.ts";
import { SharedConnection } from "./shared-connection.ts";

export interface StdioOptions {
  /** Of the server, for the log. */
  readonly name: string;
  readonly transport: McpStdioTransport;
  readonly secrets: Secrets;
  readonly limits: Pick<McpLimits, "maxEventBytes" | "initializeMs">;
  readonly log: Logger;
  /** What a server that all clients share is told about its client. */
  readonly clientInfo: { readonly name: string; readonly version: string };
  /** aigw's own, if not those of the process. */
  readonly environment?: { readonly [name: string]: string | undefined };
  readonly stopTimes?: StopTimes;
}

/** What connections of both modes are made of. */
export interface ConnectionOptions extends Omit<StdioOptions, "transport" | "secrets" | "environment"> {
  readonly child: ChildOptions;
}

/** Variables that programs can hardly do without. */
const plainVariables = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TMPDIR"];
/** For aigw itself, and harmful to others. */
const ownVariables = ["BUN_CONFIG_MAX_HTTP_REQUESTS"];

/** A server that is a child process. Its command line comes from the configuration, never from a client. */
export function connectStdio(options: StdioOptions): BackendConnection {
  const { name, transport, limits, log } = options;
  const child: ChildOptions = {
    name,
    command: transport.command,
    arguments: transport.arguments.map((argument) => textOf(options, argument)),
    environment: environmentOf(options),
    workingDirectory: transport.workingDirectory,
    maxLineBytes: limits.maxEventBytes,
    log,
  };
  return transport.mode === "shared"
    ? new SharedConnection({ ...options, child })
    : new PerSessionConnection({ ...options, child });
}

function textOf({ secrets }: StdioOptions, value: string | SecretRef): string {
  return typeof value === "string" ? value : (secrets.value(value) ?? "");
}

function environmentOf(options: StdioOptions): { [name: string]: string } {
  const { transport, environment = process.env } = options;
  const names = transport.inheritsEnvironment ? Object.keys(environment) : plainVariables;
  const result: { [name: string]: string } = {};
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined && !ownVariables.includes(name)) result[name] = value;
  }
  for (const [name, value] of transport.environment) result[name] = textOf(options, value);
  return result;
}
