/** Limits of requests and of tokens, faults, overrides: the same cases for both engines. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import {
  ask,
  completion,
  configuration,
  engines,
  startTraffic,
  streamOf,
  type TrafficSetup,
} from "./setup.ts";

const limitMs = 60_000;

const limitTo = (requests: number, unit: string, more: object = {}) => ({
  rateLimit: { type: "Global", global: { rules: [{ limit: { requests, unit }, ...more }] } },
});
const byUser = { clientSelectors: [{ headers: [{ type: "Distinct", name: "x-user" }] }] };
const tokens = {
  cost: {
    request: { from: "Number", number: 0 },
    response: { from: "Metadata", metadata: { namespace: "io.envoy.ai_gateway", key: "total" } },
  },
};

function oneUpstream(upstream: Upstream, ...policies: readonly object[]): TrafficSetup {
  return { places: [{ name: "one", urls: [upstream.url] }], policies };
}

function tally(statuses: readonly number[]): Record<number, number> {
  const found: Record<number, number> = {};
  for (const status of statuses) found[status] = (found[status] ?? 0) + 1;
  return found;
}

describe.each([...engines])("%s", (engine) => {
  test(
    "a limit is exact, whoever comes at once",
    async () => {
      using one = startUpstream(completion("ok"));
      await using gateway = await startTraffic(engine, oneUpstream(one, limitTo(50, "Day")));
      const statuses = await Promise.all(
        Array.from({ length: 200 }, async () => {
          const answer = await ask(gateway);
          await answer.text();
          return answer.status;
        }),
      );
      expect(tally(statuses)).toEqual({ 200: 50, 429: 150 });
      expect(one.seen.length).toBe(50);
    },
    limitMs,
  );

  test(
    "who is refused is told so in its own dialect, and when to come back; who is not, how much is left",
    async () => {
      using one = startUpstream(completion("ok"));
      await using gateway = await startTraffic(engine, oneUpstream(one, limitTo(1, "Hour")));
      const first = await ask(gateway);
      expect(first.headers.get("x-ratelimit-limit")).toBe("1, 1;w=3600");
      expect(first.headers.get("x-ratelimit-remaining")).toBe("0");
      expect(Number(first.headers.get("x-ratelimit-reset"))).toBeWithin(1, 3601);

      const refused = await ask(gateway);
      expect(refused.status).toBe(429);
      const seconds = Number(refused.headers.get("retry-after"));
      expect(seconds).toBeWithin(1, 3601);
      expect(refused.headers.get("x-ratelimit-remaining")).toBe("0");
      const message = `rate limit reached: 1 request per hour; try again in ${seconds} s`;
      expect(await refused.json()).toEqual({
        type: "error",
        error: { type: "TooManyRequests", code: "429", message },
      });

      const claude = await ask(gateway, { path: "/anthropic/v1/messages" });
      expect(claude.status).toBe(429);
      expect(await claude.json()).toMatchObject({ type: "error", error: { type: "rate_limit_error" } });
    },
    limitMs,
  );

  test(
    "distinct values of a header count apart, and who sends none is under no limit",
    async () => {
      using one = startUpstream(completion("ok"));
      await using gateway = await startTraffic(engine, oneUpstream(one, limitTo(2, "Hour", byUser)));
      const asUser = async (user: string) => (await ask(gateway, { headers: { "x-user": user } })).status;
      expect([await asUser("a"), await asUser("a"), await asUser("a")]).toEqual([200, 200, 429]);
      expect([await asUser("b"), await asUser("b"), await asUser("b")]).toEqual([200, 200, 429]);
      for (let count = 0; count < 4; count += 1) expect((await ask(gateway)).status).toBe(200);
    },
    limitMs,
  );

  test(
    "a limit may be for one model, and each rule has counts of its own unless they are shared",
    async () => {
      using one = startUpstream(completion("ok"));
      const rules = ["a", "b"].map((model) => ({ model, refs: [{ name: "one" }] }));
      const ofModel = { clientSelectors: [{ headers: [{ name: "x-ai-eg-model", value: "a" }] }] };
      const setup = (more: object) => ({ ...oneUpstream(one, limitTo(1, "Hour", more)), rules });
      const run = async (more: object) => {
        await using gateway = await startTraffic(engine, setup(more));
        const statuses: number[] = [];
        for (const model of ["a", "a", "b", "b"]) statuses.push((await ask(gateway, { model })).status);
        return statuses;
      };
      expect(await run(ofModel)).toEqual([200, 429, 200, 200]);
      expect(await run({})).toEqual([200, 429, 200, 429]);
      expect(await run({ shared: true })).toEqual([200, 429, 429, 429]);
      expect(await run({ shadowMode: true })).toEqual([200, 200, 200, 200]);
    },
    limitMs,
  );

  test.each([false, true])(
    "tokens are charged when the answer is over (stream: %p)",
    async (isStream) => {
      using one = startUpstream(() => (isStream ? streamOf(60) : Response.json(completion("ok", 60))));
      await using gateway = await startTraffic(engine, {
        ...oneUpstream(one, limitTo(100, "Hour", { ...byUser, ...tokens })),
        costs: [{ metadataKey: "total", type: "TotalToken" }],
      });
      const statusOf = async (user: string) => {
        const answer = await ask(gateway, { isStream, headers: { "x-user": user } });
        await answer.text();
        return answer.status;
      };
      // 60, then 120: above the limit only once it was passed.
      expect([await statusOf("a"), await statusOf("a"), await statusOf("a")]).toEqual([200, 200, 429]);
      expect(await statusOf("b")).toBe(200);
      expect(one.seen.length).toBe(3);
    },
    limitMs,
  );

  test(
    "a failed answer costs nothing",
    async () => {
      using one = startUpstream(() => Response.json({ error: { message: "no" } }, { status: 400 }));
      await using gateway = await startTraffic(engine, {
        ...oneUpstream(one, limitTo(1, "Hour", tokens)),
        costs: [{ metadataKey: "total", type: "TotalToken" }],
      });
      for (let count = 0; count < 3; count += 1) expect((await ask(gateway)).status).toBe(400);
    },
    limitMs,
  );

  test(
    "local limits are buckets; who is under no other has the one without selectors",
    async () => {
      using one = startUpstream(completion("ok"));
      const rules = [
        { limit: { requests: 1, unit: "Hour" } },
        {
          limit: { requests: 3, unit: "Hour" },
          clientSelectors: [{ headers: [{ name: "x-user", value: "vip" }] }],
        },
      ];
      await using gateway = await startTraffic(
        engine,
        oneUpstream(one, { rateLimit: { type: "Local", local: { rules } } }),
      );
      const send = async (headers: Record<string, string>, count: number) => {
        const statuses: number[] = [];
        for (let sent = 0; sent < count; sent += 1) statuses.push((await ask(gateway, { headers })).status);
        return statuses;
      };
      expect(await send({}, 2)).toEqual([200, 429]);
      expect(await send({ "x-user": "vip" }, 4)).toEqual([200, 200, 200, 429]);
    },
    limitMs,
  );

  test(
    "kill -9 in the middle of a window gives nobody more, and neither does a new file",
    async () => {
      using one = startUpstream(completion("ok"));
      const state = mkdtempSync(join(tmpdir(), "aigw-state-"));
      const env = { AIGW_STATE_HOME: state };
      const spend = async (url: string, count: number) => {
        const statuses: number[] = [];
        for (let sent = 0; sent < count; sent += 1)
          statuses.push((await ask({ url }, { headers: { "x-user": "secret-key" } })).status);
        return statuses;
      };
      const setup = (requests: number) => oneUpstream(one, limitTo(requests, "Day", byUser));
      try {
        {
          await using first = await startTraffic(engine, setup(4), { env });
          expect(await spend(first.url, 3)).toEqual([200, 200, 200]);
          first.signal("SIGKILL");
          await first.exited;
        }
        await using second = await startTraffic(engine, setup(4), { env });
        expect(await spend(second.url, 2)).toEqual([200, 429]);
        // One more a day than before: what is spent stays spent.
        const config = join(second.home, "config.yaml");
        writeFileSync(config, configuration(setup(5), second.port));
        while (!second.stderr().includes("configuration reloaded")) await Bun.sleep(20);
        expect(await spend(second.url, 2)).toEqual([200, 429]);
        for (const name of readdirSync(state).filter((file) => file.startsWith("limits.db"))) {
          expect((statSync(join(state, name)).mode & 0o777).toString(8)).toBe("600");
          expect(readFileSync(join(state, name), "latin1")).not.toContain("secret-key");
        }
      } finally {
        rmSync(state, { recursive: true, force: true });
      }
    },
    limitMs,
  );

  test(
    "answers are replaced as the policy says, the gateway's own too",
    async () => {
      let status = 500;
      using one = startUpstream(
        () => new Response("inner details", { status, headers: { "x-kind": "raw" } }),
      );
      const responseOverride = [
        {
          match: { statusCodes: [{ type: "Range", range: { start: 500, end: 599 } }] },
          source: "Backend",
          response: {
            statusCode: 502,
            contentType: "application/json",
            body: { type: "Inline", inline: '{"oops": "100%"}' },
            header: { set: [{ name: "x-mended", value: "yes" }] },
          },
        },
        {
          match: { statusCodes: [{ value: 429 }] },
          source: "Local",
          response: { statusCode: 503, body: { type: "Inline", inline: "come back later" } },
        },
        {
          match: { statusCodes: [{ value: 404 }] },
          redirect: { hostname: "other.example", statusCode: 302 },
        },
      ];
      await using gateway = await startTraffic(
        engine,
        oneUpstream(one, { responseOverride, ...limitTo(3, "Hour") }),
      );
      const mended = await ask(gateway);
      expect(mended.status).toBe(502);
      expect(mended.headers.get("x-mended")).toBe("yes");
      expect(await mended.text()).toBe('{"oops": "100%"}');
      // Not the backend's own.
      status = 429;
      expect((await ask(gateway)).status).toBe(429);
      status = 404;
      const moved = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        redirect: "manual",
        body: JSON.stringify({ model: "m", messages: [] }),
      });
      expect(moved.status).toBe(302);
      expect(moved.headers.get("location")).toBe(`http://other.example:${gateway.port}/v1/chat/completions`);
      const refused = await ask(gateway);
      expect(refused.status).toBe(503);
      expect(await refused.text()).toBe("come back later");
    },
    limitMs,
  );

  test(
    "faults are injected: so much delay, and an error in the client's shape",
    async () => {
      using one = startUpstream(completion("ok"));
      const faultInjection = { delay: { fixedDelay: "200ms" }, abort: { httpStatus: 418, percentage: 100 } };
      await using gateway = await startTraffic(engine, oneUpstream(one, { faultInjection }));
      const askedAt = performance.now();
      const answer = await ask(gateway);
      expect(performance.now() - askedAt).toBeGreaterThanOrEqual(195);
      expect(answer.status).toBe(418);
      expect(await answer.json()).toMatchObject({ type: "error", error: { code: "418" } });
      expect(one.seen.length).toBe(0);
    },
    limitMs,
  );

  test(
    "requestBuffer makes a route take less than its listener",
    async () => {
      using one = startUpstream(completion("ok"));
      await using gateway = await startTraffic(engine, oneUpstream(one, { requestBuffer: { limit: "1Ki" } }));
      expect((await ask(gateway)).status).toBe(200);
      const large = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "x".repeat(2000) }] }),
      });
      expect(large.status).toBe(413);
      expect(await large.json()).toMatchObject({ type: "error" });
    },
    limitMs,
  );

  test(
    "answers are compressed for clients that take it, and streams of events are not",
    async () => {
      using one = startUpstream(completion("x".repeat(2000)));
      const compression = [{ type: "Brotli" }, { type: "Gzip" }];
      await using gateway = await startTraffic(engine, oneUpstream(one, { compression }));
      const encodingFor = async (accepted: string) => {
        const answer = await ask(gateway, { headers: { "accept-encoding": accepted } });
        expect(await answer.json()).toMatchObject({ choices: [{ message: { content: "x".repeat(2000) } }] });
        return answer.headers.get("content-encoding");
      };
      expect(await encodingFor("gzip")).toBe("gzip");
      expect(await encodingFor("br")).toBe("br");
      expect(await encodingFor("identity")).toBeNull();
      one.answerWith(() => streamOf(10));
      const stream = await ask(gateway, { isStream: true, headers: { "accept-encoding": "gzip" } });
      expect(stream.headers.get("content-encoding")).toBeNull();
      expect(await stream.text()).toContain("[DONE]");
    },
    limitMs,
  );
});
