/** What happens to a run, with the real processor, when Envoy dies under it. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { envoyPath } from "../support/envoy.ts";
import type { Gateway } from "../support/gateway.ts";
import { sseText } from "../support/sse.ts";
import { chatBody, post, startLimitMs, startWith } from "../support/start.ts";
import { startUpstream } from "../support/upstream.ts";

const path = "/v1/chat/completions";

function envoyPidOf({ home }: Gateway): number {
  const [run = ""] = readdirSync(join(home, "run"));
  const lock: unknown = JSON.parse(readFileSync(join(home, "run", run, "run.lock"), "utf8"));
  return (lock as { envoyPid: number }).envoyPid;
}

test.skipIf(envoyPath === undefined)(
  "kill -9 of Envoy fails what is in flight, is reported, and the service is back within two seconds",
  async () => {
    const encoder = new TextEncoder();
    using upstream = startUpstream(({ text }) => {
      if (!text.includes('"stream":true')) return Response.json({ ok: true });
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(encoder.encode(sseText({ n: 1 }))),
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    });
    await using gateway = await startWith([{ name: "up", url: upstream.url }], {}, { engine: "envoy" });
    const answer = await post(gateway, path, chatBody("up", { stream: true }));
    const stream = answer.text().then(
      () => "ended",
      () => "cut",
    );
    const before = envoyPidOf(gateway);
    process.kill(before, "SIGKILL");
    const killedAt = performance.now();
    // A stream that broke never looks like one that ended.
    expect(await stream).toBe("cut");
    const ask = () =>
      post(gateway, path, chatBody("up")).then(
        ({ status }) => status,
        () => 0,
      );
    while ((await ask()) !== 200) await Bun.sleep(10);
    expect(performance.now() - killedAt).toBeLessThan(2000);
    expect(envoyPidOf(gateway)).not.toBe(before);
    expect(gateway.stderr()).toMatch(/Envoy [^\n]*SIGKILL[^\n]*; starting it again\n/);
    expect(gateway.stderr()).toContain("Envoy runs again");
    expect(await gateway.stop()).toBe(0);
  },
  startLimitMs,
);
