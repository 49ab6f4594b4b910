import { type Command, defineCommand } from "./command.ts";
import { extprocFlags } from "./extproc-flags.ts";
import { execFlags, explainFlags, lintFlags, pathArgument, runFlags, versionFlags } from "./flags.ts";

/** Every command: the only source of parsing, help, completion and the reference page. */
export const commands: readonly Command[] = [
  defineCommand({
    name: "version",
    summary: "Show the version.",
    flags: versionFlags,
    isRecommended: true,
    load: async () => (await import("../commands/version.ts")).version,
  }),
  defineCommand({
    name: "run",
    summary: "Run the gateway in the foreground.",
    flags: runFlags,
    argument: pathArgument,
    isRecommended: true,
    load: async () => (await import("../commands/run.ts")).run,
  }),
  defineCommand({
    name: "healthcheck",
    summary: "Check that a gateway runs and takes requests; made for Docker's HEALTHCHECK.",
    isRecommended: true,
    load: async () => (await import("../commands/healthcheck.ts")).healthcheck,
  }),
  defineCommand({
    name: "download-envoy",
    summary: "Download Envoy ahead of the first run.",
    isRecommended: true,
    load: async () => (await import("../commands/download-envoy.ts")).downloadEnvoy,
  }),
  defineCommand({
    name: "extproc",
    summary:
      "Run the processor alone, for the Envoys of a cluster; takes the flags and files of Envoy AI Gateway's extproc.",
    flags: extprocFlags,
    hasOwnGrammar: true,
    load: async () => (await import("../commands/extproc.ts")).extproc,
  }),
  defineCommand({
    name: "exec",
    summary:
      "Run a command with a gateway around it: its SDKs are pointed there, and a summary of its calls follows.",
    flags: execFlags,
    argument: pathArgument,
    takesCommandLine: true,
    load: async () => (await import("../commands/exec.ts")).exec,
  }),
  defineCommand({
    name: "lint",
    summary: "Check configuration files and list what is wrong with them, by line.",
    flags: lintFlags,
    argument: {
      name: "file",
      isRequired: true,
      isRepeated: true,
      description:
        "Configuration files or lists of MCP servers, each checked on its own as aigw run would; - is standard input.",
    },
    load: async () => (await import("../commands/lint.ts")).lint,
  }),
  defineCommand({
    name: "explain",
    summary: "Show what a configuration does with a request: each rule, backend and setting with its line.",
    flags: explainFlags,
    argument: {
      name: "file",
      isRequired: true,
      isRepeated: false,
      description: "Configuration file; - is standard input.",
    },
    load: async () => (await import("../commands/explain.ts")).explain,
  }),
  defineCommand({
    name: "schema",
    summary: "Print the JSON schema of what aigw reads, for editors.",
    argument: {
      name: "of",
      isRequired: false,
      isRepeated: false,
      choices: ["resources", "mcp-servers"],
      description: "resources, which is meant if nothing is given, or mcp-servers, the file of --mcp-config.",
    },
    load: async () => (await import("../commands/schema.ts")).schema,
  }),
  defineCommand({
    name: "completion",
    summary: "Print a script that completes commands and flags in your shell.",
    argument: {
      name: "shell",
      isRequired: true,
      isRepeated: false,
      choices: ["bash", "zsh", "fish"],
      description: "Your shell: bash, zsh or fish.",
    },
    load: async () => (await import("../commands/completion.ts")).completion,
  }),
];
