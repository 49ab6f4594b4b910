/** Quotas of backends for models, on both engines. */
import { describe, expect, test } from "bun:test";
import { startUpstream } from "../support/upstream.ts";
import { ask, completion, engines, startTraffic } from "./setup.ts";

const limitMs = 60_000;

const quotaOf = (name: string, models: Readonly<Record<string, object>>) => ({
  apiVersion: "aigateway.envoyproxy.io/v1alpha1",
  kind: "QuotaPolicy",
  metadata: { name },
  spec: {
    targetRefs: [{ group: "aigateway.envoyproxy.io", kind: "AIServiceBackend", name }],
    perModelQuotas: Object.entries(models).map(([modelName, quota]) => ({ modelName, quota })),
  },
});

describe.each([...engines])("%s", (engine) => {
  test(
    "a model's tokens at a backend are spent once and for all clients; rules add buckets to them",
    async () => {
      using one = startUpstream(completion("ok", 60));
      const vip = { clientSelectors: [{ headers: [{ name: "x-user", value: "vip" }] }] };
      await using gateway = await startTraffic(engine, {
        places: [{ name: "one", urls: [one.url] }],
        rules: ["m", "other"].map((model) => ({ model, refs: [{ name: "one" }] })),
        more: [
          quotaOf("one", {
            m: {
              defaultBucket: { limit: 100, duration: "1d" },
              bucketRules: [{ ...vip, quota: { limit: 150, duration: "1d" } }],
            },
          }),
        ],
      });
      const send = async (model: string, user: string) => {
        const answer = await ask(gateway, { model, headers: { "x-user": user } });
        await answer.text();
        return answer.status;
      };
      expect([await send("m", "a"), await send("m", "vip"), await send("m", "a")]).toEqual([200, 200, 429]);
      // The vip's own bucket has 60 of 150.
      expect([await send("m", "vip"), await send("m", "vip"), await send("m", "vip")]).toEqual([
        200, 200, 429,
      ]);
      expect(await send("other", "a")).toBe(200);
      const refused = await ask(gateway);
      expect(await refused.json()).toMatchObject({ error: { message: "the quota for this model is spent" } });
    },
    limitMs,
  );

  test(
    "where one of several backends has something left, requests go on",
    async () => {
      using one = startUpstream(completion("one", 60));
      using two = startUpstream(completion("two", 60));
      await using gateway = await startTraffic(engine, {
        places: [one, two].map(({ url }, index) => ({ name: `b${index}`, urls: [url] })),
        rules: [{ model: "m", refs: [{ name: "b0" }, { name: "b1", priority: 1 }] }],
        more: [
          quotaOf("b0", {
            m: { costExpression: "output_tokens", defaultBucket: { limit: 50, duration: "1d" } },
          }),
        ],
      });
      for (let count = 0; count < 4; count += 1) expect((await ask(gateway)).status).toBe(200);
      // Envoy has chosen before the processor could say which of them is spent.
      if (engine === "embedded") expect([one.seen.length, two.seen.length]).toEqual([1, 3]);
    },
    limitMs,
  );
});
