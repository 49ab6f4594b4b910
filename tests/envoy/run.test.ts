/** A run with Envoy as its user sees it: lines, files, signals, and what is left when something dies. */
import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyPath } from "../support/envoy.ts";
import { freePort } from "../support/ports.ts";
import { root } from "../support/program.ts";
import { startUpstream } from "../support/upstream.ts";
import { configuration, type Setup } from "./config.ts";
import { isRunning } from "./start.ts";

const withEnvoy = test.skipIf(envoyPath === undefined);
const onLinux = test.skipIf(envoyPath === undefined || process.platform !== "linux");

const homes: string[] = [];
const children: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "aigw-run-"));
  homes.push(home);
  return home;
}

interface Running {
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly port: number;
  readonly adminPort: number;
  stdout(): string;
  stderr(): string;
  envoyPid(): number;
}

function environmentOf(home: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    AIGW_CONFIG_HOME: join(home, "config"),
    AIGW_DATA_HOME: join(home, "data"),
    AIGW_STATE_HOME: join(home, "state"),
    AIGW_RUNTIME_DIR: join(home, "run"),
    ...more,
  };
}

function spawn(home: string, config: string, flags: readonly string[], env: Record<string, string>) {
  writeFileSync(join(home, "gw.yaml"), config);
  const command = [process.execPath, join(root, "tests/envoy/aigw.ts"), "gw.yaml", "--run-id=0", ...flags];
  const options = { cwd: home, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" } as const;
  const child = Bun.spawn(command, options);
  children.push(child);
  return child;
}

async function start(home: string, setup: Setup, ...flags: string[]): Promise<Running> {
  const env = environmentOf(home, { ENVOY_PATH: envoyPath ?? "" });
  const child = spawn(home, configuration(setup), flags, env);
  const text = { out: "", err: "" };
  const collect = async (stream: ReadableStream<Uint8Array>, to: keyof typeof text) => {
    for await (const piece of stream) text[to] += Buffer.from(piece).toString();
  };
  void collect(child.stdout, "out");
  void collect(child.stderr, "err");
  const line = /listening on http:\/\/localhost:(\d+) \(admin http:\/\/localhost:(\d+)\) after/;
  for (let waited = 0; !line.test(text.err); waited += 10) {
    if (waited > 10_000 || child.exitCode !== null) throw new Error(`not ready: ${text.err}`);
    await Bun.sleep(10);
  }
  const [, port, adminPort] = line.exec(text.err) ?? [];
  return {
    child,
    port: Number(port),
    adminPort: Number(adminPort),
    stdout: () => text.out,
    stderr: () => text.err,
    envoyPid: () => JSON.parse(readFileSync(join(home, "run/0/run.lock"), "utf8")).envoyPid,
  };
}

function setupFor(url: string): Setup {
  const settings = [
    {
      format: { type: "Text", text: "LOG %RESPONSE_CODE%" },
      sinks: [{ type: "File", file: { path: "/dev/stdout" } }],
    },
  ];
  const places = [{ name: "one", url }];
  return { port: freePort(), places, rules: [{ models: ["m"], refs: ["one"] }], accessLog: { settings } };
}

const ask = (port: number) =>
  fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "m" }),
  });

withEnvoy("a run says two lines, with Envoy's admin port, and ends without a trace but logs", async () => {
  using upstream = startUpstream({ ok: true });
  const [home, setup] = [newHome(), setupFor(upstream.url)];
  const run = await start(home, setup);
  expect(run.port).toBe(setup.port);
  expect(run.stderr().replace(/localhost:\d+\) after \S+/, "localhost:A) after D")).toBe(
    "AI Gateway External Processor is ready\n" +
      `Envoy AI Gateway listening on http://localhost:${setup.port} (admin http://localhost:A) after D\n`,
  );
  expect((await ask(run.port)).status).toBe(200);
  const ready = await fetch(`http://127.0.0.1:${run.adminPort}/ready`);
  expect((await ready.text()).trim()).toBe("LIVE");
  const health = Bun.spawnSync([process.execPath, join(root, "src/main.ts"), "healthcheck"], {
    env: environmentOf(home, { AIGW_RUN_ID: "0" }),
  });
  expect(health.exitCode).toBe(0);

  const pid = run.envoyPid();
  run.child.kill("SIGTERM");
  expect(await run.child.exited).toBe(0);
  expect(isRunning(pid)).toBe(false);
  expect(existsSync(join(home, "run/0"))).toBe(false);
  expect(readFileSync(join(home, "state/envoy-runs/0/stdout.log"), "utf8")).toBe("LOG 200\n");
  expect(run.stdout()).toBe("");
});

