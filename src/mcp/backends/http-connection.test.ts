import { expect, test } from "bun:test";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { defaultMcpLimits } from "../../model/mcp.ts";
import type { UpstreamInit } from "../../runtime/runtime.ts";
import type { BackendCall, MessageReader } from "./connection.ts";
import { HttpConnection } from "./http-connection.ts";

type Fetch = (url: string, init: UpstreamInit) => Response | Promise<Response>;

const encoder = new TextEncoder();
const place = { origin: "http://up:1", hostHeader: undefined, unix: undefined, tls: undefined };

function connect(fetch: Fetch, limits: Partial<typeof defaultMcpLimits> = {}): HttpConnection {
  return new HttpConnection({
    runtime: { fetch: async (url, init) => fetch(url, init) },
    places: [place],
    path: "/mcp?k=v",
    headers: [["authorization", "Bearer up"]],
    limits: { ...defaultMcpLimits, ...limits },
    userAgent: "aigw/test",
  });
}

function callWith(change: Partial<BackendCall> = {}): BackendCall {
  const signal = new AbortController().signal;
  return { sessionId: undefined, protocolVersion: undefined, headers: [], signal, ...change };
}

async function readAll(messages: MessageReader): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const message = await messages.next();
    if (message === undefined) return texts;
    texts.push(new TextDecoder().decode(message.bytes));
  }
}

/** A body that arrives byte by byte, so that nothing depends on how it is cut. */
function dripping(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === bytes.length) controller.close();
      else controller.enqueue(bytes.subarray(at, ++at));
    },
  });
}

const answer = '{"jsonrpc":"2.0","id":1,"result":{"n":12345678901234567890}}';
const events = `: hello\n\nid: 1\ndata:\n\ndata: ${answer}\n\n`;
const json = { "content-type": "application/json" };
const eventStream = { "content-type": "text/event-stream" };

const bodies: {
  name: string;
  body: string | Uint8Array;
  headers: { [name: string]: string };
  want: string[];
}[] = [
  { name: "JSON", body: answer, headers: json, want: [answer] },
  {
    name: "JSON after a byte order mark and white space",
    body: `\ufeff\n ${answer}`,
    headers: json,
    want: [answer],
  },
  {
    name: "JSON with a character set",
    body: answer,
    headers: { "content-type": "application/json; charset=utf-8" },
    want: [answer],
  },
  { name: "events", body: events, headers: eventStream, want: [answer] },
  { name: "events that are labelled JSON", body: events, headers: json, want: [answer] },
  { name: "JSON that is labelled as events", body: ` ${answer}`, headers: eventStream, want: [answer] },
  { name: "JSON without a label", body: answer, headers: {}, want: [answer] },
  { name: "a batch", body: `[${answer}, ${answer}]`, headers: json, want: [answer, answer] },
  {
    name: "a batch in an event",
    body: `data: [${answer},\ndata: ${answer}]\n\n`,
    headers: eventStream,
    want: [answer, answer],
  },
  { name: "an event without its blank line", body: `data: ${answer}`, headers: eventStream, want: [answer] },
  { name: "nothing", body: "", headers: json, want: [] },
  { name: "gzip", body: gzipSync(answer), headers: { ...json, "content-encoding": "gzip" }, want: [answer] },
  {
    name: "brotli",
    body: brotliCompressSync(answer),
    headers: { ...json, "content-encoding": "br" },
    want: [answer],
  },
  {
    name: "zstd",
    body: zstdCompressSync(answer),
    headers: { ...json, "content-encoding": "zstd" },
    want: [answer],
  },
  {
    name: "gzip of events",
    body: gzipSync(events),
    headers: { ...eventStream, "content-encoding": "gzip" },
    want: [answer],
  },
];

test.each(bodies)("HttpConnection reads $name", async ({ body, headers, want }) => {
  const bytes = typeof body === "string" ? encoder.encode(body) : new Uint8Array(body);
  const whole = connect(() => {
    return new Response(bytes, { headers: { ...headers, "content-length": String(bytes.length) } });
  });
  expect(await readAll((await whole.send(encoder.encode("{}"), callWith())).messages)).toEqual(want);
  const cut = connect(() => new Response(dripping(bytes), { headers }));
  expect(await readAll((await cut.send(encoder.encode("{}"), callWith())).messages)).toEqual(want);
});

test("HttpConnection sends its own headers over forwarded ones, and none of a session that is not there", async () => {
  const seen: unknown[] = [];
  const connection = connect((url, init) => {
    seen.push([init.method, url, init.headers, new TextDecoder().decode(init.body as Uint8Array)]);
    return new Response(null, { status: 202, headers: { "mcp-session-id": "s" } });
  });
  const forwarded = [
    ["authorization", "Bearer client"],
    ["x-team", "red"],
  ] as const;
  await connection.send(encoder.encode("{}"), callWith({ headers: forwarded }));
  const { sessionId } = await connection.send(
    encoder.encode("{}"),
    callWith({ sessionId: "s", protocolVersion: "2025-06-18" }),
  );
  const always = {
    accept: "application/json, text/event-stream",
    "accept-encoding": "gzip, br, zstd",
    authorization: "Bearer up",
    "content-type": "application/json",
    "user-agent": "aigw/test",
  };
  expect(sessionId).toBe("s");
  expect(seen).toEqual([
    ["POST", "http://up:1/mcp?k=v", { ...always, "x-team": "red" }, "{}"],
    [
      "POST",
      "http://up:1/mcp?k=v",
      { ...always, "mcp-protocol-version": "2025-06-18", "mcp-session-id": "s" },
      "{}",
    ],
  ]);
});

