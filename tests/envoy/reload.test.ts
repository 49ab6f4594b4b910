/** Reloads of a real Envoy: under load, of every kind, and refused ones. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { envoyPath } from "../support/envoy.ts";
import { freePort } from "../support/ports.ts";
import { startUpstream } from "../support/upstream.ts";
import { configuration, type Rule } from "./config.ts";
import { compile, EnvoyRun } from "./start.ts";

const withEnvoy = test.skipIf(envoyPath === undefined);

withEnvoy(
  "20 reloads under load lose no request and cut no stream",
  async () => {
    using one = startUpstream({ from: "one" });
    using two = startUpstream({ from: "two" });
    const streaming = startStreams();
    const port = freePort();
    const places = [
      { name: "one", url: one.url },
      { name: "two", url: two.url },
      { name: "stream", url: streaming.url },
    ];
    const always: Rule[] = [
      { models: ["m"], refs: ["one"] },
      { models: ["stream"], refs: ["stream"] },
    ];
    // The rule of `m` moves, changes its backend, its weights and its clock; others come and go before it.
    const variants: Rule[][] = [
      always,
      [{ models: ["other"], refs: ["two"] }, ...always],
      [{ models: ["m"], refs: ["two"] }, always[1] as Rule],
      [{ models: ["m"], refs: ["one", "two"], timeout: "30s" }, always[1] as Rule],
      [always[1] as Rule, { models: ["~m.*"], refs: ["one"] }],
    ];
    const textOf = (rules: Rule[]) => configuration({ port, places, rules });
    await using run = await new EnvoyRun(textOf(always)).start();

    const stop = new AbortController();
    const tally = { asked: 0, bad: [] as string[] };
    const clients = Array.from({ length: 4 }, async () => {
      while (!stop.signal.aborted) {
        tally.asked += 1;
        const answer = await run.ask("m").then(
          async (response) => `${response.status} ${await response.text()}`,
          (error: unknown) => String(error),
        );
        if (!answer.startsWith("200 ")) tally.bad.push(answer);
      }
    });
    const streams = Array.from({ length: 3 }, async () => {
      const response = await run.ask("stream");
      return (await response.text()).split("\n").length - 1;
    });
    for (let round = 1; round <= 20; round += 1)
      await run.replace(textOf(variants[round % variants.length] ?? []));
    streaming.finish();
    stop.abort();
    await Promise.all(clients);
    expect(tally.bad).toEqual([]);
    expect(tally.asked).toBeGreaterThan(100);
    const pieces = await Promise.all(streams);
    expect(pieces).toEqual(
      [streaming.pieces, streaming.pieces, streaming.pieces].map(() => pieces[0] as number),
    );
    expect(pieces[0]).toBeGreaterThan(10);
    streaming.stop();
  },
  30_000,
);

/** Streams that go on until they are told to end, all with the same number of pieces. */
function startStreams() {
  let isOver = false;
  let pieces = 0;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>, sent: { count: number }) => {
    while (sent.count >= pieces && !isOver) await Bun.sleep(10);
    if (sent.count >= pieces) return controller.close();
    sent.count += 1;
    controller.enqueue(new TextEncoder().encode("piece\n"));
  };
  const timer = setInterval(() => {
    if (!isOver) pieces += 1;
  }, 20);
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: () => {
      const sent = { count: 0 };
      return new Response(new ReadableStream({ pull: (controller) => pull(controller, sent) }), {
        headers: { "content-type": "text/event-stream" },
      });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    get pieces() {
      return pieces;
    },
    finish() {
      isOver = true;
      clearInterval(timer);
    },
    stop: () => void server.stop(true),
  };
}

withEnvoy("an old cluster goes when its last request is over, and the old model with it", async () => {
  const slow = Promise.withResolvers<void>();
  using upstream = startUpstream(async () => {
    await slow.promise;
    return Response.json({ ok: true });
  });
  const places = [{ name: "one", url: upstream.url }];
  const port = freePort();
  const text = (timeout: string) =>
    configuration({ port, places, rules: [{ models: ["m"], refs: ["one"], timeout }] });
  await using run = await new EnvoyRun(text("10s"), { holdMs: 0 }).start();
  const asked = run.ask("m");
  while (upstream.seen.length === 0) await Bun.sleep(5);
  await run.replace(text("20s"));
  await Bun.sleep(600);
  expect(clustersIn(run)).toHaveLength(2);
  expect(run.processor.steps).toEqual(["start", "replace"]);
  slow.resolve();
  expect((await asked).status).toBe(200);
  for (let waited = 0; waited < 5000 && clustersIn(run).length > 1; waited += 50) await Bun.sleep(50);
  expect(clustersIn(run)).toHaveLength(1);
  expect(run.processor.steps).toEqual(["start", "replace", "retire"]);
});