withEnvoy("with --debug the access log is shown on stdout", async () => {
  using upstream = startUpstream({ ok: true });
  const run = await start(newHome(), setupFor(upstream.url), "--debug");
  await ask(run.port);
  run.child.kill("SIGTERM");
  await run.child.exited;
  expect(run.stdout()).toBe("LOG 200\n");
});

withEnvoy("a changed file is taken without a restart, a bad one is not", async () => {
  using upstream = startUpstream({ ok: true });
  const [home, setup] = [newHome(), setupFor(upstream.url)];
  const run = await start(home, setup);
  const pid = run.envoyPid();
  const say = async (words: string) => {
    for (let waited = 0; waited < 5000 && !run.stderr().includes(words); waited += 20) await Bun.sleep(20);
    expect(run.stderr()).toContain(words);
  };
  writeFileSync(
    join(home, "gw.yaml"),
    configuration({ ...setup, rules: [{ models: ["n"], refs: ["one"] }] }),
  );
  await say("configuration reloaded from gw.yaml");
  expect((await ask(run.port)).status).toBe(404);
  writeFileSync(join(home, "gw.yaml"), "kind: [");
  await say("configuration not reloaded");
  expect((await ask(run.port)).status).toBe(404);
  expect(run.envoyPid()).toBe(pid);
});

onLinux("kill -9 of aigw takes Envoy along, and the next run starts clean", async () => {
  using upstream = startUpstream({ ok: true });
  const [home, setup] = [newHome(), setupFor(upstream.url)];
  const first = await start(home, setup);
  const pid = first.envoyPid();
  first.child.kill("SIGKILL");
  await first.child.exited;
  for (let waited = 0; waited < 2000 && isRunning(pid) && !isZombie(pid); waited += 10) await Bun.sleep(10);
  expect(!isRunning(pid) || isZombie(pid)).toBe(true);
  const second = await start(home, setup);
  expect((await ask(second.port)).status).toBe(200);
  expect(readFileSync(join(home, "state/runs/0/aigw.log"), "utf8")).toContain("ended without clearing up");
});

/** Ended, but nobody has asked how: in a container without an init that may stay so. */
function isZombie(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

test("without Envoy and without a network a run ends with 1, and says what to do", async () => {
  const home = newHome();
  const env = environmentOf(home, { ENVOY_VERSIONS_URL: "http://127.0.0.1:1/list.json" });
  const child = spawn(home, configuration(setupFor("http://127.0.0.1:1")), [], env);
  const stderr = await new Response(child.stderr).text();
  expect(await child.exited).toBe(1);
  expect(stderr).toMatch(
    /Error running: cannot get http:\/\/127\.0\.0\.1:1\/list\.json: .*aigw download-envoy/,
  );
  expect(existsSync(join(home, "run/0"))).toBe(false);
});

test("a signal during a download ends the run with 0", async () => {
  const home = newHome();
  using silent = Bun.serve({ port: 0, idleTimeout: 0, fetch: () => new Promise<Response>(() => {}) });
  const env = environmentOf(home, { ENVOY_VERSIONS_URL: silent.url.href });
  const child = spawn(home, configuration(setupFor("http://127.0.0.1:1")), [], env);
  const reader = child.stderr.getReader();
  const { value } = await reader.read();
  expect(Buffer.from(value ?? []).toString()).toBe("AI Gateway External Processor is ready\n");
  await Bun.sleep(100);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
});