test.each([405, 204, 202])("a server that answers GET with %d has no stream", async (status) => {
  expect(await connect(() => new Response(null, { status })).listen(callWith())).toBeUndefined();
});

test("a stream is gone on with where it was left, and says where it is", async () => {
  let asked: unknown;
  const connection = connect((_, { headers }) => {
    asked = new Headers(headers).get("last-event-id");
    return new Response(`id: 8\nretry: 20\ndata: ${answer}\n\n`, { headers: eventStream });
  });
  const listening = await connection.listen(callWith({ lastEventId: "7" }));
  expect(asked).toBe("7");
  expect(await listening?.messages.next()).toEqual({ bytes: encoder.encode(answer), eventId: "8" });
  expect([listening?.messages.lastEventId, listening?.messages.retryMs]).toEqual(["8", 20]);
});

const refused = Object.assign(new Error("Unable to connect"), { code: "ConnectionRefused" });
const reset = Object.assign(new Error("The socket connection was closed"), { code: "ECONNRESET" });

test("a connection that was refused is tried once more, one that broke off is not", async () => {
  let tries = 0;
  const flaky = connect(() => {
    if (++tries === 1) throw refused;
    return new Response(answer, { headers: json });
  });
  expect((await flaky.send(encoder.encode("{}"), callWith())).status).toBe(200);
  expect(tries).toBe(2);
  for (const [error, kind, wanted] of [
    [refused, "connect", 2],
    [reset, "reset", 1],
  ] as const) {
    tries = 0;
    const broken = connect(() => {
      tries++;
      throw error;
    });
    expect(broken.send(encoder.encode("{}"), callWith())).rejects.toMatchObject({ kind });
    await Bun.sleep(1);
    expect(tries).toBe(wanted);
  }
});

const redirects: { name: string; status: number; location: string; want: string[] }[] = [
  { name: "308 on its own host: followed", status: 308, location: "/v2?x", want: ["/mcp?k=v", "/v2?x"] },
  {
    name: "307 in a circle: followed once",
    status: 307,
    location: "/mcp?k=v",
    want: ["/mcp?k=v", "/mcp?k=v"],
  },
  {
    name: "308 elsewhere: not followed",
    status: 308,
    location: "http://169.254.169.254/x",
    want: ["/mcp?k=v"],
  },
  { name: "302: not followed", status: 302, location: "/v2", want: ["/mcp?k=v"] },
];

test.each(redirects)("a redirect by $name", async ({ status, location, want }) => {
  const seen: string[] = [];
  const connection = connect((url) => {
    seen.push(url.slice(place.origin.length));
    return url.endsWith("?x") ? new Response(answer) : new Response(null, { status, headers: { location } });
  });
  await connection.send(encoder.encode("{}"), callWith());
  expect(seen).toEqual(want);
});

test("HttpConnection gives what cannot be used a name", async () => {
  const long = `{"a":"${"x".repeat(500)}"}`;
  const broken = new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode("data: 1"));
      controller.error(reset);
    },
  });
  const cases: [Response, string][] = [
    [new Response(dripping(encoder.encode(long)), { headers: json }), "too-large"],
    [new Response(`data: ${long}\n\n`, { headers: eventStream }), "too-large"],
    [new Response(answer, { headers: { "content-encoding": "rot13" } }), "malformed"],
    [new Response("[1, {", { headers: json }), "malformed"],
    [new Response(broken, { headers: eventStream }), "reset"],
  ];
  for (const [response, kind] of cases) {
    const { messages } = await connect(() => response, { maxResponseBytes: 400, maxEventBytes: 400 }).send(
      encoder.encode("{}"),
      callWith(),
    );
    expect(messages.next()).rejects.toMatchObject({ kind });
    await Bun.sleep(1);
  }
});

test("an answer can be taken as it arrives, unless somebody has to decode it", async () => {
  const take = async (response: Response) =>
    (await connect(() => response).send(encoder.encode("{}"), callWith())).messages.takeRaw();
  expect(await new Response(await take(new Response(answer, { headers: json }))).text()).toBe(answer);
  expect(await take(new Response(events, { headers: eventStream }))).toBeUndefined();
  const packed = { headers: { ...json, "content-encoding": "gzip" } };
  expect(await take(new Response(gzipSync(answer), packed))).toBeUndefined();
});

test("whoever gives up hears so, with the reason that the signal has", async () => {
  const controller = new AbortController();
  const connection = connect((_, { signal }) => {
    const { promise, reject } = Promise.withResolvers<Response>();
    signal.addEventListener("abort", () => reject(signal.reason));
    return promise;
  });
  const sent = connection.send(encoder.encode("{}"), callWith({ signal: controller.signal }));
  controller.abort();
  expect(sent).rejects.toMatchObject({ kind: "stopped" });
  await Bun.sleep(1);
});

test("a session stays at the place that began it, and others go to all places in turn", async () => {
  const seen: string[] = [];
  const connection = new HttpConnection({
    runtime: {
      fetch: async (url, { headers }) => {
        seen.push(`${new URL(url).host} ${new Headers(headers).get("mcp-session-id")}`);
        return new Response(answer, { headers: { ...json, "mcp-session-id": "s.1" } });
      },
    },
    places: ["http://a", "http://b"].map((origin) => ({ ...place, origin })),
    path: "/mcp",
    headers: [],
    limits: defaultMcpLimits,
    userAgent: "aigw/test",
  });
  const send = (sessionId?: string) => connection.send(encoder.encode("{}"), callWith({ sessionId }));
  await send();
  const { sessionId } = await send();
  expect(sessionId).toBe("1.s.1");
  for (let i = 0; i < 3; i++) await send(sessionId);
  expect(seen).toEqual(["a null", "b null", "b s.1", "b s.1", "b s.1"]);
});
