/** The processes of the benchmark, and what the system says about them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Order, Result } from "./load.ts";

export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a script of this folder that prints its port. */
export async function startServer(name: string, env: Record<string, string>): Promise<Server> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, `${name}.ts`)], {
    env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: "65535", ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const { value } = await child.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(value).trim());
  if (!port) throw new Error(`${name} did not say its port`);
  return {
    name,
    pid: child.pid,
    port,
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}

export interface LoadGenerator {
  run(order: Order): Promise<Result>;
  stop(): Promise<void>;
}

type Message = { readonly ready: true } | { readonly result: Result } | { readonly error: string };

export async function startLoadGenerator(): Promise<LoadGenerator> {
  let answer = Promise.withResolvers<Message>();
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "load.ts")], {
    stdio: ["ignore", "inherit", "inherit"],
    ipc: (message: Message) => answer.resolve(message),
  });
  await answer.promise;
  return {
    async run(order) {
      answer = Promise.withResolvers();
      child.send(order);
      const message = await answer.promise;
      if ("result" in message) return message.result;
      throw new Error("error" in message ? message.error : "the load generator gave no result");
    },
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}

/** CPU time so far in microseconds, of user and system; `NaN` where there is no `/proc`. */
export function cpuMicroseconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return (ticks / 100) * 1e6;
  } catch {
    return Number.NaN;
  }
}
