import { afterEach, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ListenFailure } from "../../engines/engine.ts";
import { eventually, FakeTerminal, modeOf, temporaryDirectory } from "../testing.ts";
import { RunInUse } from "./lock.ts";
import type { RunPlan } from "./plan.ts";
import type { ProcessEvents } from "./process-events.ts";
import { runGateway, type ShutdownTimes } from "./run-gateway.ts";
import { FakeParts, planIn } from "./testing.ts";

interface Options {
  readonly config?: string;
  readonly plan?: Partial<RunPlan>;
  readonly environment?: { readonly [name: string]: string };
  readonly times?: Partial<ShutdownTimes>;
  prepare?(parts: FakeParts): void;
}

/** A run in a directory of its own, and everything that can be seen of it from outside. */
class TestRun {
  readonly root = temporaryDirectory();
  readonly configFile = join(this.root, "gw.yaml");
  readonly terminal = new FakeTerminal();
  readonly exits: number[] = [];
  readonly parts: FakeParts;
  readonly ended: Promise<number>;
  #events: ProcessEvents | undefined;

  constructor({ config = "one", plan = {}, environment = {}, times = {}, prepare }: Options) {
    writeFileSync(this.configFile, config);
    this.parts = new FakeParts(environment);
    prepare?.(this.parts);
    this.ended = runGateway(planIn(this.root, plan), this.parts, {
      terminal: this.terminal,
      startedAtMs: performance.now(),
      times: { drainMs: 100, flushMs: 100, capMs: 1000, ...times },
      listenToProcess: (events) => {
        this.#events = events;
        return () => {
          this.#events = undefined;
        };
      },
      exit: (code) => void this.exits.push(code),
    });
    runs.push(this);
  }

