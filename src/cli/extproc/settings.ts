import { defaultMount, type GrpcAddress, type Mount, readGrpcAddress } from "../../engines/extproc/index.ts";
import { type HeaderAttributes, readHeaderAttributes, readPairs } from "../../policy/header-attributes.ts";
import type { StreamLogOptions } from "../../telemetry/stream-log.ts";
import type { extprocFlags } from "../grammar/extproc-flags.ts";
import type { FlagValues } from "../grammar/flag.ts";
import { readGoDurationMs, readGoInt } from "./go-flags.ts";

export type ExtprocFlagValues = FlagValues<typeof extprocFlags>;
type Environment = { readonly [name: string]: string | undefined };

/** What a line asks for, checked as far as it can be without touching the disk. */
export interface ExtprocSettings {
  readonly config: { readonly type: "file" | "bundle"; readonly path: string };
  /** The only version of a configuration that is taken; absent: those whose format is known. */
  readonly configVersion: string | undefined;
  readonly address: GrpcAddress;
  readonly adminPort: number;
  readonly mount: Mount;
  readonly maxReceiveBytes: number | undefined;
  readonly log: Pick<StreamLogOptions, "threshold" | "format">;
  readonly attributes: HeaderAttributes;
  /** The process's environment, with the attributes of the flags in place of its own. */
  readonly environment: Environment;
  readonly wantsMcp: boolean;
}

/** Every problem at once, a line each. */
export class SettingsFailure extends Error {
  override readonly name = "SettingsFailure";
}

/** Throws `SettingsFailure`. */
export function readSettings(flags: ExtprocFlagValues, environment: Environment): ExtprocSettings {
  const problems: string[] = [];
  const attempt = <T>(prefix: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      problems.push(`${prefix}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const config = readConfig(flags);
  if (config === undefined) problems.push("either configPath or configBundlePath must be provided");
  const threshold = attempt("failed to unmarshal log level", () => readLogLevel(flags.logLevel ?? "info"));
  const format = flags.logFormat;
  if (format !== "text" && format !== "json") {
    problems.push(`invalid log format: ${JSON.stringify(format)}, must be "text" or "json"`);
  }
  for (const { prefix, name } of mappings) attempt(prefix, () => readPairs(`-${name}`, flags[name] ?? ""));
  const prefixes = attempt("failed to parse endpoint prefixes", () =>
    readPrefixes(flags.endpointPrefixes ?? ""),
  );
  const address = attempt("failed to parse extProcAddr", () => readGrpcAddress(flags.extProcAddr ?? ":1063"));
  const maxReceiveBytes = attempt("failed to parse maxRecvMsgSize", () => readSize(flags.maxRecvMsgSize));
  attempt("failed to parse mcpWriteTimeout", () => readDuration(flags.mcpWriteTimeout ?? "120s"));
  if (problems.length > 0 || config === undefined || threshold === undefined || address === undefined) {
    throw new SettingsFailure(problems.join("\n"));
  }
  const merged = withAttributes(environment, flags);
  return {
    config,
    configVersion: flags.configVersion ?? (environment["AIGW_EXTPROC_CONFIG_VERSION"] || undefined),
    address,
    adminPort: flags.adminPort,
    mount: { rootPrefix: flags.rootPrefix ?? "/", prefixes: { ...defaultMount.prefixes, ...prefixes } },
    maxReceiveBytes,
    log: { threshold, format },
    attributes: readHeaderAttributes(merged),
    environment: merged,
    wantsMcp: (flags.mcpAddr ?? "") !== "",
  };
}

function readConfig({
  configPath,
  configBundlePath,
}: ExtprocFlagValues): ExtprocSettings["config"] | undefined {
  if (configBundlePath) return { type: "bundle", path: configBundlePath };
  return configPath ? { type: "file", path: configPath } : undefined;
}

const mappings = [
  {
    name: "requestHeaderAttributes",
    prefix: "failed to parse request header mapping",
    variable: "OTEL_AIGW_REQUEST_HEADER_ATTRIBUTES",
  },
  {
    name: "spanRequestHeaderAttributes",
    prefix: "failed to parse tracing header mapping",
    variable: "OTEL_AIGW_SPAN_REQUEST_HEADER_ATTRIBUTES",
  },
  {
    name: "metricsRequestHeaderAttributes",
    prefix: "failed to parse metrics header mapping",
    variable: "OTEL_AIGW_METRICS_REQUEST_HEADER_ATTRIBUTES",
  },
  {
    name: "logRequestHeaderAttributes",
    prefix: "failed to parse access log header mapping",
    variable: "OTEL_AIGW_LOG_REQUEST_HEADER_ATTRIBUTES",
  },
] as const;

/** A flag that is not given leaves the default; one that is empty takes it away. */
function withAttributes(environment: Environment, flags: ExtprocFlagValues): Environment {
  return {
    ...environment,
    ...Object.fromEntries(mappings.map(({ name, variable }) => [variable, flags[name]])),
  };
}

const levels: { readonly [word: string]: number } = { debug: -4, info: 0, warn: 4, error: 8 };

/** Go's numbers for levels: `debug` is -4, `info` 0, `warn` 4, `error` 8. */
function readLogLevel(text: string): number {
  const [, word = "", offset = "0"] = /^([a-z]+)([+-]\d+)?$/i.exec(text) ?? [];
  const level = levels[word.toLowerCase()];
  if (level === undefined) throw new Error(`unknown level ${JSON.stringify(text)}`);
  return level + Number(offset);
}

function readPrefixes(text: string): Partial<Mount["prefixes"]> {
  if (text.trim() === "") return {};
  const prefixes: { [family: string]: string } = {};
  for (const [index, pair] of text.split(",").entries()) {
    const place = `at position ${index + 1}`;
    if (pair.trim() === "") throw new Error(`empty endpointPrefixes pair ${place}`);
    const colon = pair.indexOf(":");
    if (colon < 0)
      throw new Error(
        `endpointPrefixes pair ${JSON.stringify(pair.trim())} ${place} has no colon; write key:prefix`,
      );
    const key = pair.slice(0, colon).trim();
    if (!Object.hasOwn(defaultMount.prefixes, key)) {
      const allowed = Object.keys(defaultMount.prefixes).join(", ");
      throw new Error(`unknown endpointPrefixes key ${JSON.stringify(key)} ${place} (allowed: ${allowed})`);
    }
    prefixes[key] = pair.slice(colon + 1).trim();
  }
  return prefixes;
}

function readSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const size = readGoInt(text);
  if (size === undefined || size < 1) throw new Error(`${JSON.stringify(text)} is no number of bytes`);
  // The library counts in 32 bits.
  return size > 2 ** 31 - 1 ? undefined : size;
}

function readDuration(text: string): number {
  const durationMs = readGoDurationMs(text);
  if (durationMs === undefined)
    throw new Error(`${JSON.stringify(text)} is no duration; write 120s or 1m30s`);
  return durationMs;
}
