/** A configuration that changes under load, and changes for the worse: nobody who asks may notice. */
import { expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gatewayYaml, type RuleSpec } from "../support/config.ts";
import { onEachEngine } from "../support/engines.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { readEvents, sseText } from "../support/sse.ts";
import { chatBody, post } from "../support/start.ts";
import { startUpstream } from "../support/upstream.ts";

const path = "/v1/chat/completions";
const rounds = 20;

/** As editors do: a file beside it takes its place. */
function rewrite({ home }: Gateway, text: string): void {
  const aside = join(home, "config.yaml.new");
  writeFileSync(aside, text);
  renameSync(aside, join(home, "config.yaml"));
}

const countOf = (text: string, words: string) => text.split(words).length - 1;

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const deadline = performance.now() + 20_000; !isSo(); await Bun.sleep(5)) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen`);
  }
}

/** An upstream whose streams give a piece now and then until they are told to end. */
function startStreams() {
  let isOver = false;
  const encoder = new TextEncoder();
  const upstream = startUpstream(() => {
    let count = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await Bun.sleep(20);
        count += 1;
        controller.enqueue(encoder.encode(isOver ? sseText({ count }, "[DONE]") : sseText({ count })));
        if (isOver) controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  return {
    upstream,
    finish() {
      isOver = true;
    },
  };
}

onEachEngine((engine) => {
  test(`${rounds} reloads under load lose no request and cut no stream`, async () => {
    using one = startUpstream({ from: "one" });
    using two = startUpstream({ from: "two" });
    const { upstream: slow, finish } = startStreams();
    using _ = slow;
    const backends = [
      { name: "one", url: one.url },
      { name: "two", url: two.url },
      { name: "slow", url: slow.url, apiKey: "sk-slow" },
    ];
    const port = freePort();
    const always: RuleSpec[] = [
      { models: ["m"], backends: ["one"] },
      { models: ["slow"], backends: ["slow"] },
    ];
    // The rule of `m` moves, changes its backends and its time; others come and go before it.
    const variants: RuleSpec[][] = [
      always,
      [{ models: ["other"], backends: ["two"] }, ...always],
      [{ models: ["m"], backends: ["two"] }, ...always.slice(1)],
      [{ models: ["m"], backends: ["one", "two"], timeouts: { request: "30s" } }, ...always.slice(1)],
      always.toReversed(),
    ];
    const textOf = (rules: readonly RuleSpec[]) => gatewayYaml({ port, backends, rules });
    await using gateway = await startGateway({ engine, config: textOf(always) });

    let isOver = false;
    const bad: string[] = [];
    let asked = 0;
    const clients = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        asked += 1;
        const answer = await post(gateway, path, chatBody("m")).then(
          async (response) => `${response.status} ${await response.text()}`,
          (error: unknown) => String(error),
        );
        if (!answer.startsWith("200 ")) bad.push(answer);
      }
    });
    const streams = Array.from({ length: 3 }, async () => {
      const answer = await post(gateway, path, chatBody("slow", { stream: true }));
      return Array.fromAsync(readEvents(answer.body ?? new ReadableStream()));
    });
    for (let round = 1; round <= rounds; round += 1) {
      rewrite(gateway, textOf(variants[round % variants.length] ?? always));
      await until(() => countOf(gateway.stderr(), "configuration reloaded") === round, `reload ${round}`);
    }
    isOver = true;
    finish();
    await Promise.all(clients);
    expect(bad).toEqual([]);
    expect(asked).toBeGreaterThan(100);
    for (const events of await Promise.all(streams)) {
      expect(events.at(-1)).toBe("[DONE]");
      expect(events.slice(0, -1)).toEqual(
        events.slice(0, -1).map((_, i) => JSON.stringify({ count: i + 1 })),
      );
    }
  }, 60_000);

  test("a change that is not sound is said by line, and the gateway goes on with what it has", async () => {
    using upstream = startUpstream({ ok: true });
    const backends = [{ name: "up", url: upstream.url }];
    const port = freePort();
    await using gateway = await startGateway({ engine, config: gatewayYaml({ port, backends }) });
    const rules = [{ models: ["only"], backends: ["nobody"] }];
    rewrite(gateway, gatewayYaml({ port, backends, rules }));
    await until(() => gateway.stderr().includes("configuration not reloaded"), "a complaint");
    expect(gateway.stderr()).toMatch(/config\.yaml:\d+:\d+: .*nobody/);
    expect((await post(gateway, path, chatBody("any"))).status).toBe(200);
  }, 60_000);
});