  get events(): ProcessEvents {
    if (this.#events === undefined) throw new Error("nobody listens to the process");
    return this.#events;
  }

  get isListening(): boolean {
    return this.#events !== undefined;
  }

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  read(...names: string[]): string {
    return readFileSync(this.path(...names), "utf8");
  }

  get log(): string {
    return this.read("state/runs/0/aigw.log");
  }

  async get(path: string): Promise<string> {
    const response = await fetch(`http://${this.read("run/0/admin-address.txt")}${path}`);
    return `${response.status} ${await response.text()}`;
  }

  async live(): Promise<this> {
    await Promise.race([this.saying("Envoy AI Gateway listening on"), this.ended.then(() => this.#died())]);
    return this;
  }

  saying(words: string): Promise<true> {
    return eventually(() => this.terminal.stderr.includes(words) || undefined);
  }

  async stop(): Promise<number> {
    if (this.isListening) this.events.stop("SIGTERM");
    return this.ended;
  }

  #died(): void {
    throw new Error(`ended too early: ${this.terminal.stderr}`);
  }
}

const runs: TestRun[] = [];
afterEach(async () => {
  await Promise.allSettled(runs.splice(0).map((run) => run.stop()));
});

test("a run says two lines on stderr, nothing on stdout, and answers on its admin port", async () => {
  const run = await new TestRun({}).live();
  expect(run.terminal.stdout).toBe("");
  const adminPort = Number(run.read("run/0/admin-address.txt").split(":")[1]);
  const port = run.parts.engine?.bound[0]?.port;
  expect(run.terminal.stderr.replace(/after [\dms.]+\n$/, "after D\n")).toBe(
    "AI Gateway External Processor is ready\n" +
      `Envoy AI Gateway listening on http://localhost:${port} (admin http://localhost:${adminPort}) after D\n`,
  );
  expect(await run.get("/health")).toBe("200 OK\n");
  expect(await run.get("/ready")).toBe("200 LIVE\n");
  expect(await run.get("/metrics")).toBe("200 fake 1\n");
});

test("a run keeps its files where the specification says, for its owner alone", async () => {
  const run = await new TestRun({ config: "one" }).live();
  const modes = [
    "state/runs/0/aigw.log",
    "state/runs/0/envoy-gateway-config.yaml",
    "state/runs/0/envoy-ai-gateway-resources/config.yaml",
    "state/runs/0/extproc-config.yaml",
    "state/envoy-runs/0/stdout.log",
    "run/0/admin-address.txt",
    "run/0/run.lock",
  ].map((name) => modeOf(run.path(name)));
  expect(new Set(modes)).toEqual(new Set(["0600"]));
  expect(modeOf(run.path("state/envoy-runs/0"))).toBe("0750");
  expect(run.read("state/runs/0/envoy-ai-gateway-resources/config.yaml")).toBe("# resources of one\n");
  expect(run.read("state/runs/0/envoy-gateway-config.yaml")).toContain(
    run.path("state/runs/0/envoy-ai-gateway-resources"),
  );
  expect(run.parts.telemetry?.options).toMatchObject({
    stdoutLogPath: run.path("state/envoy-runs/0/stdout.log"),
    echoStdout: false,
  });
});

test("a stopped run exits with 0, has drained and flushed, and leaves logs and generated files only", async () => {
  const run = await new TestRun({}).live();
  expect(await run.stop()).toBe(0);
  expect(run.parts.engine?.graces).toEqual([100]);
  expect(run.parts.telemetry?.calls).toEqual(["flush", "close"]);
  expect(run.isListening).toBe(false);
  expect(existsSync(run.path("run/0"))).toBe(false);
  expect(readdirSync(run.path("state/runs/0")).sort()).toEqual([
    "aigw.log",
    "envoy-ai-gateway-resources",
    "envoy-gateway-config.yaml",
    "extproc-config.yaml",
  ]);
  for (const words of ["Envoy AI Gateway listening on", "Stopping", "signal=SIGTERM", "Stopped"]) {
    expect(run.log).toContain(words);
  }
});

test("health is gone and readiness says DRAINING from the moment a stop begins", async () => {
  const drained = Promise.withResolvers<void>();
  const run = await new TestRun({
    times: { drainMs: 5000, capMs: 5000 },
    prepare(parts) {
      parts.onEngine = (engine) => {
        engine.onStop = () => drained.promise;
      };
    },
  }).live();
  run.events.stop("SIGINT");
  await eventually(() => (run.parts.engine?.graces.length ?? 0) > 0);
  expect(await run.get("/health")).toBe("500 the gateway is shutting down\n");
  expect(await run.get("/ready")).toBe("503 DRAINING\n");
  drained.resolve();
  expect(await run.ended).toBe(0);
});

test("a second signal ends the process at once with 1, and still removes the lock", async () => {
  const run = await new TestRun({
    prepare(parts) {
      parts.onEngine = (engine) => {
        engine.onStop = () => new Promise(() => {});
      };
    },
  }).live();
  run.events.stop("SIGTERM");
  run.events.stopNow();
  expect(run.exits).toEqual([1]);
  expect(existsSync(run.path("run/0"))).toBe(false);
});

test.each([
  {
    name: "an engine that never stops",
    prepare: (parts: FakeParts) => {
      parts.onEngine = (engine) => {
        engine.onStop = () => new Promise(() => {});
      };
    },
  },
  {
    name: "a start that never ends",
    prepare: (parts: FakeParts) => {
      parts.onTelemetry = () => new Promise(() => {});
    },
  },
])("$name is given up at the cap", async ({ prepare }) => {
  const run = new TestRun({ prepare, times: { capMs: 200 } });
  await eventually(
    () => run.log.includes("File written") && (run.parts.engine?.bound.length !== 0 || undefined),
  );
  expect(await run.stop()).toBe(0);
  expect(existsSync(run.path("run/0"))).toBe(false);
});

test("telemetry that cannot be written does not keep the admin server open", async () => {
  const run = await new TestRun({}).live();
  if (run.parts.telemetry !== undefined) run.parts.telemetry.onFlush = () => new Promise(() => {});
  const address = run.read("run/0/admin-address.txt");
  expect(await run.stop()).toBe(0);
  await expect(fetch(`http://${address}/health`)).rejects.toThrow();
});

test("a signal during the start ends it with 0, without an engine, and closes what there was", async () => {
  const telemetry = Promise.withResolvers<void>();
  const run = new TestRun({
    prepare(parts) {
      parts.onTelemetry = () => telemetry.promise;
    },
  });
  run.events.stop("SIGTERM");
  telemetry.resolve();
  expect(await run.ended).toBe(0);
  expect(run.parts.engine).toBeUndefined();
  expect(run.parts.telemetry?.calls).toEqual(["flush", "close"]);
  expect(run.terminal.stderr).toBe("");
});

const failures: { name: string; options: Options; want: string | RegExp }[] = [
  {
    name: "errors in the configuration, all of them by line",
    options: { config: "error first\nwarning second\nerror third" },
    want: /^error: gw.yaml:1:1: first\nwarning: gw.yaml:2:1: second\nerror: gw.yaml:3:1: third\n.* Error running: 2 errors and 1 warning in gw.yaml\n$/,
  },
  {
    name: "a missing file",
    options: { plan: { origin: { type: "file", path: "/nope.yaml", name: "nope.yaml", isDefault: false } } },
    want: "Error running: cannot read the configuration: /nope.yaml: no such file or directory\n",
  },
  {
    name: "a listener that cannot be bound",
    options: {
      prepare(parts) {
        parts.onEngine = (engine) => {
          engine.onStart = () => Promise.reject(new ListenFailure("port 1975 of listener http is in use"));
        };
      },
    },
    want: /^AI Gateway External Processor is ready\n.* Error running: port 1975 of listener http is in use\n$/,
  },
  {
    name: "telemetry that cannot be made",
    options: {
      prepare(parts) {
        parts.onTelemetry = () => Promise.reject(new Error("OTEL_X", { cause: new Error("is wrong") }));
      },
    },
    want: /^\S+ \S+ Error running: OTEL_X: is wrong\n$/,
  },
];

test.each(failures)("a run fails with 1 and leaves nothing running for $name", async ({ options, want }) => {
  const run = new TestRun(options);
  expect(await run.ended).toBe(1);
  expect(run.terminal.stderr).toMatch(want);
  expect(run.terminal.stdout).toBe("");
  expect(existsSync(run.path("run/0"))).toBe(false);
  expect(run.log).toContain("Error running: ");
  expect(run.isListening).toBe(false);
});

test("an admin port in use fails the run before the engine listens", async () => {
  const first = await new TestRun({}).live();
  const adminPort = Number(first.read("run/0/admin-address.txt").split(":")[1]);
  const second = new TestRun({ plan: { adminPort } });
  expect(await second.ended).toBe(1);
  expect(second.terminal.stderr).toContain(`Error running: admin port ${adminPort} is already in use`);
  expect(second.parts.engine?.bound).toEqual([]);
});

test("a run ID in use is refused, and the run that has it goes on", async () => {
  const run = await new TestRun({}).live();
  writeFileSync(run.path("run/0/run.lock"), JSON.stringify({ pid: process.ppid, startedAt: "" }));
  const world = {
    terminal: new FakeTerminal(),
    startedAtMs: 0,
    times: { drainMs: 1, flushMs: 1, capMs: 1 },
    listenToProcess: () => () => {},
    exit: () => {},
  };
  await expect(runGateway(planIn(run.root), new FakeParts(), world)).rejects.toThrow(RunInUse);
  expect(await run.get("/health")).toBe("200 OK\n");
});

test("two runs with their own names share a state and a runtime directory", async () => {
  const directories = planIn(temporaryDirectory()).directories;
  const [one, two] = await Promise.all(
    ["one", "two"].map((runId) => new TestRun({ plan: { runId, directories } }).live()),
  );
  expect(readdirSync(directories.runtime).sort()).toEqual(["one", "two"]);
  expect(await Promise.all([one?.stop(), two?.stop()])).toEqual([0, 0]);
});

test("warnings are said and kept, and what is only worth knowing goes to the log", async () => {
  const run = await new TestRun({ config: "warning odd field\ninfo by the way\none" }).live();
  expect(run.terminal.stderr).toMatch(/^warning: gw.yaml:1:1: odd field\nAI Gateway External Processor/);
  expect(run.terminal.stderr).not.toContain("by the way");
  expect(run.log).toMatch(/level=WARN msg="warning: gw.yaml:1:1: odd field"\n/);
  expect(run.log).toMatch(/level=INFO msg="gw.yaml:2:1: by the way"\n/);
});

test("--debug shows the log on stderr and the access log on stdout", async () => {
  const run = await new TestRun({ plan: { isDebug: true } }).live();
  expect(run.terminal.stderr).toMatch(/^time=\S+ level=INFO msg="Starting"/);
  expect(run.terminal.stderr).toMatch(/^Envoy AI Gateway listening on/m);
  expect(run.parts.telemetry?.options.echoStdout).toBe(true);
});

const notices: { name: string; plan: Partial<RunPlan>; want: string }[] = [
  {
    name: "keys that a default file makes useless",
    plan: {},
    want: "warning: OPENAI_API_KEY ignored: the configuration is ",
  },
];

test.each(notices)("a run warns once of $name and goes on", async ({ plan, want }) => {
  const root = temporaryDirectory();
  const path = join(root, "config.yaml");
  writeFileSync(path, "one");
  const origin = { type: "file", path, name: path, isDefault: true } as const;
  const run = await new TestRun({
    plan: { origin, ...plan },
    environment: { OPENAI_API_KEY: "sk-secret" },
  }).live();
  expect(run.terminal.stderr.split(want)).toHaveLength(2);
  expect(run.terminal.stderr + run.log).not.toContain("sk-secret");
});

test("SIGHUP swaps a changed configuration, and the generated files follow", async () => {
  const run = await new TestRun({ config: "one" }).live();
  writeFileSync(run.configFile, "two");
  run.events.reload();
  await run.saying("configuration reloaded from gw.yaml\n");
  expect(run.parts.engine?.models.slice(0, 2).map(({ gateway }) => gateway.name)).toEqual(["one", "two"]);
  expect(run.read("state/runs/0/envoy-ai-gateway-resources/config.yaml")).toBe("# resources of two\n");
});

test("a changed file is noticed without a signal, a broken one keeps what runs, a mended one is taken", async () => {
  const run = await new TestRun({ config: "one" }).live();
  writeFileSync(run.configFile, "error no such thing");
  await run.saying(
    "configuration not reloaded, the gateway goes on with the one it has: 1 error in gw.yaml\n",
  );
  expect(run.terminal.stderr).toContain("error: gw.yaml:1:1: no such thing\n");
  expect(run.read("state/runs/0/envoy-ai-gateway-resources/config.yaml")).toBe("# resources of one\n");
  expect(await run.get("/ready")).toBe("200 LIVE\n");
  expect(await run.get("/health")).toMatch(
    /^200 OK\n\d{4}-\S+Z configuration not reloaded, the gateway goes on with the one it has: 1 error in gw.yaml\nerror: gw.yaml:1:1: no such thing\n$/,
  );
  writeFileSync(run.configFile, "three");
  await run.saying("configuration reloaded from gw.yaml\n");
  expect(await run.get("/health")).toBe("200 OK\n");
  expect(run.parts.engine?.models.map(({ gateway }) => gateway.name)).toEqual(["one", "three"]);
});

test("a file that the configuration names is watched too", async () => {
  const key = join(temporaryDirectory(), "key");
  writeFileSync(key, "old");
  const run = await new TestRun({ config: `file ${key}` }).live();
  writeFileSync(key, "new key");
  await run.saying("configuration reloaded from gw.yaml\n");
  expect(run.parts.engine?.models.at(-1)?.gateway.name).toBe("new key");
});

test("a configuration file that is gone keeps what runs", async () => {
  const run = await new TestRun({}).live();
  rmSync(run.configFile);
  await run.saying(
    "configuration not reloaded, the gateway goes on with the one it has: cannot read the configuration",
  );
  expect(await run.get("/ready")).toBe("200 LIVE\n");
});

test("an engine that cannot take a model keeps the old one, and the log says so", async () => {
  const run = await new TestRun({
    prepare(parts) {
      parts.onEngine = (engine) => {
        engine.onReplace = () => Promise.reject(new ListenFailure("port 81 is in use"));
      };
    },
  }).live();
  run.events.reload();
  await run.saying(
    "configuration not reloaded, the gateway goes on with the one it has: port 81 is in use\n",
  );
  expect(run.read("state/runs/0/envoy-ai-gateway-resources/config.yaml")).toBe("# resources of one\n");
});

test("an exception that nobody caught is logged and ends nothing", async () => {
  const run = await new TestRun({}).live();
  run.events.accident(new Error("loose end"));
  expect(run.terminal.stderr).toContain('level=ERROR msg="Unexpected error" error="Error: loose end');
  expect(await run.get("/ready")).toBe("200 LIVE\n");
});

test("a change during the start is taken when the start is over", async () => {
  const telemetry = Promise.withResolvers<void>();
  const run = new TestRun({
    config: "one",
    prepare(parts) {
      parts.onTelemetry = () => telemetry.promise;
    },
  });
  writeFileSync(run.configFile, "two");
  run.events.reload();
  telemetry.resolve();
  await run.saying("configuration reloaded from gw.yaml\n");
  expect(run.parts.engine?.models.slice(0, 2).map(({ gateway }) => gateway.name)).toEqual(["one", "two"]);
});
