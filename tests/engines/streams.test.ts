/** Streams as clients live them: every event at once, many at a time, left early, read slowly. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { onEachEngine } from "../support/engines.ts";
import type { Gateway } from "../support/gateway.ts";
import { residentMb } from "../support/memory.ts";
import { readEvents, sseResponse, sseText } from "../support/sse.ts";
import { chatBody, families, post, startLimitMs, startWith } from "../support/start.ts";
import { type Seen, startUpstream, type Upstream } from "../support/upstream.ts";

const many = 500;
/** A stream that goes on when it is told to. */
function steppedStream() {
  const encoder = new TextEncoder();
  const started = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => started.resolve(controller),
    cancel: () => cancelled.resolve(),
  });
  return {
    response: new Response(body, { headers: { "content-type": "text/event-stream" } }),
    cancelled: cancelled.promise,
    send: async (event: object | string) => (await started.promise).enqueue(encoder.encode(sseText(event))),
    close: async () => (await started.promise).close(),
  };
}

function within<T>(promise: Promise<T>, what: string, limitMs = 10_000): Promise<T> {
  const late = Bun.sleep(limitMs).then(() =>
    Promise.reject(new Error(`${what} did not happen within ${limitMs} ms`)),
  );
  return Promise.race([promise, late]);
}

onEachEngine((engine) => {
  let upstream: Upstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = startUpstream();
    gateway = await startWith(
      families.map(({ schema }) => ({ name: schema, schema, url: upstream.url })),
      {},
      { engine },
    );
  }, startLimitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    upstream?.[Symbol.dispose]();
  });

  describe.each(families)("a stream of $family", ({ path, schema }) => {
    test("brings each event before the next one is sent", async () => {
      const stream = steppedStream();
      upstream.answerWith(() => stream.response);
      await stream.send({ n: 0 });
      const answer = await within(post(gateway, path, chatBody(schema, { stream: true })), "the head");
      expect(answer.headers.get("content-type")).toContain("text/event-stream");
      const events = readEvents(answer.body ?? new ReadableStream());
      for (let n = 0; n < 5; n++) {
        expect((await within(events.next(), `event ${n}`)).value).toBe(JSON.stringify({ n }));
        await stream.send({ n: n + 1 });
      }
      await stream.close();
      expect((await events.next()).value).toBe('{"n":5}');
      expect((await events.next()).done).toBe(true);
    });

    test("ends at the upstream when the client hangs up, before the next event", async () => {
      const stream = steppedStream();
      const gone = Promise.withResolvers<void>();
      upstream.answerWith(({ signal }: Seen) => {
        signal.addEventListener("abort", () => gone.resolve());
        return stream.response;
      });
      await stream.send({ n: 0 });
      const hangUp = new AbortController();
      const answer = await post(gateway, path, chatBody(schema, { stream: true }), { signal: hangUp.signal });
      await readEvents(answer.body ?? new ReadableStream()).next();
      hangUp.abort();
      await within(Promise.race([gone.promise, stream.cancelled]), "the end at the upstream");
    });

    test("ends at the upstream when the client hangs up before the head", async () => {
      const called = Promise.withResolvers<void>();
      const gone = Promise.withResolvers<void>();
      upstream.answerWith(async ({ signal }: Seen) => {
        signal.addEventListener("abort", () => gone.resolve());
        called.resolve();
        await gone.promise;
        return new Response();
      });
      const hangUp = new AbortController();
      const answer = post(gateway, path, chatBody(schema, { stream: true }), { signal: hangUp.signal });
      answer.catch(() => undefined);
      await within(called.promise, "the call");
      hangUp.abort();
      await within(gone.promise, "the end at the upstream");
    });
  });

  test(`${many} slow streams run at once`, async () => {
    const go = Promise.withResolvers<void>();
    let open = 0;
    const all = Promise.withResolvers<void>();
    upstream.answerWith(async () => {
      if (++open === many) all.resolve();
      await go.promise;
      return sseResponse([sseText({ n: 1 }), sseText({ n: 2 }), sseText("[DONE]")], 20);
    });
    // Clients in another process, since one process has a limit of its own.
    const clients = Bun.spawn(
      [process.execPath, `${import.meta.dir}/stream-clients.ts`, gateway.url, String(many)],
      {
        env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: "65535" },
        stderr: "inherit",
      },
    );
    await within(all.promise, `${many} requests at the upstream`, 30_000);
    go.resolve();
    expect(await new Response(clients.stdout).json()).toEqual({ complete: many, other: [] });
  }, 60_000);

  test("a client that reads slowly does not fill the gateway's memory", async () => {
    const piece = new TextEncoder().encode(sseText({ text: "x".repeat(64 * 1024) }));
    const pieces = 4000; // 250 MB
    let sent = 0;
    upstream.answerWith(() => {
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (sent++ < pieces) controller.enqueue(piece);
          else controller.close();
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    });
    const before = residentMb(gateway.pid);
    const request = JSON.stringify(chatBody("OpenAI", { stream: true }));
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`);
    socket.write(`content-length: ${request.length}\r\n\r\n${request}`);
    await within(new Promise((resolve) => socket.once("data", resolve)), "the first piece");
    socket.pause();
    // The upstream stands still once every buffer on the way is full.
    let last = -1;
    while (sent !== last) {
      last = sent;
      await Bun.sleep(700);
    }
    expect(sent).toBeLessThan(pieces);
    expect(residentMb(gateway.pid) - before).toBeLessThan(100);
    socket.destroy();
  }, 60_000);
});
