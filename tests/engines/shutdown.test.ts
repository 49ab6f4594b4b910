/** SIGTERM: what is under way is finished, what is new is refused, and nothing stays behind. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { onEachEngine } from "../support/engines.ts";
import type { Gateway } from "../support/gateway.ts";
import { isFree } from "../support/ports.ts";
import { programs } from "../support/program.ts";
import { readEvents, sseText } from "../support/sse.ts";
import { chatBody, post, startLimitMs, startWith } from "../support/start.ts";
import { startUpstream } from "../support/upstream.ts";

const path = "/v1/chat/completions";

/** An upstream whose streams send one event and wait for `finish` with the rest. */
function startWaitingUpstream() {
  const rest = Promise.withResolvers<void>();
  const encoder = new TextEncoder();
  const upstream = startUpstream(() => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(encoder.encode(sseText({ n: 1 })));
        await rest.promise;
        controller.enqueue(encoder.encode(sseText({ n: 2 }, "[DONE]")));
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  return { upstream, finish: rest.resolve };
}

async function openStream(gateway: Gateway) {
  const answer = await post(gateway, path, chatBody("up", { stream: true }));
  const events = readEvents(answer.body ?? new ReadableStream());
  const first = (await events.next()).value;
  return { rest: async () => [first, ...(await Array.fromAsync(events))] };
}

onEachEngine((engine) => {
  test(
    "SIGTERM with 20 streams in flight finishes them",
    async () => {
      const { upstream, finish } = startWaitingUpstream();
      using _ = upstream;
      await using gateway = await startWith([{ name: "up", url: upstream.url }], {}, { engine });
      const streams = await Promise.all(Array.from({ length: 20 }, () => openStream(gateway)));
      gateway.signal("SIGTERM");
      while ((await fetch(`${gateway.adminUrl}/health`)).status !== 500) await Bun.sleep(10);
      // The port is given back at once, so that a successor can have it; the streams go on.
      while (!isFree(gateway.port)) await Bun.sleep(10);
      finish();
      for (const stream of streams) expect(await stream.rest()).toEqual(['{"n":1}', '{"n":2}', "[DONE]"]);
      expect(await gateway.exited).toBe(0);
    },
    startLimitMs,
  );

  test(
    "a second signal ends the streams and exits 1",
    async () => {
      const { upstream, finish } = startWaitingUpstream();
      using _ = upstream;
      await using gateway = await startWith([{ name: "up", url: upstream.url }], {}, { engine });
      const stream = await openStream(gateway);
      gateway.signal("SIGTERM");
      while ((await fetch(`${gateway.adminUrl}/health`)).status !== 500) await Bun.sleep(10);
      gateway.signal("SIGTERM");
      expect(await gateway.exited).toBe(1);
      expect(stream.rest()).rejects.toThrow();
      finish();
    },
    startLimitMs,
  );

  test(
    "streams that never end are cut in time, and the exit is a good one",
    async () => {
      const { upstream, finish } = startWaitingUpstream();
      using _ = upstream;
      await using gateway = await startWith([{ name: "up", url: upstream.url }], {}, { engine });
      const stream = await openStream(gateway);
      expect(await gateway.stop()).toBe(0);
      expect(stream.rest()).rejects.toThrow();
      finish();
    },
    startLimitMs,
  );

  test.each(programs)(
    "%s: an idle gateway stops for SIGINT, leaves logs and no run files",
    async (program) => {
      using upstream = startUpstream();
      await using gateway = await startWith(
        [{ name: "up", url: upstream.url }],
        {},
        { engine, program, flags: ["--run-id=0"] },
      );
      await (await post(gateway, path, chatBody("up"))).text();
      expect(readdirSync(join(gateway.home, "run/0"))).toContain("run.lock");
      gateway.signal("SIGINT");
      expect(await gateway.exited).toBe(0);
      expect(
        readdirSync(join(gateway.home, "run"), { recursive: true }).filter((name) => name !== "0"),
      ).toEqual([]);
      expect(readdirSync(join(gateway.home, "state/runs/0"))).toContain("aigw.log");
    },
    startLimitMs,
  );
});
