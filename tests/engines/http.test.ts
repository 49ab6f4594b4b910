/** Honest HTTP between client and upstream: bytes, encodings, headers, sizes, methods. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { onEachEngine } from "../support/engines.ts";
import type { Gateway } from "../support/gateway.ts";
import { chatBody, post, startLimitMs, startWith } from "../support/start.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const path = "/v1/chat/completions";
const answerText =
  '{ "id":"x",  "choices":[], "usage": {"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"ü":"✓" }';
const encoders = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync } as const;

onEachEngine((engine) => {
  let upstream: Upstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = startUpstream();
    gateway = await startWith(
      [{ name: "up", url: upstream.url, apiKey: "sk-of-the-gateway" }],
      {
        bufferLimit: "50Mi",
      },
      { engine },
    );
  }, startLimitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    upstream?.[Symbol.dispose]();
  });

  function answerJson(body: Uint8Array<ArrayBuffer> | string, headers: Record<string, string> = {}): void {
    upstream.answerWith(
      () => new Response(body, { headers: { "content-type": "application/json", ...headers } }),
    );
  }

  test("bodies pass byte for byte where nothing has to change", async () => {
    answerJson(answerText);
    const body =
      '{"model" : "up",\n "messages":[ {"role":"user","content":"\\u00fc ✓"} ], "unknown_member":{"a":[1.50, 1e3]} }';
    const answer = await post(gateway, path, body);
    expect(await answer.text()).toBe(answerText);
    expect(upstream.seen.at(-1)?.text).toBe(body);
  });

  describe.each(Object.keys(encoders) as (keyof typeof encoders)[])(
    "an answer encoded with %s",
    (encoding) => {
      test("reaches the client whole", async () => {
        answerJson(encoders[encoding](answerText), { "content-encoding": encoding });
        const answer = await post(gateway, path, chatBody("up"), {
          headers: { "accept-encoding": encoding },
        });
        expect(await answer.text()).toBe(answerText);
      });

      test("is counted", async () => {
        const count = async () => {
          const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
          const lines = metrics
            .split("\n")
            .filter((line) => line.startsWith("gen_ai_client_token_usage_sum"));
          return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
        };
        const before = await count();
        answerJson(encoders[encoding](answerText), { "content-encoding": encoding });
        await (await post(gateway, path, chatBody("up"))).text();
        expect(await count()).toBeGreaterThan(before);
      });
    },
  );

  test("the client's credentials and hop-by-hop headers stay behind, its own headers travel", async () => {
    answerJson(answerText);
    const headers = {
      authorization: "Bearer sk-of-the-client",
      "x-custom": "kept",
      te: "trailers",
      "proxy-authorization": "Basic c2VjcmV0",
      "x-ai-eg-model": "forged",
    };
    await post(gateway, path, chatBody("up"), { headers });
    const seen = upstream.seen.at(-1)?.headers ?? new Headers();
    expect(seen.get("authorization")).toBe("Bearer sk-of-the-gateway");
    expect(seen.get("x-custom")).toBe("kept");
    for (const name of ["te", "proxy-authorization", "x-ai-eg-model"])
      expect(seen.get(name), name).toBeNull();
    expect(seen.get("host")).toBe(`127.0.0.1:${upstream.port}`);
  });

  test("headers of the answer travel, hop-by-hop ones do not", async () => {
    answerJson(answerText, {
      "x-ratelimit-remaining-requests": "9",
      "openai-processing-ms": "12",
      "set-cookie": "a=b",
    });
    const { headers } = await post(gateway, path, chatBody("up"));
    expect(headers.get("x-ratelimit-remaining-requests")).toBe("9");
    expect(headers.get("openai-processing-ms")).toBe("12");
    expect(headers.get("keep-alive")).toBeNull();
  });

  test("a request of 20 MB and an answer of 20 MB pass", async () => {
    const big = "x".repeat(20 * 1024 * 1024);
    answerJson(JSON.stringify({ big }));
    const answer = await post(gateway, path, chatBody("up", { user: big }));
    expect(((await answer.json()) as { big: string }).big.length).toBe(big.length);
    expect(upstream.seen.at(-1)?.bytes.length).toBeGreaterThan(big.length);
  }, 30_000);

  test("an answer without a body stays without", async () => {
    upstream.answerWith(() => new Response(null, { status: 429, headers: { "retry-after": "1" } }));
    const answer = await post(gateway, path, chatBody("up"));
    expect([answer.status, answer.headers.get("retry-after"), await answer.text()]).toEqual([429, "1", ""]);
  });

  test("connections are kept alive on both sides, and one after another request is answered", async () => {
    answerJson(answerText);
    for (let n = 0; n < 50; n++)
      expect(await (await post(gateway, path, chatBody("up"))).text()).toBe(answerText);
  });

  test("HEAD and OPTIONS are answered as HTTP says", async () => {
    const head = await fetch(`${gateway.url}/v1/models`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    const options = await fetch(gateway.url + path, { method: "OPTIONS" });
    expect(options.status).toBeLessThan(500);
  });
});
