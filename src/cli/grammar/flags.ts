import type { Argument, FlagValues } from "./flag.ts";

/** Accepted before and after every command. */
export const globalFlags = {
  "config-home": {
    type: "text",
    completes: "directory",
    variable: "AIGW_CONFIG_HOME",
    description: "Directory of your configuration files, ~/.config/aigw if not given",
  },
  "data-home": {
    type: "text",
    completes: "directory",
    variable: "AIGW_DATA_HOME",
    description: "Directory of downloaded Envoy binaries, ~/.local/share/aigw if not given",
  },
  "state-home": {
    type: "text",
    completes: "directory",
    variable: "AIGW_STATE_HOME",
    description: "Directory of logs and generated files, kept after a run, ~/.local/state/aigw if not given",
  },
  "runtime-dir": {
    type: "text",
    completes: "directory",
    variable: "AIGW_RUNTIME_DIR",
    description: "Directory of files that live as long as a run, /tmp/aigw-<uid> if not given",
  },
} as const;

export const runFlags = {
  engine: {
    type: "choice",
    choices: ["auto", "embedded", "envoy"],
    default: "auto",
    variable: "AIGW_ENGINE",
    description:
      "What carries the traffic: embedded, envoy, or auto, which is Envoy where it is there or soon fetched",
  },
  "envoy-path": {
    type: "text",
    completes: "file",
    variable: "ENVOY_PATH",
    description: "Envoy executable to run instead of a downloaded one",
  },
  debug: {
    type: "switch",
    variable: "AIGW_DEBUG",
    description: "Show the whole log on stderr and the access log on stdout",
  },
  "admin-port": {
    type: "integer",
    default: 1064,
    min: 0,
    max: 65_535,
    description: "Port of the admin server with /health, /ready and /metrics; 0 picks a free one",
  },
  "admin-address": {
    type: "text",
    variable: "AIGW_ADMIN_ADDRESS",
    description: "IP address of the admin server, all interfaces if not given",
  },
  "mcp-config": {
    type: "text",
    completes: "file",
    description: "JSON file that lists MCP servers",
  },
  "mcp-json": {
    type: "text",
    description: "List of MCP servers as JSON text",
  },
  "mcp-session-encryption-seed": {
    type: "text",
    variable: "AIGW_MCP_SESSION_SEED",
    description: "Secret from which the key that seals MCP sessions is made, a random one if not given",
  },
  "mcp-session-encryption-fallback-seed": {
    type: "text",
    variable: "AIGW_MCP_SESSION_FALLBACK_SEED",
    description: "Secrets of before, separated by commas, whose MCP sessions are still taken",
  },
  "run-id": {
    type: "text",
    variable: "AIGW_RUN_ID",
    description: "Name of this run's directories, a timestamp if not given; 0 suits containers",
  },
  "mcp-session-encryption-iterations": {
    type: "integer",
    default: 100_000,
    min: 1,
    max: 2 ** 31 - 1,
    description: "PBKDF2 iterations for the key that seals MCP sessions",
  },
} as const;

export const versionFlags = {
  licenses: { type: "switch", description: "Show the licences of what the program is made of" },
} as const;

/** Of `exec`: those of `run`, and what to say at the end. Its gateway is not long-lived enough to wait for a download. */
export const execFlags = {
  ...runFlags,
  engine: { ...runFlags.engine, default: "embedded" },
  "admin-port": { ...runFlags["admin-port"], default: 0 },
  summary: {
    type: "choice",
    choices: ["text", "json", "junit", "markdown", "none"],
    default: "text",
    description: "Shape of the summary that is written when the command has ended",
  },
  "summary-file": {
    type: "text",
    completes: "file",
    description: "File for the summary, stderr if not given",
  },
} as const;

export const lintFlags = {
  format: {
    type: "choice",
    choices: ["text", "json", "sarif"],
    default: "text",
    description: "Shape of the findings: lines, JSON, or SARIF for code scanners",
  },
} as const;

export const explainFlags = {
  model: { type: "text", description: "Model that the request asks for" },
  path: { type: "text", description: "Path of the request, /v1/chat/completions if not given" },
  method: { type: "text", description: "Method of the request, POST if not given" },
  host: { type: "text", description: "Host that the request is sent to, localhost if not given" },
  port: {
    type: "integer",
    default: 0,
    min: 0,
    max: 65_535,
    description: "Port that the request is sent to; 0 is that of the first listener",
  },
  header: { type: "list", description: "A header of the request, NAME: VALUE; may be given several times" },
  body: { type: "text", description: "Body of the request, or @FILE; shows what an upstream would be sent" },
  format: {
    type: "choice",
    choices: ["text", "json"],
    default: "text",
    description: "Shape of the answer",
  },
} as const;

export type GlobalFlagValues = FlagValues<typeof globalFlags>;
export type ExecFlagValues = FlagValues<typeof globalFlags & typeof execFlags>;
export type RunFlagValues = FlagValues<typeof globalFlags & typeof runFlags>;

export const pathArgument: Argument = {
  name: "path",
  isRequired: false,
  isRepeated: false,
  description:
    "YAML file with the gateway's resources. If not given: config.yaml in the configuration directory where " +
    "there is one, else what OPENAI_API_KEY, AZURE_OPENAI_API_KEY or ANTHROPIC_API_KEY give.",
};
