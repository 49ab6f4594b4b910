import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as embedded from "../../engines/embedded/index.ts";
import * as envoy from "../../engines/envoy/index.ts";
import type { EnvoyOptions } from "../../engines/envoy/options.ts";
import { openProgramLog } from "../../telemetry/program-log.ts";
import { FakeTerminal, temporaryDirectory } from "../testing.ts";
import { chooseEngine, type EngineRooms } from "./engines.ts";
import type { RunPlan } from "./plan.ts";
import { Reporter } from "./reporter.ts";
import { openRunDirectory } from "./run-directory.ts";
import { FakeParts, planIn } from "./testing.ts";

interface Choice {
  readonly plan?: Partial<RunPlan>;
  readonly rooms?: Partial<EngineRooms>;
  readonly environment?: { readonly [name: string]: string };
}

async function choose({ plan = {}, rooms = {}, environment = {} }: Choice) {
  const root = temporaryDirectory();
  const terminal = new FakeTerminal();
  const full = planIn(root, plan);
  const directory = openRunDirectory(full.directories, "0");
  const log = openProgramLog({ path: join(root, "log"), isDebug: false, writeError() {} });
  const reporter = new Reporter(terminal, log);
  const parts = new FakeParts(environment);
  const { model, secrets } = parts.config.compileGateway([{ name: "x", text: "x", isSubstituted: true }], {
    environment,
    readFile: () => "",
    nowMs: 0,
  });
  if (model === undefined) throw new Error("no model");
  const made: EnvoyOptions[] = [];
  const createEnvoyEngine = (options: EnvoyOptions) => {
    made.push(options);
    return envoy.createEnvoyEngine(options);
  };
  const processor = {
    socketPath: directory.paths.socket,
    start: async () => {},
    replace: async () => () => {},
    stop: async () => {},
  };
  const engine = await chooseEngine(
    {
      environment,
      embedded,
      loadEnvoy: async () => ({
        envoy: { ...envoy, createEnvoyEngine },
        createProcessor: () => processor,
      }),
      ...rooms,
    },
    {
      model,
      secrets,
      environment,
      runtime: parts.runtime,
      log: log.dataPlane,
      telemetry: await parts.createTelemetry({ stdoutLogPath: "", echoStdout: false } as never),
      scope: { plan: full, directory, log, reporter, startedAtMs: 0, terminal },
      signal: new AbortController().signal,
      onLost() {},
    },
  );
  return { engine, terminal, directory, options: made[0] };
}

const unreachable = { ENVOY_VERSIONS_URL: "http://127.0.0.1:1/list.json" };

function executable(): string {
  const path = join(temporaryDirectory(), "envoy");
  writeFileSync(path, "#!/bin/sh\n", { mode: 0o755 });
  return path;
}

test("a plan's engine is what it names, and auto is embedded without a word", async () => {
  expect((await choose({ plan: { engine: "embedded" } })).engine.name).toBe("embedded");
  const { engine, terminal } = await choose({ plan: { engine: "auto" } });
  expect(engine.name).toBe("embedded");
  expect(terminal.stderr).toBe("");
});

test("Envoy's engine is made for the run's own places, and its executable is looked for late", async () => {
  const envoyPath = executable();
  const { engine, options, directory } = await choose({ plan: { engine: "envoy", envoyPath } });
  expect(engine.name).toBe("envoy");
  expect(options?.paths).toEqual({
    directory: directory.paths.envoy,
    adminAddress: directory.paths.adminAddress,
    stdoutLog: directory.paths.accessLog,
    stderrLog: directory.paths.stderrLog,
  });
  expect(options?.terminal.stdout).toBeUndefined();
  expect(await options?.findBinary(new AbortController().signal)).toBe(envoyPath);
});

test("without Envoy and without a network the search fails with what to do", async () => {
  const { options } = await choose({ plan: { engine: "envoy" }, environment: unreachable });
  await expect(options?.findBinary(new AbortController().signal)).rejects.toThrow(/aigw download-envoy/);
});

test("where auto prefers Envoy it is taken if it is there, and else missed in one line", async () => {
  const rooms = { autoPrefersEnvoy: true };
  const there = await choose({ plan: { engine: "auto", envoyPath: executable() }, rooms });
  expect(there.engine.name).toBe("envoy");
  const missing = await choose({ plan: { engine: "auto" }, rooms, environment: unreachable });
  expect(missing.engine.name).toBe("embedded");
  expect(missing.terminal.stderr).toMatch(
    /^running without Envoy \(--engine embedded\): cannot get [^\n]*\n$/,
  );
});
