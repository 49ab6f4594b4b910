import { join } from "node:path";
import type { Environment } from "../../config/index.ts";
import type { EmbeddedOptions } from "../../engines/embedded/index.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Diagnostic, Severity } from "../../model/diagnostic.ts";
import type { GatewayModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import { createBunRuntime } from "../../runtime/bun.ts";
import type { HttpServer } from "../../runtime/index.ts";
import type { GatewayTelemetry, TelemetryOptions } from "../../telemetry/index.ts";
import type { ConfigRoom } from "./configuration.ts";
import type { GatewayParts } from "./gateway.ts";
import type { RunPlan } from "./plan.ts";

const noSecrets: Secrets = { value: () => undefined };

/** A model that says where it came from in its Gateway's name, and listens on a free port. */
function fakeModel(name: string): GatewayModel {
  return {
    gateway: { group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "default", name },
    listeners: [{ key: "http", print: name, at: 0, address: "127.0.0.1", port: 0, chains: [] }],
    rules: {},
    backends: {},
    mcpRoutes: {},
    limits: {},
    access: {},
    accessLogs: [],
    process: { logLevels: { default: "error" }, drainTimeoutMs: 1000 },
    origins: [],
    aiBackends: {},
    credentials: {},
    costs: { global: [], byRoute: {} },
    models: { all: [], byHost: {}, unscoped: [] },
  };
}

/**
 * A configuration in four words a line: `error X`, `warning X` and `info X` are findings, `file X` reads a file.
 * The rest is the name of the Gateway. Without an error there is a model.
 */
export const fakeConfig: ConfigRoom = {
  autoconfigure(environment) {
    const text = environment["FAKE_CONFIG"] ?? "automatic";
    return { source: { name: "environment", text, isSubstituted: false }, notices: [] };
  },
  compileGateway([source], world) {
    const lines = (source?.text ?? "").split("\n").filter((line) => line !== "");
    const diagnostics: Diagnostic[] = [];
    const names: string[] = [];
    for (const [index, line] of lines.entries()) {
      const [, word = "", rest = ""] = /^(\w+) (.*)$/.exec(line) ?? [];
      if (word === "file") names.push(world.readFile(rest));
      else if (isSeverity(word)) diagnostics.push(finding(word, rest, source?.name ?? "", index + 1));
      else names.push(line);
    }
    const isSound = diagnostics.every(({ severity }) => severity !== "error");
    return { diagnostics, secrets: noSecrets, ...(isSound && { model: fakeModel(names.join(" ")) }) };
  },
  writeResources: ([source]) => `# resources of ${source?.text}\n`,
  formatDiagnostic: ({ origin, message }) => `${origin.file}:${origin.line}:${origin.column}: ${message}`,
};

function isSeverity(word: string): word is Severity {
  return word === "error" || word === "warning" || word === "info";
}

function finding(severity: Severity, message: string, file: string, line: number): Diagnostic {
  const resource = { group: "", kind: "", namespace: "", name: "" };
  return {
    severity,
    code: "fake",
    message,
    related: [],
    origin: { resource, path: "", file, line, column: 1, document: 1 },
  };
}

/** An engine that really listens, and answers with the name of its Gateway. */
export class FakeEngine implements Engine {
  readonly name = "embedded";
  readonly models: GatewayModel[];
  readonly graces: number[] = [];
  /** Set to make the step fail or wait. */
  onStart: () => Promise<void> = async () => {};
  onReplace: () => Promise<void> = async () => {};
  onStop: () => Promise<void> = async () => {};
  #server: HttpServer | undefined;

  constructor({ model }: EmbeddedOptions) {
    this.models = [model];
  }

  get bound() {
    return this.#server === undefined ? [] : [{ name: "http", port: this.#server.port }];
  }

  async start(): Promise<void> {
    await this.onStart();
    const options = { host: "127.0.0.1", port: 0, maxBodyBytes: 1024 };
    this.#server = createBunRuntime().serve(options, () => this.#answer());
  }

  async replace(model: GatewayModel): Promise<void> {
    await this.onReplace();
    this.models.push(model);
  }

  async stop(graceMs: number): Promise<void> {
    this.graces.push(graceMs);
    await Promise.all([this.onStop(), this.#server?.stop()]);
  }

  /** Ten pieces of half a second's stream. */
  #answer(): Response {
    const name = this.models.at(-1)?.gateway.name ?? "";
    let pieces = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        controller.enqueue(new TextEncoder().encode(`${name} ${++pieces}\n`));
        if (pieces === 10) controller.close();
        else await new Promise((resolve) => setTimeout(resolve, 50));
      },
    });
    return new Response(body);
  }
}

export class FakeTelemetry implements GatewayTelemetry {
  readonly calls: string[] = [];
  readonly options: TelemetryOptions;
  onFlush: () => Promise<void> = async () => {};

  constructor(options: TelemetryOptions) {
    this.options = options;
  }

  recordListener(): undefined {
    return undefined;
  }

  async metricsText() {
    return { contentType: "text/plain", body: "fake 1\n" };
  }

  async flush(): Promise<void> {
    this.calls.push("flush");
    await this.onFlush();
  }

  async close(): Promise<void> {
    this.calls.push("close");
  }
}

/** Rooms of a run that remember what they made. */
export class FakeParts implements GatewayParts {
  readonly runtime = createBunRuntime();
  readonly workingDirectory = "/";
  readonly config = fakeConfig;
  readonly environment: Environment;
  engine: FakeEngine | undefined;
  telemetry: FakeTelemetry | undefined;
  onEngine: (engine: FakeEngine) => void = () => {};
  onTelemetry: () => Promise<void> = async () => {};

  constructor(environment: Environment = {}) {
    this.environment = environment;
  }

  createEngine = (options: EmbeddedOptions): Engine => {
    this.engine = new FakeEngine(options);
    this.onEngine(this.engine);
    return this.engine;
  };

  createTelemetry = async (options: TelemetryOptions): Promise<GatewayTelemetry> => {
    await this.onTelemetry();
    this.telemetry = new FakeTelemetry(options);
    return this.telemetry;
  };
}

/** A run named `0` below `root` from the file `gw.yaml` in it, with a free admin port. */
export function planIn(root: string, changes: Partial<RunPlan> = {}): RunPlan {
  return {
    origin: { type: "file", path: join(root, "gw.yaml"), name: "gw.yaml", isDefault: false },
    mcpServers: undefined,
    mcpSessions: { seeds: ["tests"], iterations: 1, isRandom: false },
    directories: {
      config: join(root, "config"),
      data: join(root, "data"),
      state: join(root, "state"),
      runtime: join(root, "run"),
      isRuntimeDefault: false,
    },
    runId: "0",
    isDebug: false,
    engine: "auto",
    envoyPath: undefined,
    adminHost: "127.0.0.1",
    adminPort: 0,
    ...changes,
  };
}
