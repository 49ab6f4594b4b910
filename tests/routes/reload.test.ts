/** What a reload changes while requests are on their way. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Gateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { sseResponse, sseText } from "../support/sse.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { onEachEngine } from "./both-engines.ts";
import { backend, gateway, httpRoute, ref, yaml } from "./documents.ts";

const startLimitMs = 60_000;
let upstream: Upstream;

beforeAll(() => {
  upstream = startUpstream();
});
afterAll(() => upstream[Symbol.dispose]());

const configuration = (ports: readonly number[], name = "up") =>
  yaml(
    ...gateway(
      ports[0] ?? 0,
      ports.map((port, index) => ({ name: `l${index}`, port })),
    ),
    httpRoute("all", [{ backendRefs: [ref(name)] }]),
    backend("up", upstream.port),
  );

/** Writes the file and waits until the gateway has said what became of it. */
async function edit(running: Gateway, text: string, words = "configuration reloaded from"): Promise<void> {
  const count = () => running.stderr().split(words).length;
  const before = count();
  writeFileSync(join(running.home, "config.yaml"), text);
  for (let waited = 0; count() === before; waited += 20) {
    if (waited > 10_000) throw new Error(`not said: ${words}\n${running.stderr()}`);
    await Bun.sleep(20);
  }
}

onEachEngine(
  "a reload",
  (port) => configuration([port]),
  (engine) => {
    test(
      "binds a new port, and lets a stream on the old one end",
      async () => {
        const running = await engine.start();
        const pieces = Array.from({ length: 10 }, (_, index) => sseText(`${index}`));
        upstream.answerWith(() => sseResponse(pieces, 150));
        const stream = await fetch(running.url);
        const added = freePort();
        await edit(running, configuration([running.port, added]));
        await edit(running, configuration([added]));
        upstream.answerWith({ ok: true });
        expect((await fetch(`http://127.0.0.1:${added}`)).status).toBe(200);
        expect((await stream.text()).split("data:")).toHaveLength(11);
        for (let waited = 0; waited < 5000; waited += 50) {
          if (
            await fetch(running.url).then(
              ({ ok }) => !ok,
              () => true,
            )
          )
            break;
          await Bun.sleep(50);
        }
        await expect(
          fetch(running.url).then(
            ({ ok }) => ok,
            () => false,
          ),
        ).resolves.toBe(false);
        await edit(running, configuration([running.port]));
        expect((await fetch(running.url)).status).toBe(200);
      },
      startLimitMs,
    );

    test("that cannot be keeps what runs, and /health says why by line until it is mended", async () => {
      const running = await engine.start();
      const health = async () => (await fetch(`${running.adminUrl}/health`)).text();
      const text = configuration([running.port]);
      await edit(running, text.replace('"HTTPRoute"', '"HTTPRoot"'), "configuration not reloaded");
      expect((await fetch(running.url)).status).toBe(200);
      if (engine.name === "embedded") {
        expect(await health()).toMatch(
          /^OK\n\S+ configuration not reloaded, .* 1 error in config\.yaml\nerror: config\.yaml:\d+:\d+: .*HTTPRoot/,
        );
      }
      await edit(running, text);
      if (engine.name === "embedded") expect(await health()).toBe("OK\n");
    });

    test("SIGHUP reads the file again", async () => {
      const running = await engine.start();
      const before = running.stderr().length;
      running.signal("SIGHUP");
      for (let waited = 0; waited < 5000 && running.stderr().length === before; waited += 20)
        await Bun.sleep(20);
      expect(running.stderr().slice(before)).toContain("configuration reloaded from");
    });
  },
);