function clustersIn(run: EnvoyRun): unknown[] {
  const { resources } = JSON.parse(readFileSync(join(run.root, "envoy/xds/cds.json"), "utf8"));
  return resources as unknown[];
}

withEnvoy("a reload that Envoy refuses leaves everything as it was, and says why", async () => {
  using upstream = startUpstream({ ok: true });
  const places = [{ name: "one", url: upstream.url }];
  const text = configuration({ port: freePort(), places, rules: [{ models: ["m"], refs: ["one"] }] });
  await using run = await new EnvoyRun(text).start();
  const { model, secrets } = compile(text);
  const [listener] = model.listeners;
  const broken = structuredClone(model);
  const match = broken.listeners[0]?.chains[0]?.hosts[0]?.matches[0];
  if (match === undefined || listener === undefined) throw new Error("no match");
  Object.assign(match, { headers: [{ name: "x", value: { type: "regex", pattern: "(" } }] });
  await expect(run.engine.replace(broken, secrets)).rejects.toThrow(
    /^Envoy does not take the configuration: .*missing \)/s,
  );
  expect((await run.ask("m")).status).toBe(200);
  expect(run.processor.steps).toEqual(["start", "replace", "replace", "retire", "retire"]);
  await run.replace(text);
  expect((await run.ask("m")).status).toBe(200);
});

withEnvoy("listeners may come, go and change their limits", async () => {
  using upstream = startUpstream({ ok: true });
  const places = [{ name: "one", url: upstream.url }];
  const rules = [{ models: ["m"], refs: ["one"] }];
  const [first, second] = [freePort(), freePort()];
  await using run = await new EnvoyRun(configuration({ port: first, places, rules })).start();
  await run.replace(configuration({ port: second, places, rules }));
  expect(run.engine.bound).toEqual([{ name: "http", port: second }]);
  expect((await run.ask("m")).status).toBe(200);
  await run.replace(configuration({ port: second, places, rules, bufferLimit: "1Ki" }));
  const body = JSON.stringify({ model: "m", text: "x".repeat(2000) });
  // A connection that was there before has the limit of before.
  const big = await fetch(`${run.url}/v1/chat/completions`, { method: "POST", body, keepalive: false });
  expect(big.status).toBe(413);
  expect((await run.ask("m")).status).toBe(200);
});

withEnvoy("settings that need a new process are said to", async () => {
  using upstream = startUpstream({ ok: true });
  const places = [{ name: "one", url: upstream.url }];
  const rules = [{ models: ["m"], refs: ["one"] }];
  const text = configuration({ port: freePort(), places, rules });
  await using run = await new EnvoyRun(text).start();
  const { model, secrets } = compile(text);
  const process = { ...model.process, adminAddress: "127.0.0.1:1" };
  await run.engine.replace({ ...model, process }, secrets);
  expect(run.said).toEqual([expect.stringContaining("take effect when aigw starts again")]);
});

withEnvoy(
  "clusters that go while a reload is under way take none of the new ones along",
  async () => {
    using upstream = startUpstream({ ok: true });
    const port = freePort();
    const places = [{ name: "one", url: upstream.url }];
    const text = (seconds: number) =>
      configuration({ port, places, rules: [{ models: ["m"], refs: ["one"], timeout: `${seconds}s` }] });
    // Old clusters stay so short that some go in the middle of nearly every reload.
    await using run = await new EnvoyRun(text(10), { holdMs: 300 }).start();
    const stop = new AbortController();
    const bad: string[] = [];
    const clients = Array.from({ length: 4 }, async () => {
      while (!stop.signal.aborted) {
        const answer = await run.ask("m");
        if (answer.status !== 200) bad.push(`${answer.status} ${await answer.text()}`);
      }
    });
    for (let round = 1; round <= 40; round += 1) {
      await run.replace(text(10 + round));
      await Bun.sleep(round % 7);
    }
    stop.abort();
    await Promise.all(clients);
    expect(bad).toEqual([]);
  },
  30_000,
);
