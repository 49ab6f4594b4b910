import { afterEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as embedded from "../../engines/embedded/index.ts";
import * as envoy from "../../engines/envoy/index.ts";
import { envoyTar, gzip, Mirror } from "../../engines/envoy/obtain/testing.ts";
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
      stateDirectory: "/nowhere",
      scope: { plan: full, directory, log, reporter, startedAtMs: 0, terminal },
      signal: new AbortController().signal,
      onLost() {},
    },
  );
  return { engine, terminal, directory, options: made[0] };
}

const unreachable = { ENVOY_VERSIONS_URL: "http://127.0.0.1:1/list.json" };

function executable(script = ""): string {
  const path = join(temporaryDirectory(), "envoy");
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

test("a plan's engine is what it names", async () => {
  const { engine, terminal } = await choose({ plan: { engine: "embedded" } });
  expect(engine.name).toBe("embedded");
  expect(terminal.stderr).toBe("");
});

test("Envoy's engine is made for the run's own places, and its executable is looked for late", async () => {
  const envoyPath = executable();
  const { engine, options, directory } = await choose({ plan: { engine: "envoy", envoyPath } });
  expect(engine.name).toBe("envoy");
  expect(options?.paths).toEqual({
    directory: directory.paths.envoy,
    mcpSocket: directory.paths.mcpSocket,
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

const open: Disposable[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one[Symbol.dispose]();
});

/** Where an archive of this version can be had. */
function mirrorOf(version: string, serve?: Mirror["serve"]): { readonly [name: string]: string } {
  const mirror = new Mirror({ [version]: gzip(envoyTar(version)) });
  if (serve !== undefined) mirror.serve = serve;
  open.push(mirror);
  return { ENVOY_VERSIONS_URL: mirror.listUrl };
}

/** Promises a megabyte and sends 10 kB of it in each tenth of a second. */
async function startSlowServer(): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-length": 1_000_000 });
    const timer = setInterval(() => response.write(Buffer.alloc(10_000)), 100);
    response.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({ [Symbol.dispose]: () => server.closeAllConnections() });
  open.push({ [Symbol.dispose]: () => void server.close() });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("auto is the Envoy that is there, without a word", async () => {
  const { engine, terminal } = await choose({ plan: { engine: "auto", envoyPath: executable() } });
  expect(engine.name).toBe("envoy");
  expect(terminal.stderr).toBe("");
});

test("auto is an Envoy that can be fetched soon", async () => {
  const choice = { plan: { engine: "auto" }, environment: mirrorOf("1.38.1") } as const;
  const { engine, terminal, options } = await choose(choice);
  expect(engine.name).toBe("envoy");
  expect(terminal.stderr).toMatch(/^downloading \S+\nEnvoy 1\.38\.1 is in \S+\n$/);
  expect(await options?.findBinary(new AbortController().signal)).toEndWith("1.38.1/bin/envoy");
});

/** `reason`: why it runs without Envoy, between what the line begins and ends with. */
const without: readonly {
  readonly name: string;
  choose(): Choice | Promise<Choice>;
  readonly reason: RegExp;
}[] = [
  {
    name: "there is no network",
    choose: () => ({ environment: unreachable }),
    reason: /^cannot get http:\/\/127\.0\.0\.1:1\/list\.json: [^;]+$/,
  },
  {
    name: "there is none for this machine",
    choose: () => ({ environment: mirrorOf("1.37.0") }),
    reason: /has no Envoy 1\.38\.1 for/,
  },
  {
    name: "the one that is there does not run",
    choose: () => ({ plan: { envoyPath: executable("echo no such library >&2; exit 127") } }),
    reason: /^\S+\/envoy does not run here: no such library$/,
  },
  {
    name: "the wanted version is none",
    choose: () => ({ environment: { ENVOY_VERSION: "newest" } }),
    reason: /"newest"/,
  },
  {
    name: "it comes too slowly to wait for it",
    async choose() {
      const slow = await startSlowServer();
      return { environment: mirrorOf("1.38.1", () => Response.redirect(slow)) };
    },
    reason: /^0\.\d of 1\.0 MB have come in \d\.\d s, the next run goes on from there$/,
  },
];

test.each(without)(
  "auto is embedded and says why in one line when $name",
  async ({ choose: what, reason }) => {
    const { plan, ...rest } = await what();
    const { engine, terminal } = await choose({ ...rest, plan: { ...plan, engine: "auto" } });
    expect(engine.name).toBe("embedded");
    const lines = terminal.stderr.trimEnd().split("\n");
    const [, why, advice] = /^running embedded, without Envoy: (.*) \((.*)\)$/.exec(lines.at(-1) ?? "") ?? [];
    expect(why).toMatch(reason);
    expect(advice).toContain("aigw download-envoy");
    expect(lines.slice(0, -1).filter((line) => !line.startsWith("downloading "))).toEqual([]);
  },
);
