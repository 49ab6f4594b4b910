/** Retries, fallback, weights, health and circuit breaking: the same cases for both engines. */
import { describe, expect, test } from "bun:test";
import { freePort } from "../support/ports.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { ask, chunk, completion, engines, type Place, startTraffic } from "./setup.ts";

const limitMs = 60_000;
const place = (name: string, ...upstreams: readonly Pick<Upstream, "url">[]): Place => ({
  name,
  urls: upstreams.map(({ url }) => url),
});

/** Tries the second place when the first fails; two priorities. */
const fallback = [{ model: "m", refs: [{ name: "one" }, { name: "two", priority: 1 }] }];
const retryNext = (more: object = {}, retryOn: object = {}) => ({
  retry: {
    numAttemptsPerPriority: 1,
    numRetries: 3,
    retryOn: {
      triggers: ["connect-failure", "reset", "retriable-status-codes"],
      httpStatusCodes: [429, 500],
      ...retryOn,
    },
    perRetry: { backOff: { baseInterval: "1ms" }, ...more },
  },
});

/** Sends a head and an event, and then nothing more until the caller is gone. */
function stallAfter(first: Uint8Array | undefined): () => Response {
  return () =>
    new Response(
      new ReadableStream({
        start(controller) {
          if (first !== undefined) controller.enqueue(first);
        },
      }),
      { headers: { "content-type": "text/event-stream" } },
    );
}

