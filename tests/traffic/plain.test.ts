/** Rules of plain HTTP under the same policies, on both engines. */
import { describe, expect, test } from "bun:test";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { completion, engines, startTraffic, type TrafficSetup } from "./setup.ts";

const limitMs = 60_000;

/** An HTTPRoute `plain` for `/files` beside the AI route, and a policy for it. */
function withPlain(upstream: Upstream, policy: object): TrafficSetup {
  const route = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "plain" },
    spec: {
      parentRefs: [{ name: "gw" }],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/files" } }],
          backendRefs: [{ group: "gateway.envoyproxy.io", kind: "Backend", name: "one" }],
        },
      ],
    },
  };
  return {
    places: [{ name: "one", urls: [upstream.url] }],
    policies: [
      {
        targetRefs: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", name: "plain" }],
        ...policy,
      },
    ],
    more: [route],
  };
}

describe.each([...engines])("%s", (engine) => {
  test(
    "limits, overrides and body sizes hold for plain HTTP, and leave other routes alone",
    async () => {
      let status = 200;
      using one = startUpstream(() => Response.json(completion("ok"), { status }));
      await using gateway = await startTraffic(
        engine,
        withPlain(one, {
          rateLimit: { type: "Global", global: { rules: [{ limit: { requests: 3, unit: "Hour" } }] } },
          requestBuffer: { limit: "1Ki" },
          responseOverride: [
            {
              match: { statusCodes: [{ value: 500 }] },
              response: { statusCode: 502, body: { type: "Inline", inline: "mended" } },
            },
          ],
        }),
      );
      const get = () => fetch(`${gateway.url}/files/a`);
      const first = await get();
      expect(first.status).toBe(200);
      expect(first.headers.get("x-ratelimit-remaining")).toBe("2");
      const large = await fetch(`${gateway.url}/files/a`, { method: "PUT", body: "x".repeat(2000) });
      expect(large.status).toBe(413);
      status = 500;
      const mended = await get();
      expect(mended.status).toBe(502);
      expect(await mended.text()).toBe("mended");
      expect((await get()).status).toBe(502);
      const refused = await get();
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      status = 200;
      const chat = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ model: "m", messages: [] }),
      });
      expect(chat.status).toBe(200);
      expect(chat.headers.get("x-ratelimit-limit")).toBeNull();
    },
    limitMs,
  );

  test(
    "faults are injected",
    async () => {
      using one = startUpstream({});
      await using gateway = await startTraffic(
        engine,
        withPlain(one, { faultInjection: { abort: { httpStatus: 503 } } }),
      );
      expect((await fetch(`${gateway.url}/files/a`)).status).toBe(503);
      expect(one.seen.length).toBe(0);
    },
    limitMs,
  );
});
