/** `aigw run --engine envoy` with a stand-in for the processor, as a program of its own that tests start and kill. */
import process from "node:process";
import { parseArgs } from "node:util";
import { chooseEngine } from "../../src/cli/run/engines.ts";
import { listenToProcess, runGateway, shutdownTimes } from "../../src/cli/run/index.ts";
import { planRun } from "../../src/cli/run/plan.ts";
import { processTerminal } from "../../src/cli/terminal.ts";
import * as config from "../../src/config/index.ts";
import * as embedded from "../../src/engines/embedded/index.ts";
import * as envoy from "../../src/engines/envoy/index.ts";
import { createBunRuntime } from "../../src/runtime/bun.ts";
import { createTelemetry } from "../../src/telemetry/index.ts";
import { FakeProcessor } from "./fake-processor.ts";

const { values, positionals } = parseArgs({
  options: { "run-id": { type: "string" }, debug: { type: "boolean", default: false } },
  allowPositionals: true,
});
const environment = process.env;
const runtime = createBunRuntime();
const terminal = processTerminal();
const host = {
  runtime,
  terminal,
  environment,
  workingDirectory: process.cwd(),
  platform: process.platform,
  commands: [],
};
const flags = {
  "config-home": environment["AIGW_CONFIG_HOME"],
  "data-home": environment["AIGW_DATA_HOME"],
  "state-home": environment["AIGW_STATE_HOME"],
  "runtime-dir": environment["AIGW_RUNTIME_DIR"],
  engine: "envoy",
  "envoy-path": environment["ENVOY_PATH"],
  debug: values.debug,
  "admin-port": 0,
  "admin-address": "127.0.0.1",
  "mcp-config": undefined,
  "mcp-json": undefined,
  "run-id": values["run-id"],
  "mcp-session-encryption-iterations": 1,
  "mcp-session-encryption-seed": undefined,
  "mcp-session-encryption-fallback-seed": undefined,
} as const;
const rooms = {
  environment,
  embedded,
  loadEnvoy: async () => ({
    envoy,
    createProcessor: ({ socketPath }: { readonly socketPath: string }) => new FakeProcessor(socketPath),
  }),
};
const parts = {
  runtime,
  environment,
  workingDirectory: host.workingDirectory,
  config,
  createEngine: (options: Parameters<typeof chooseEngine>[1]) => chooseEngine(rooms, options),
  createTelemetry,
};
process.exitCode = await runGateway(await planRun(flags, positionals[0], host), parts, {
  terminal,
  startedAtMs: performance.now(),
  times: shutdownTimes,
  listenToProcess,
  exit: (code) => process.exit(code),
});
process.exit();