describe.each([...engines])("%s", (engine) => {
  describe("fallback to the next provider", () => {
    const failures: readonly { name: string; answer: () => Response | Promise<Response> }[] = [
      { name: "that answers 429", answer: () => new Response("slow down", { status: 429 }) },
      { name: "that answers 500", answer: () => new Response("oops", { status: 500 }) },
      { name: "that does not answer within perRetry.timeout", answer: () => new Promise(() => {}) },
    ];
    test.each(failures)(
      "from one $name",
      async ({ answer }) => {
        using one = startUpstream(answer);
        using two = startUpstream(completion("from two"));
        await using gateway = await startTraffic(engine, {
          places: [place("one", one), place("two", two)],
          rules: fallback,
          policies: [retryNext({ timeout: "300ms" }, { triggers: ["5xx", "retriable-status-codes"] })],
        });
        const answered = await ask(gateway);
        expect(answered.status).toBe(200);
        expect(await answered.text()).toContain("from two");
        expect([one.seen.length, two.seen.length]).toEqual([1, 1]);
      },
      limitMs,
    );

    test(
      "from one that refuses connections, in the next one's own API",
      async () => {
        using two = startUpstream({
          type: "message",
          role: "assistant",
          content: [{ type: "text", text: "from claude" }],
          stop_reason: "end_turn",
          usage: { input_tokens: 1, output_tokens: 1 },
        });
        const nobody = { url: `http://127.0.0.1:${freePort()}` };
        await using gateway = await startTraffic(engine, {
          places: [place("one", nobody), { ...place("two", two), schema: "Anthropic" }],
          rules: fallback,
          policies: [retryNext()],
        });
        const answered = await ask(gateway);
        expect(await answered.json()).toMatchObject({ choices: [{ message: { content: "from claude" } }] });
        expect(two.seen.map(({ path }) => path)).toEqual(["/v1/messages"]);
      },
      limitMs,
    );

    test(
      "from one that is silent before the first token; after it the stream is cut and says so",
      async () => {
        using one = startUpstream(() => new Promise<Response>(() => {}));
        using two = startUpstream(completion("from two"));
        await using gateway = await startTraffic(engine, {
          places: [place("one", one), place("two", two)],
          rules: [{ ...fallback[0], model: "m", refs: fallback[0]?.refs ?? [], streamIdleTimeout: "300ms" }],
          policies: [retryNext({}, { triggers: ["reset", "5xx"] })],
        });
        expect((await ask(gateway, { isStream: true })).status).toBe(200);
        expect([one.seen.length, two.seen.length]).toEqual([1, 1]);

        one.answerWith(stallAfter(chunk("hello")));
        const cut = await ask(gateway, { isStream: true });
        const text = await cut.text().catch((error: unknown) => `cut: ${String(error)}`);
        expect(text).toMatch(/error|cut/);
        expect(text).not.toContain("from two");
        expect([one.seen.length, two.seen.length]).toEqual([2, 1]);
      },
      limitMs,
    );
  });

  test(
    "retries are counted and bounded",
    async () => {
      using one = startUpstream(() => new Response("no", { status: 503 }));
      await using gateway = await startTraffic(engine, {
        places: [place("one", one)],
        policies: [{ retry: { numRetries: 4, perRetry: { backOff: { baseInterval: "1ms" } } } }],
      });
      expect((await ask(gateway)).status).toBe(503);
      expect(one.seen.length).toBe(5);
      let failures = 2;
      one.answerWith(() =>
        failures-- > 0 ? new Response("no", { status: 503 }) : Response.json(completion("at last")),
      );
      expect((await ask(gateway)).status).toBe(200);
      expect(one.seen.length).toBe(8);
    },
    limitMs,
  );

  test(
    "a provider that says when to come back is left alone until then",
    async () => {
      let isFirst = true;
      using one = startUpstream(() => {
        const answer = isFirst
          ? new Response("later", { status: 503, headers: { "retry-after": "1" } })
          : Response.json(completion("now"));
        isFirst = false;
        return answer;
      });
      await using gateway = await startTraffic(engine, {
        places: [place("one", one)],
        policies: [{ retry: { numRetries: 1 } }],
      });
      const askedAt = performance.now();
      expect((await ask(gateway)).status).toBe(200);
      expect(performance.now() - askedAt).toBeGreaterThanOrEqual(1000);
    },
    limitMs,
  );

  test(
    "weights hold within what chance allows",
    async () => {
      const weights = [1, 3, 6];
      const upstreams = weights.map((weight) => startUpstream(completion(String(weight))));
      await using gateway = await startTraffic(engine, {
        places: upstreams.map((upstream, index) => place(`u${index}`, upstream)),
        rules: [{ model: "m", refs: weights.map((weight, index) => ({ name: `u${index}`, weight })) }],
      });
      const total = 600;
      for (let sent = 0; sent < total; sent += 20)
        await Promise.all(Array.from({ length: 20 }, async () => (await ask(gateway)).text()));
      const chiSquare = weights.reduce((sum, weight, index) => {
        const expected = (total * weight) / 10;
        return sum + ((upstreams[index]?.seen.length ?? 0) - expected) ** 2 / expected;
      }, 0);
      // Two degrees of freedom: one run in 100,000 is above it by chance.
      expect(chiSquare).toBeLessThan(23);
      for (const upstream of upstreams) upstream[Symbol.dispose]();
    },
    limitMs,
  );

  test(
    "an endpoint that fails is put aside, and comes back",
    async () => {
      let isSick = true;
      using one = startUpstream(() =>
        isSick ? new Response("no", { status: 500 }) : Response.json(completion("one")),
      );
      using two = startUpstream(completion("two"));
      await using gateway = await startTraffic(engine, {
        places: [place("both", one, two)],
        policies: [
          {
            loadBalancer: { type: "RoundRobin" },
            healthCheck: {
              panicThreshold: 0,
              passive: {
                consecutive5XxErrors: 2,
                interval: "100ms",
                baseEjectionTime: "1s",
                maxEjectionPercent: 50,
              },
            },
          },
        ],
      });
      const statuses: number[] = [];
      while (statuses.filter((status) => status === 500).length < 2)
        statuses.push((await ask(gateway)).status);
      const failed = one.seen.length;
      expect(failed).toBe(2);
      for (let count = 0; count < 6; count += 1) expect((await ask(gateway)).status).toBe(200);
      expect(one.seen.length).toBe(failed);
      isSick = false;
      while (one.seen.length === failed) {
        await Bun.sleep(50);
        expect((await ask(gateway)).status).toBe(200);
      }
    },
    limitMs,
  );

  test(
    "a provider that is put aside leaves its requests to the next priority",
    async () => {
      using one = startUpstream(() => new Response("no", { status: 500 }));
      using two = startUpstream(completion("two"));
      await using gateway = await startTraffic(engine, {
        places: [place("one", one), place("two", two)],
        rules: fallback,
        policies: [
          {
            healthCheck: {
              passive: { consecutive5XxErrors: 1, baseEjectionTime: "60s", maxEjectionPercent: 100 },
            },
          },
        ],
      });
      expect((await ask(gateway)).status).toBe(500);
      for (let count = 0; count < 5; count += 1) expect((await ask(gateway)).status).toBe(200);
      expect(one.seen.length).toBe(1);
    },
    limitMs,
  );

  test(
    "what health checks find ill gets no requests until it is well",
    async () => {
      let isWell = false;
      const answer = (text: string, isFine: () => boolean) => (request: { path: string }) => {
        if (request.path !== "/health") return Response.json(completion(text));
        return new Response("", { status: isFine() ? 200 : 503 });
      };
      using one = startUpstream(answer("one", () => isWell));
      using two = startUpstream(answer("two", () => true));
      await using gateway = await startTraffic(engine, {
        places: [place("both", one, two)],
        policies: [
          {
            loadBalancer: { type: "RoundRobin" },
            healthCheck: {
              panicThreshold: 0,
              active: { type: "HTTP", interval: "100ms", timeout: "1s", http: { path: "/health" } },
            },
          },
        ],
      });
      const chats = () => one.seen.filter(({ path }) => path !== "/health").length;
      while (one.seen.length < 2 || two.seen.length < 2) await Bun.sleep(20);
      for (let count = 0; count < 6; count += 1) expect(await (await ask(gateway)).text()).toContain("two");
      expect(chats()).toBe(0);
      isWell = true;
      while (chats() === 0) {
        await Bun.sleep(50);
        expect((await ask(gateway)).status).toBe(200);
      }
    },
    limitMs,
  );

  test(
    "the circuit breaker refuses what is too much, at once and in the client's shape",
    async () => {
      const slow = Promise.withResolvers<void>();
      using one = startUpstream(async () => {
        await slow.promise;
        return Response.json(completion("slow"));
      });
      await using gateway = await startTraffic(engine, {
        places: [place("one", one)],
        policies: [{ circuitBreaker: { maxConnections: 1, maxPendingRequests: 1 } }],
      });
      // One has the connection and one waits for it; in Envoy that may be so for each of its threads.
      const taken: Promise<Response>[] = [];
      let refused: Response | undefined;
      while (refused === undefined) {
        const asked = ask(gateway);
        refused = (await Promise.race([asked, Bun.sleep(200)])) ?? undefined;
        if (refused === undefined) taken.push(asked);
      }
      const most = engine === "envoy" ? navigator.hardwareConcurrency : 1;
      expect(one.seen.length).toBeLessThanOrEqual(most);
      expect(taken.length).toBeLessThanOrEqual(2 * most);
      expect(refused.status).toBe(503);
      expect(await refused.json()).toMatchObject({
        type: "error",
        error: { message: "too many requests are under way to the backends of this model" },
      });
      slow.resolve();
      for (const answer of await Promise.all(taken)) expect(answer.status).toBe(200);
      expect((await ask(gateway)).status).toBe(200);
    },
    limitMs,
  );

  test(
    "requests of one user go to one endpoint, as long as it is there",
    async () => {
      const upstreams = [1, 2, 3].map((number) => startUpstream(completion(`number ${number}`)));
      await using gateway = await startTraffic(engine, {
        places: [place("all", ...upstreams)],
        policies: [
          {
            loadBalancer: {
              type: "ConsistentHash",
              consistentHash: { type: "Header", header: { name: "x-user" } },
            },
          },
        ],
      });
      const found = new Set<string>();
      for (let user = 0; user < 12; user += 1) {
        const answers = new Set<string>();
        for (let count = 0; count < 3; count += 1)
          answers.add(await (await ask(gateway, { headers: { "x-user": `u${user}` } })).text());
        expect(answers.size).toBe(1);
        for (const answer of answers) found.add(answer);
      }
      expect(found.size).toBeGreaterThan(1);
      for (const upstream of upstreams) upstream[Symbol.dispose]();
    },
    limitMs,
  );

  test(
    "silence and slowness end requests as the policy says",
    async () => {
      using one = startUpstream(() => new Promise<Response>(() => {}));
      await using gateway = await startTraffic(engine, {
        places: [place("one", one)],
        rules: [
          { model: "m", refs: [{ name: "one" }] },
          { model: "idle", name: "idle", refs: [{ name: "one" }] },
        ],
        policies: [
          { timeout: { http: { requestTimeout: "300ms" } } },
          {
            targetRefs: [
              { group: "gateway.networking.k8s.io", kind: "HTTPRoute", name: "r", sectionName: "idle" },
            ],
            timeout: { http: { requestTimeout: "60s", streamIdleTimeout: "300ms" } },
          },
        ],
      });
      for (const model of ["m", "idle"]) {
        const answered = await ask(gateway, { model });
        expect(answered.status).toBe(504);
        expect(await answered.json()).toMatchObject({ error: { message: "upstream request timeout" } });
      }
    },
    limitMs,
  );
});
