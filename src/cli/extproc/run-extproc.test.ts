import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { readFilterConfig } from "../../config/index.ts";
import { createBunRuntime } from "../../runtime/bun.ts";
import { createTelemetry } from "../../telemetry/index.ts";
import { createStreamLog } from "../../telemetry/stream-log.ts";
import { extprocFlags } from "../grammar/extproc-flags.ts";
import type { ProcessEvents } from "../run/process-events.ts";
import { eventually, temporaryDirectory } from "../testing.ts";
import { readGoFlags } from "./go-flags.ts";
import { type ExtprocTimes, runExtproc } from "./run-extproc.ts";
import { readSettings } from "./settings.ts";

const clients: grpc.Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

const times: ExtprocTimes = { lingerMs: 30, drainMs: 5000, flushMs: 1000 };

function begin(more: readonly string[] = [], given: Partial<ExtprocTimes> = {}) {
  const home = temporaryDirectory();
  const path = join(home, "config.yaml");
  writeFileSync(path, "version: dev\n");
  const socket = join(home, "x.sock");
  const words = ["-configPath", path, "-extProcAddr", `unix://${socket}`, "-adminPort", "0", ...more];
  const flags = readGoFlags(words, extprocFlags);
  if (flags === "help") throw new Error("no help is wanted");
  let written = "";
  let events: ProcessEvents | undefined;
  let isReleased = false;
  const write = (text: string) => {
    written += text;
  };
  const done = runExtproc(
    readSettings(flags, {}),
    { runtime: createBunRuntime(), readFilterConfig, createTelemetry },
    {
      log: createStreamLog({ threshold: 0, format: "text", write }),
      writeError: write,
      version: "dev",
      times: { ...times, ...given },
      listenToProcess(listener) {
        events = listener;
        return () => {
          isReleased = true;
        };
      },
      exit() {},
    },
  );
  return {
    path,
    socket,
    done,
    written: () => written,
    isReleased: () => isReleased,
    events: () => events,
    ready: () => eventually(() => written.includes("is ready")),
  };
}

/** A stream of Envoy's that stays open. */
async function openStream(socket: string): Promise<grpc.ClientDuplexStream<Buffer, Buffer>> {
  const client = new grpc.Client(`unix:${socket}`, grpc.credentials.createInsecure());
  clients.push(client);
  const bytes = (value: Buffer) => value;
  const path = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";
  const call = client.makeBidiStreamRequest(path, bytes, bytes);
  call.on("error", () => {});
  await new Promise((resolve) => {
    call.on("data", resolve);
    call.write(Buffer.from([0x2a, 0]));
  });
  return call;
}

describe("a processor that is told to stop", () => {
  test("ends with 0 and leaves nothing behind", async () => {
    const run = begin();
    await run.ready();
    run.events()?.stop("SIGTERM");
    expect(await run.done).toBe(0);
    expect([existsSync(run.socket), run.isReleased()]).toEqual([false, true]);
  });

  test("lets open streams finish", async () => {
    const run = begin();
    await run.ready();
    const stream = await openStream(run.socket);
    run.events()?.stop("SIGTERM");
    let isDone = false;
    void run.done.then(() => {
      isDone = true;
    });
    await Bun.sleep(150);
    expect(isDone).toBe(false);
    stream.cancel();
    expect(await run.done).toBe(0);
  });

  test("cuts them when their time is over", async () => {
    const run = begin([], { drainMs: 100 });
    await run.ready();
    await openStream(run.socket);
    run.events()?.stop("SIGTERM");
    expect(await run.done).toBe(0);
  });
});

test("SIGHUP reads the configuration again, and a bad one is said", async () => {
  const run = begin();
  await run.ready();
  writeFileSync(run.path, "version: other\n");
  run.events()?.reload();
  await eventually(() => run.written().includes("failed to update config, the one before stays in use"));
  run.events()?.stop("SIGTERM");
  await run.done;
});

test("an admin port that is taken keeps it from starting, and the socket is gone", async () => {
  const first = begin();
  await first.ready();
  const [, port = ""] = /admin=127\.0\.0\.1:(\d+)/.exec(first.written()) ?? [];
  const second = begin(["-adminPort", port]);
  await expect(second.done).rejects.toThrow(`admin port ${port} is already in use`);
  await second.done.catch(() => {});
  expect(existsSync(second.socket)).toBe(false);
  first.events()?.stop("SIGTERM");
  await first.done;
});
