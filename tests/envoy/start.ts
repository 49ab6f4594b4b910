/** The Envoy engine with a real Envoy and a stand-in for the processor, in this process. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileText } from "../../src/config/testing.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { createEnvoyEngine } from "../../src/engines/envoy/index.ts";
import type { Compiled, GatewayModel } from "../../src/model/gateway.ts";
import { readHeaderAttributes } from "../../src/policy/header-attributes.ts";
import { createBunRuntime } from "../../src/runtime/bun.ts";
import { envoyPath } from "../support/envoy.ts";
import { FakeProcessor } from "./fake-processor.ts";

const silent = { isOn: () => false, debug() {}, info() {}, warn() {}, error() {} };

export interface StartOptions {
  readonly binary?: string;
  readonly runId?: string;
  readonly holdMs?: number;
  /** Makes a model that no configuration could. */
  spoil?(model: GatewayModel): GatewayModel;
  readonly environment?: { readonly [name: string]: string };
}

/** A compiled configuration; throws what is wrong with it. */
export function compile(text: string): Compiled & { readonly model: GatewayModel } {
  const { model, ...rest } = compileText(text);
  if (model === undefined) throw new Error(rest.diagnostics.map(({ message }) => message).join("\n"));
  return { ...rest, model };
}

export class EnvoyRun implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), "aigw-envoy-"));
  readonly processor = new FakeProcessor(join(this.root, "uds.sock"));
  readonly said: string[] = [];
  readonly pids: number[] = [];
  readonly lost = Promise.withResolvers<Error>();
  stderr = "";
  readonly engine: Engine;

  constructor(text: string, options: StartOptions = {}) {
    const { model, secrets } = compile(text);
    this.engine = createEnvoyEngine({
      model: options.spoil?.(model) ?? model,
      secrets,
      runtime: createBunRuntime(),
      log: silent,
      processor: this.processor,
      environment: { PATH: process.env["PATH"], ...options.environment },
      ...(options.holdMs !== undefined && { holdMs: options.holdMs }),
      runId: options.runId ?? "tests",
      paths: {
        directory: join(this.root, "envoy"),
        mcpSocket: join(this.root, "mcp.sock"),
        adminAddress: join(this.root, "admin-address.txt"),
        stdoutLog: join(this.root, "logs/stdout.log"),
        stderrLog: join(this.root, "logs/stderr.log"),
      },
      logAttributes: readHeaderAttributes({}).logs,
      logResource: new Map([["service.name", "ai-gateway"]]),
      findBinary: async () => options.binary ?? envoyPath ?? "",
      terminal: {
        say: (line) => void this.said.push(line),
        stderr: (line) => {
          this.stderr += `${line}\n`;
        },
      },
      onSpawn: (pid) => void this.pids.push(pid),
      onLost: (error) => this.lost.resolve(error),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.engine.bound[0]?.port}`;
  }

  /** Of the Envoy that runs now. */
  get pid(): number {
    return this.pids.at(-1) ?? 0;
  }

  async start(signal = new AbortController().signal): Promise<this> {
    await this.engine.prepare?.();
    await this.engine.start(signal);
    return this;
  }

  async replace(text: string): Promise<void> {
    const { model, secrets } = compile(text);
    await this.engine.replace(model, secrets);
  }

  /** Asks for a model. */
  ask(model: string, init: { readonly path?: string; readonly headers?: Record<string, string> } = {}) {
    return fetch(`${this.url}${init.path ?? "/v1/chat/completions"}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...init.headers },
      body: JSON.stringify({ model }),
    });
  }

  /** Lines of the access log, once there are `count`. */
  async log(count: number): Promise<string[]> {
    for (let waited = 0; waited < 5000; waited += 20) {
      const lines = readFileSync(join(this.root, "logs/stdout.log"), "utf8").split("\n").slice(0, -1);
      if (lines.length >= count) return lines;
      await Bun.sleep(20);
    }
    throw new Error(`there are no ${count} lines in the access log`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.stop(0);
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
