/** Runs a gateway with the vectors' configuration: a process of its own, on free ports, in a home of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineName, engineVariables } from "./engines.ts";
import { vectorsDir } from "./vectors.ts";

export interface VectorsGateway {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  stop(): Promise<void>;
}

/** Whatever understands `run FILE`; by default the source. */
function gatewayCommand(): string[] {
  const given = process.env["AIGW_COMMAND"];
  return given === undefined
    ? [process.execPath, join(import.meta.dir, "../../src/main.ts")]
    : given.split(" ").filter((word) => word !== "");
}

const startLimitMs = 30_000;
const stopLimitMs = 10_000;

/** Starts a gateway whose backends are all at `upstreamPort`. Throws what it wrote if it does not answer in time. */
export async function startVectorsGateway(
  upstreamPort: number,
  engine?: EngineName,
): Promise<VectorsGateway> {
  const home = mkdtempSync(join(tmpdir(), "aigw-vectors-"));
  const port = await freePort();
  const child = Bun.spawn([...gatewayCommand(), "run", join(vectorsDir, "config.yaml"), "--admin-port=0"], {
    cwd: home,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      AIGW_CONFIG_HOME: join(home, "config"),
      AIGW_DATA_HOME: join(home, "data"),
      AIGW_STATE_HOME: join(home, "state"),
      AIGW_RUNTIME_DIR: join(home, "run"),
      ...engineVariables(engine),
      VECTORS_UPSTREAM_PORT: String(upstreamPort),
      VECTORS_GATEWAY_PORT: String(port),
    },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const written = collect(child.stderr);
  const stop = async () => {
    const limit = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
    child.kill("SIGTERM");
    await child.exited;
    clearTimeout(limit);
    rmSync(home, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = performance.now() + startLimitMs; ; await Bun.sleep(50)) {
    if (await answers(url)) return { url, stop };
    if (child.exitCode === null && performance.now() < deadline) continue;
    await stop();
    throw new Error(`the gateway does not answer:\n${await written}`);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v1/models`, { signal: AbortSignal.timeout(1000) })).status === 200;
  } catch {
    return false;
  }
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<string> {
  return (await new Response(stream).text()).slice(-4000);
}

/** The configuration has to name a port, so one is taken from the system and given back. */
export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
