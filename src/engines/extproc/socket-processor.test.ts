import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GatewayModel } from "../../model/gateway.ts";
import { createBunRuntime } from "../../runtime/bun.ts";
import { checkHealth } from "./grpc/check-health.ts";
import { createProcessor } from "./socket-processor.ts";

const silent = { isOn: () => false, debug() {}, info() {}, warn() {}, error() {} };
const model: GatewayModel = {
  gateway: { group: "", kind: "Gateway", namespace: "default", name: "tests" },
  listeners: [],
  rules: {},
  backends: {},
  mcpRoutes: {},
  limits: {},
  access: {},
  accessLogs: [],
  process: { logLevels: { default: "error" }, drainTimeoutMs: 0 },
  origins: [],
  aiBackends: {},
  credentials: {},
  costs: { global: [], byRoute: {} },
  models: { all: [], byHost: {}, unscoped: [] },
};

test("a processor serves on its socket from its start to its stop", async () => {
  const home = mkdtempSync(join(tmpdir(), "aigw-socket-"));
  const socketPath = join(home, "uds.sock");
  const telemetry = { recordListener: () => undefined, flush: async () => {} };
  const processor = createProcessor({
    socketPath,
    environment: {},
    runtime: createBunRuntime(),
    log: silent,
    telemetry,
    stateDirectory: "/nowhere",
    logAttributes: [],
  });
  const secrets = { value: () => undefined };
  expect(existsSync(socketPath)).toBe(false);
  await processor.start(model, secrets);
  expect(await checkHealth(`unix:${socketPath}`, 1000)).toBeUndefined();
  const retire = await processor.replace(model, secrets);
  retire();
  await processor.stop();
  expect(existsSync(socketPath)).toBe(false);
  rmSync(home, { recursive: true, force: true });
});
