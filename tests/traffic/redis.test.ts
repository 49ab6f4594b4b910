/** Replicas that count together in a real Redis. `REDIS_SERVER` names one that is not in `PATH`. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/ports.ts";
import { startUpstream } from "../support/upstream.ts";
import { ask, completion, engines, startTraffic, type TrafficSetup } from "./setup.ts";

const server = process.env["REDIS_SERVER"] ?? Bun.which("redis-server");
if (server === null)
  console.log(
    "Tests with Redis are skipped: there is no redis-server; install Debian's, or set REDIS_SERVER",
  );

const limitMs = 60_000;

interface Redis extends AsyncDisposable {
  readonly url: string;
  stop(): Promise<void>;
}

async function startRedis(port = freePort()): Promise<Redis> {
  const directory = mkdtempSync(join(tmpdir(), "aigw-redis-"));
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory];
  const child = Bun.spawn([server ?? "", ...settings, "--requirepass", "secret"], { stdout: "pipe" });
  const reader = child.stdout.getReader();
  let said = "";
  while (!said.includes("Ready to accept connections")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`redis-server ended: ${said}`);
    said += new TextDecoder().decode(value);
  }
  const stop = async () => {
    child.kill();
    await child.exited;
    rmSync(directory, { recursive: true, force: true });
  };
  return { url: `redis://:secret@127.0.0.1:${port}`, stop, [Symbol.asyncDispose]: stop };
}

const limitTo = (requests: number, more: object = {}) => ({
  rateLimit: { type: "Global", global: { rules: [{ limit: { requests, unit: "Hour" }, ...more }] } },
});

describe.skipIf(server === null).each([...engines])("%s with Redis", (engine) => {
  test(
    "replicas have one count, exact under 200 at once, of tokens too",
    async () => {
      using one = startUpstream(completion("ok", 60));
      await using redis = await startRedis();
      const tokens = {
        clientSelectors: [{ headers: [{ type: "Distinct", name: "x-user" }] }],
        cost: {
          request: { from: "Number", number: 0 },
          response: { from: "Metadata", metadata: { namespace: "io.envoy.ai_gateway", key: "total" } },
        },
      };
      const setup: TrafficSetup = {
        places: [{ name: "one", urls: [one.url] }],
        rules: ["m", "t"].map((model) => ({ model, name: model, refs: [{ name: "one" }] })),
        policies: ["m", "t"].map((sectionName) => ({
          targetRefs: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", name: "r", sectionName }],
          ...(sectionName === "m" ? limitTo(50) : limitTo(100, tokens)),
        })),
        costs: [{ metadataKey: "total", type: "TotalToken" }],
      };
      const env = { AIGW_REDIS_URL: redis.url, AIGW_REDIS_TIMEOUT_MS: "20000" };
      await using first = await startTraffic(engine, setup, { env });
      await using second = await startTraffic(engine, setup, { env });
      const statuses = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => (await ask(index % 2 === 0 ? first : second)).status),
      );
      expect(statuses.filter((status) => status === 200).length).toBe(50);
      expect(statuses.filter((status) => status === 429).length).toBe(150);

      const spend = async (gateway: typeof first) => {
        const answer = await ask(gateway, { model: "t", headers: { "x-user": "a" } });
        await answer.text();
        // The charge is under way when the answer is over.
        await Bun.sleep(50);
        return answer.status;
      };
      expect([await spend(first), await spend(second), await spend(first), await spend(second)]).toEqual([
        200, 200, 429, 429,
      ]);
    },
    limitMs,
  );

  test.each([
    ["allow", 200],
    ["deny", 429],
  ] as const)(
    "without Redis requests are dealt with as AIGW_REDIS_FAILURE says: %s",
    async (failure, want) => {
      using one = startUpstream(completion("ok"));
      const redis = await startRedis();
      const setup = { places: [{ name: "one", urls: [one.url] }], policies: [limitTo(50)] };
      const env = { AIGW_REDIS_URL: redis.url, AIGW_REDIS_FAILURE: failure };
      await using gateway = await startTraffic(engine, setup, { env });
      expect((await ask(gateway)).status).toBe(200);
      await redis.stop();
      expect((await ask(gateway)).status).toBe(want);
      await using _ = await startRedis(Number(new URL(redis.url).port));
      const back = await ask(gateway);
      expect(back.status).toBe(200);
      expect(back.headers.get("x-ratelimit-remaining")).toBe("49");
    },
    limitMs,
  );
});
