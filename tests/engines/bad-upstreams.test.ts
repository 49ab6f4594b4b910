/** What providers do wrong, and what clients then get: never silence, never half an answer that looks whole. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { onEachEngine } from "../support/engines.ts";
import type { Gateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { readEvents, sseText } from "../support/sse.ts";
import { chatBody, type ErrorBody, families, post, startLimitMs, startWith } from "../support/start.ts";
import { type RawUpstream, startRawUpstream, startUpstream, type Upstream } from "../support/upstream.ts";

const html = "<html><body><h1>502 Bad Gateway</h1></body></html>";
const json = { "content-type": "application/json" };
const streamHead = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** A moment, so that what was written before arrives on its own. */
const later = (act: () => void) => void setTimeout(act, 30);

/** What happens to a socket once the request's head is there. */
const behaviours: Record<string, (socket: Socket) => void> = {
  "closes at once": (socket) => socket.end(),
  "resets the connection": (socket) => socket.resetAndDestroy(),
  "speaks no HTTP": (socket) => socket.end("220 mail.example ESMTP\r\n"),
  "closes inside the head": (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-ty"),
};

function closeInsideBody(socket: Socket): void {
  socket.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"id": `);
}

const breaks: Record<string, (socket: Socket) => void> = {
  "closes in the middle of a stream": (socket) => {
    socket.write(streamHead + chunk(sseText({ n: 1 })));
    later(() => socket.end());
  },
  "resets in the middle of a stream": (socket) => {
    socket.write(streamHead + chunk(sseText({ n: 1 })));
    later(() => socket.resetAndDestroy());
  },
  "closes inside an event": (socket) => {
    socket.write(streamHead + chunk(sseText({ n: 1 })) + chunk('data: {"n": '));
    later(() => socket.end());
  },
};

onEachEngine((engine) => {
  describe.each(families)("a client of $family", ({ path, schema, errorType }) => {
    let upstream: Upstream;
    let raw: RawUpstream;
    let gateway: Gateway;
    let behave: (socket: Socket) => void = (socket) => socket.end();

    beforeAll(async () => {
      upstream = startUpstream();
      raw = await startRawUpstream((socket) => behave(socket));
      gateway = await startWith(
        [
          { name: "good", schema, url: upstream.url },
          { name: "raw", schema, url: raw.url },
          { name: "absent", schema, url: `http://127.0.0.1:${freePort()}` },
          { name: "unnamed", schema, url: "http://no-such-host.invalid" },
        ],
        {},
        { engine },
      );
    }, startLimitMs);
    afterAll(async () => {
      await gateway?.[Symbol.asyncDispose]();
      await raw?.[Symbol.asyncDispose]();
      upstream?.[Symbol.dispose]();
    });

    async function expectGatewayError(answer: Response): Promise<void> {
      expect([502, 503]).toContain(answer.status);
      const body = (await answer.json()) as ErrorBody;
      expect(errorType(body), JSON.stringify(body)).toBe(true);
      expect(String(body.error?.message)).not.toBe("");
    }

    test.each(["absent", "unnamed"])("gets an error when the upstream is %s", async (model) => {
      await expectGatewayError(await post(gateway, path, chatBody(model)));
    });

    test.each(Object.keys(behaviours))("gets an error when the upstream %s", async (name) => {
      behave = behaviours[name] ?? behave;
      await expectGatewayError(await post(gateway, path, chatBody("raw")));
    });

    test("never takes a cut body for a whole one", async () => {
      behave = closeInsideBody;
      const answer = await post(gateway, path, chatBody("raw"));
      if (answer.status !== 200) return expectGatewayError(answer);
      expect(answer.json()).rejects.toThrow();
    });

    test.each(Object.keys(breaks))(
      "never takes a cut stream for a whole one when the upstream %s",
      async (name) => {
        behave = breaks[name] ?? behave;
        const answer = await post(gateway, path, chatBody("raw", { stream: true }));
        expect(answer.status).toBe(200);
        const events: string[] = [];
        const read = async () => {
          if (answer.body) for await (const event of readEvents(answer.body)) events.push(event);
        };
        const cut = await read().then(
          () => "ended",
          () => "cut",
        );
        expect(events[0]).toBe('{"n":1}');
        // Either the connection breaks or the last event says so; an end like any other would be a lie.
        if (cut === "ended") expect(events.at(-1)).toContain('"error"');
      },
    );

    test("gets an answer that claims to be JSON as it is", async () => {
      upstream.answerWith(() => new Response("{ not json", { headers: json }));
      const answer = await post(gateway, path, chatBody("good"));
      expect([answer.status, await answer.text()]).toEqual([200, "{ not json"]);
    });

    test("gets an HTML page of an upstream as an error that its SDK reads", async () => {
      upstream.answerWith(
        () => new Response(html, { status: 502, headers: { "content-type": "text/html" } }),
      );
      const answer = await post(gateway, path, chatBody("good"));
      expect(answer.status).toBe(502);
      const body = (await answer.json()) as ErrorBody;
      expect(errorType(body), JSON.stringify(body)).toBe(true);
      expect(String(body.error?.message)).toContain("502 Bad Gateway");
    });

    test("gets an upstream's own error untouched", async () => {
      const text = '{"error": {"message":"no", "type":"invalid_request_error" , "param":null,"code":null}}';
      const headers = { ...json, "retry-after": "7" };
      upstream.answerWith(() => new Response(text, { status: 429, headers }));
      const answer = await post(gateway, path, chatBody("good"));
      expect([answer.status, answer.headers.get("retry-after"), await answer.text()]).toEqual([
        429,
        "7",
        text,
      ]);
    });

    test("is not sent after a redirect of an upstream", async () => {
      const calls = upstream.seen.length;
      upstream.answerWith(() => new Response(null, { status: 307, headers: { location: "/elsewhere" } }));
      const answer = await post(gateway, path, chatBody("good"), { redirect: "manual" });
      expect(answer.status).toBe(307);
      expect(upstream.seen.length).toBe(calls + 1);
    });

    test("is served as before after all that", async () => {
      upstream.answerWith({ ok: true });
      const answer = await post(gateway, path, chatBody("good"));
      expect([answer.status, await answer.json()]).toEqual([200, { ok: true }]);
    });
  });
});
