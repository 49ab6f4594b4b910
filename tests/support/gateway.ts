/** Runs aigw as its users do: a process of its own, in a home of its own, spoken to over loopback. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineName, engineVariables } from "./engines.ts";
import { commandOf, type Program } from "./program.ts";

export interface RunOptions {
  /** How it is run; compiled unless said otherwise. */
  readonly program?: Program;
  /** What carries the traffic; embedded unless said otherwise. */
  readonly engine?: EngineName;
  /** Added to an environment that has nothing but `PATH` and the four directories. */
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** Text of a configuration file that is given as the argument of `run`. */
  readonly config?: string;
}

export interface Gateway extends AsyncDisposable {
  readonly pid: number;
  /** `http://127.0.0.1:PORT` of the first listener. */
  readonly url: string;
  /** Of the gateway's own admin server. */
  readonly adminUrl: string;
  readonly port: number;
  /** Everything it may write to. */
  readonly home: string;
  stdout(): string;
  stderr(): string;
  readonly exited: Promise<number>;
  signal(name: NodeJS.Signals): void;
  /** Sends SIGTERM and resolves with the exit code. */
  stop(): Promise<number>;
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const statusLine =
  /^Envoy AI Gateway listening on http:\/\/localhost:(\d+) \(admin http:\/\/localhost:(\d+)\) after \S+$/m;
const startLimitMs = 20_000;
const stopLimitMs = 15_000;

interface Started {
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly home: string;
  readonly out: Collector;
  readonly err: Collector;
}

/** Starts `aigw run` and resolves with its second status line. Throws what it wrote if it ends before. */
export async function startGateway(options: RunOptions): Promise<Gateway> {
  // Any free admin port, unless the test is about it: many gateways run side by side.
  const started = start(["run", ...configArgument(options), "--admin-port=0"], options);
  const { child, home, out, err } = started;
  try {
    const [, port = "", adminPort = ""] = await untilListening(started);
    return {
      pid: child.pid,
      url: `http://127.0.0.1:${port}`,
      adminUrl: options.engine === "envoy" ? loggedAdminUrl(home) : `http://127.0.0.1:${adminPort}`,
      port: Number(port),
      home,
      stdout: () => out.text,
      stderr: () => err.text,
      exited: child.exited,
      signal: (name) => child.kill(name),
      stop: () => stop(child),
      async [Symbol.asyncDispose]() {
        await stop(child);
        rmSync(home, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await stop(child);
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
}

/** The status line has Envoy's own admin port where there is an Envoy; the log has the gateway's. */
function loggedAdminUrl(home: string): string {
  const runs = join(home, "state/runs");
  const logs = readdirSync(runs).map((run) => readFileSync(join(runs, run, "aigw.log"), "utf8"));
  const [, address] = /Admin server listens.* address=([\d.:]+)/.exec(logs.join("\n")) ?? [];
  if (address === undefined) throw new Error("the log does not say where the admin server listens");
  return `http://${address}`;
}

/** Runs a command that ends by itself, `run` with something wrong among them. */
export async function runAigw(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { child, home, out, err } = start([...args, ...configArgument(options)], options);
  try {
    const limit = setTimeout(() => child.kill("SIGKILL"), startLimitMs);
    const code = await child.exited;
    clearTimeout(limit);
    await Promise.all([out.done, err.done]);
    return { code, stdout: out.text, stderr: err.text };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** A file's place is not known before its home is, so the argument is a name in the home, where aigw runs. */
function configArgument(options: RunOptions): string[] {
  return options.config === undefined ? [] : ["config.yaml"];
}

function start(args: readonly string[], options: RunOptions): Started {
  const home = mkdtempSync(join(tmpdir(), "aigw-"));
  if (options.config !== undefined) writeFileSync(join(home, "config.yaml"), options.config);
  const directories: Record<string, string> = { HOME: home };
  for (const [name, folder] of [
    ["AIGW_CONFIG_HOME", "config"],
    ["AIGW_DATA_HOME", "data"],
    ["AIGW_STATE_HOME", "state"],
    ["AIGW_RUNTIME_DIR", "run"],
  ] as const) {
    directories[name] = join(home, folder);
    mkdirSync(join(home, folder));
  }
  // Bun is found and installed by the real environment; aigw itself sees no credentials or proxies of this machine.
  const env = {
    PATH: process.env["PATH"] ?? "",
    ...directories,
    ...engineVariables(options.engine),
    ...options.env,
  };
  const command = [...commandOf(options.program ?? "binary"), ...args, ...(options.flags ?? [])];
  const child = Bun.spawn(command, { cwd: home, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  running.add(child);
  void child.exited.then(() => running.delete(child));
  return { child, home, out: collect(child.stdout), err: collect(child.stderr) };
}

async function untilListening({ child, err }: Started): Promise<RegExpExecArray> {
  const deadline = performance.now() + startLimitMs;
  let isRunning = true;
  const exited = child.exited.then(() => {
    isRunning = false;
  });
  for (;;) {
    const line = statusLine.exec(err.text);
    if (line) return line;
    if (!isRunning) await err.done;
    if (!isRunning && !statusLine.test(err.text))
      throw new Error(`aigw ended with ${child.exitCode}:\n${err.text}`);
    if (performance.now() > deadline)
      throw new Error(`aigw is not ready after ${startLimitMs} ms:\n${err.text}`);
    await Promise.race([err.next(), exited, Bun.sleep(1000)]);
  }
}

/** What runs now; a test run that ends early takes it along. */
const running = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

async function stop(child: Bun.Subprocess): Promise<number> {
  if (child.exitCode === null) child.kill("SIGTERM");
  const limit = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
  const code = await child.exited;
  clearTimeout(limit);
  return code;
}

interface Collector {
  text: string;
  /** Resolves when more text has come, never after the end. */
  next(): Promise<void>;
  readonly done: Promise<void>;
}

/** Reads a pipe to its end, so that the child never waits for us. */
function collect(stream: ReadableStream<Uint8Array>): Collector {
  let more = Promise.withResolvers<void>();
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const piece of stream) {
      collector.text += decoder.decode(piece, { stream: true });
      more.resolve();
      more = Promise.withResolvers();
    }
  };
  const collector: Collector = { text: "", next: () => more.promise, done: Promise.resolve() };
  return Object.assign(collector, { done: read() });
}
