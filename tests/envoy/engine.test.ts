/** The Envoy engine with a real Envoy: its life, and that clients notice nothing of what happens to it. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { ListenFailure } from "../../src/engines/engine.ts";
import type { GatewayModel } from "../../src/model/gateway.ts";
import { envoyPath } from "../support/envoy.ts";
import { freePort } from "../support/ports.ts";
import { startUpstream } from "../support/upstream.ts";
import { configuration, type Setup } from "./config.ts";
import { EnvoyRun, isRunning } from "./start.ts";

const withEnvoy = test.skipIf(envoyPath === undefined);

function setup(upstream: { readonly url: string }, more: Partial<Setup> = {}): Setup {
  return {
    port: freePort(),
    places: [{ name: "one", url: upstream.url }],
    rules: [{ models: ["m"], refs: ["one"] }],
    ...more,
  };
}

withEnvoy("starts, answers, and leaves only logs when it is stopped", async () => {
  using upstream = startUpstream({ ok: true });
  const config = setup(upstream);
  await using run = await new EnvoyRun(configuration(config)).start();
  expect(run.engine.bound).toEqual([{ name: "http", port: config.port }]);
  expect(readFileSync(join(run.root, "admin-address.txt"), "utf8")).toBe(`127.0.0.1:${run.engine.adminPort}`);
  expect(await (await run.ask("m")).json()).toEqual({ ok: true });
  expect(run.stderr).toBe("");
  expect(run.said).toEqual([]);
  const modes = readdirSync(join(run.root, "envoy"), { recursive: true, withFileTypes: true }).map((entry) =>
    (statSync(join(entry.parentPath, entry.name)).mode & 0o777).toString(8),
  );
  expect(new Set(modes)).toEqual(new Set(["700", "600"]));

  const { pid } = run;
  await run.engine.stop(5000);
  expect(isRunning(pid)).toBe(false);
  expect(readdirSync(run.root).sort()).toEqual(["logs"]);
  expect(run.processor.steps).toEqual(["start", "stop"]);
});

withEnvoy("two with different run IDs live side by side", async () => {
  using upstream = startUpstream({ ok: true });
  await using one = await new EnvoyRun(configuration(setup(upstream)), { runId: "one" }).start();
  await using two = await new EnvoyRun(configuration(setup(upstream)), { runId: "two" }).start();
  expect((await one.ask("m")).status).toBe(200);
  expect((await two.ask("m")).status).toBe(200);
});

withEnvoy("a port that is taken is named, and nothing is left behind", async () => {
  using upstream = startUpstream();
  const config = setup(upstream);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(config.port, "0.0.0.0", resolve));
  const run = new EnvoyRun(configuration(config));
  await expect(run.start()).rejects.toThrow(ListenFailure);
  await expect(run.start()).rejects.toThrow(
    `cannot bind 0.0.0.0:${config.port} (listener http of Gateway default/gw): address already in use; stop what uses it or change the listener's port`,
  );
  expect(run.pids).toEqual([]);
  expect(existsSync(join(run.root, "envoy"))).toBe(false);
  server.close();
  await run[Symbol.asyncDispose]();
});

withEnvoy("another Envoy on the port is found too, though the system would let both listen", async () => {
  using upstream = startUpstream();
  const config = setup(upstream);
  await using _ = await new EnvoyRun(configuration(config), { runId: "one" }).start();
  await using second = new EnvoyRun(configuration(config), { runId: "two" });
  await expect(second.start()).rejects.toThrow("address already in use");
});

test("a binary that is no Envoy ends the start, naming its log and its last words", async () => {
  using upstream = startUpstream();
  await using run = new EnvoyRun(configuration(setup(upstream)), { binary: "/bin/false" });
  await expect(run.start()).rejects.toThrow(
    /^Envoy exited with code 1 before it was ready; see .*stderr\.log$/,
  );
  await using missing = new EnvoyRun(configuration(setup(upstream)), { binary: "/no/such/envoy" });
  await expect(missing.start()).rejects.toThrow(/^Envoy .*before it was ready.*stderr\.log$/);
});

const spoiled: readonly { name: string; spoil: (model: GatewayModel) => GatewayModel; why: RegExp }[] = [
  {
    name: "clusters",
    spoil: (model) => {
      const copy = structuredClone(model);
      const address = copy.backends["default/one"]?.endpoints[0]?.address;
      Object.assign(address ?? {}, { host: "no address" });
      return copy;
    },
    why: /^Envoy does not take the configuration: .*malformed IP address: no address/s,
  },
  {
    name: "routes",
    spoil: (model) => {
      const copy = structuredClone(model);
      const match = copy.listeners[0]?.chains[0]?.hosts[0]?.matches[0];
      Object.assign(match ?? {}, { model: [{ type: "regex", pattern: "(" }] });
      return copy;
    },
    why: /^Envoy does not take the configuration: .*missing \)/s,
  },
];

withEnvoy.each(spoiled)(
  "$name that Envoy refuses end the start at once, in its words",
  async ({ spoil, why }) => {
    using upstream = startUpstream();
    await using run = new EnvoyRun(configuration(setup(upstream)), { spoil });
    await expect(run.start()).rejects.toThrow(why);
    expect(isRunning(run.pid)).toBe(false);
  },
);

withEnvoy("a start that is given up ends Envoy", async () => {
  using upstream = startUpstream();
  await using run = new EnvoyRun(configuration(setup(upstream)));
  const stop = new AbortController();
  const started = run.start(stop.signal);
  while (run.pids.length === 0) await Bun.sleep(1);
  stop.abort(new Error("given up"));
  await expect(started).rejects.toThrow("given up");
  expect(isRunning(run.pid)).toBe(false);
});

withEnvoy("after kill -9 of Envoy it is back soon, and says so", async () => {
  using upstream = startUpstream({ ok: true });
  await using run = await new EnvoyRun(configuration(setup(upstream))).start();
  expect((await run.ask("m")).status).toBe(200);
  process.kill(run.pid, "SIGKILL");
  while (run.pids.length < 2) await Bun.sleep(5);
  let status = 0;
  for (let waited = 0; waited < 5000 && status !== 200; waited += 20) {
    await Bun.sleep(20);
    status = await run.ask("m").then(
      (response) => response.status,
      () => 0,
    );
  }
  expect(status).toBe(200);
  expect(run.said).toEqual([
    expect.stringMatching(/^Envoy was ended by SIGKILL; see .*stderr\.log; starting it again$/),
    expect.stringMatching(/^Envoy runs again \(admin http:\/\/localhost:\d+\)$/),
  ]);
  expect(readFileSync(join(run.root, "admin-address.txt"), "utf8")).toBe(`127.0.0.1:${run.engine.adminPort}`);
});

withEnvoy("a request in flight may end when the engine stops; new ones are not taken", async () => {
  const slow = Promise.withResolvers<void>();
  using upstream = startUpstream(async () => {
    await slow.promise;
    return Response.json({ slow: true });
  });
  const run = await new EnvoyRun(configuration(setup(upstream))).start();
  const asked = run.ask("m");
  while (upstream.seen.length === 0) await Bun.sleep(5);
  const stopped = run.engine.stop(5000);
  await Bun.sleep(200);
  await expect(run.ask("m")).rejects.toThrow();
  slow.resolve();
  expect(await (await asked).json()).toEqual({ slow: true });
  await stopped;
  expect(isRunning(run.pid)).toBe(false);
  await run[Symbol.asyncDispose]();
});

withEnvoy("a request that takes too long is cut when the time of a stop is over", async () => {
  using upstream = startUpstream(() => new Promise<Response>(() => {}));
  const run = await new EnvoyRun(configuration(setup(upstream))).start();
  const asked = run.ask("m").then(
    () => "answered",
    () => "cut",
  );
  while (upstream.seen.length === 0) await Bun.sleep(5);
  const startedAt = performance.now();
  await run.engine.stop(2000);
  expect(performance.now() - startedAt).toBeLessThan(3500);
  expect(await asked).toBe("cut");
  await run[Symbol.asyncDispose]();
});

withEnvoy("no credential is in Envoy's log, however much it says", async () => {
  using upstream = startUpstream({ ok: true });
  const config = setup(upstream, { logLevels: { default: "trace", nonsense: "debug" } });
  await using run = await new EnvoyRun(configuration(config)).start();
  const headers = { authorization: "Bearer of-the-client", "x-api-key": "of-the-client" };
  expect((await run.ask("m", { headers })).status).toBe(200);
  await run.engine.stop(1000);
  const log = readFileSync(join(run.root, "logs/stderr.log"), "utf8");
  for (const text of [log, run.stderr]) {
    expect(text).toContain("'authorization', '[REDACTED]'");
    expect(text).not.toContain("of-the-client");
    expect(text).not.toContain("of-the-upstream");
  }
});
