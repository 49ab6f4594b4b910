/**
 * The processor under a real Envoy, configured by hand with the two filters: once as a control plane of the reference
 * does it, once with what aigw's own Envoy has beyond that. Runs where there is one (`tests/support/envoy.ts`).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { envoyPath, startEnvoy, type TestEnvoy } from "./envoy.ts";
import { startProcessor, type TestProcessor } from "./processor.ts";

const hasEnvoy = envoyPath !== "";

interface Seen {
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

const completion = {
  id: "1",
  model: "gpt-2026",
  choices: [],
  usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
};
const chunk = (content: string) => `data: {"choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;
const usageChunk =
  'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}\n\n';
const done = "data: [DONE]\n\n";
const eventStream = { "content-type": "text/event-stream" };

/** An upstream that does what the request's header says, and refuses bodies without a length. */
class Upstream {
  readonly seen: Seen[] = [];
  readonly aborted: string[] = [];
  readonly server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: (request) => this.#answer(request),
  });

  get port(): number {
    return this.server.port ?? 0;
  }

  async #answer(request: Request): Promise<Response> {
    if (!request.headers.has("content-length")) return new Response("length required", { status: 411 });
    const { pathname, search } = new URL(request.url);
    this.seen.push({ path: pathname + search, headers: request.headers, body: await request.text() });
    const wanted = request.headers.get("x-want") ?? "";
    switch (wanted) {
      case "stream":
        return new Response(events([chunk("a"), chunk("b"), usageChunk, done], 0), { headers: eventStream });
      case "slow-stream":
        return new Response(events([chunk("a"), chunk("b"), chunk("c"), done], 200), {
          headers: eventStream,
        });
      case "endless":
        request.signal.addEventListener("abort", () => this.aborted.push(wanted));
        return new Response(
          events(
            Array.from({ length: 1000 }, () => chunk("a")),
            20,
          ),
          { headers: eventStream },
        );
      case "gzip":
        return new Response(gzipSync(JSON.stringify(completion)), {
          headers: { "content-type": "application/json", "content-encoding": "gzip" },
        });
      case "gzip-stream":
        return new Response(gzipSync(chunk("a") + usageChunk + done), {
          headers: { ...eventStream, "content-encoding": "gzip" },
        });
      case "text-error":
        return new Response("busy", {
          status: 503,
          headers: { "content-type": "text/plain", "retry-after": "3" },
        });
      case "large":
        return Response.json({ ...completion, padding: "x".repeat(5_000_000) });
      default:
        return Response.json(completion);
    }
  }
}

function events(pieces: readonly string[], pauseMs: number): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      if (next > 0 && pauseMs > 0) await Bun.sleep(pauseMs);
      const piece = pieces[next++];
      if (piece === undefined) controller.close();
      else controller.enqueue(Buffer.from(piece));
    },
  });
}

/** Always fails. */
const failing = () =>
  Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("no", { status: 500 }) });

/** Ends its answer with trailers, which no server here can write. */
function trailing(): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      const piece = chunk("a") + usageChunk + done;
      socket.write(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntrailer: x-end\r\ntransfer-encoding: chunked\r\n\r\n" +
          `${piece.length.toString(16)}\r\n${piece}\r\n0\r\nx-end: 1\r\n\r\n`,
      );
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

const portOf = (server: Server) => {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};

describe.each([
  { name: "configured as the reference's control plane does it", isOurs: false },
  { name: "configured as aigw does it", isOurs: true },
])("under an Envoy $name", ({ isOurs }) => {
  const upstream = new Upstream();
  const broken = failing();
  let withTrailers: Server;
  let running: TestProcessor;
  let envoy: TestEnvoy;

  beforeAll(async () => {
    if (!hasEnvoy) return;
    withTrailers = await trailing();
    running = await startProcessor();
    const { port } = upstream;
    const dead = 1;
    envoy = await startEnvoy({
      processor: running.server.target.replace("unix:", ""),
      isOurs,
      routes: [
        { model: "plain", endpoints: [{ port, backend: "plain" }], routeName: "default/route" },
        { model: "renamed", endpoints: [{ port, backend: "renamed" }] },
        { model: "edited", endpoints: [{ port, backend: "edited" }] },
        { model: "own-key", endpoints: [{ port, backend: "own-key" }], retries: 2 },
        { model: "cohere", endpoints: [{ port, backend: "cohere" }], retries: 2 },
        { model: "nobody", endpoints: [{ port, backend: "nobody" }], retries: 2 },
        { model: "dead", endpoints: [{ port: dead, backend: "plain" }] },
        { model: "trailers", endpoints: [{ port: portOf(withTrailers), backend: "plain" }] },
        {
          model: "falls-back",
          retries: 5,
          endpoints: [
            { port: broken.port ?? 0, backend: "renamed" },
            { port: dead, backend: "edited", priority: 1 },
            { port, backend: "azure", priority: 2 },
          ],
        },
      ],
    });
  }, 30_000);

  afterAll(async () => {
    if (!hasEnvoy) return;
    await envoy[Symbol.asyncDispose]();
    await running[Symbol.asyncDispose]();
    withTrailers.close();
    await Promise.all([upstream.server.stop(true), broken.stop(true)]);
  });

  const chat = (
    model: string,
    want = "",
    more: { body?: object; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ) => {
    upstream.seen.length = 0;
    return fetch(`${envoy.url}/v1/chat/completions?trace=1`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-want": want, ...more.headers },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "Hi." }], ...more.body }),
      decompress: false,
      ...(more.signal === undefined ? {} : { signal: more.signal }),
    });
  };

  /** The line of the access log that comes next; those before have been written by now. */
  async function logged(act: () => Promise<unknown>): Promise<{ readonly [name: string]: unknown }> {
    await Bun.sleep(200);
    const before = envoy.accessLog().length;
    await act();
    for (let waited = 0; waited < 10_000; waited += 20) {
      const line = envoy.accessLog()[before];
      if (line !== undefined) return line;
      await Bun.sleep(20);
    }
    throw new Error("nothing was logged");
  }

  const when = (name: string, run: () => Promise<void>, limitMs = 20_000) =>
    test.skipIf(!hasEnvoy)(name, run, limitMs);

  when("an answer passes, and the access log knows what it cost", async () => {
    const line = await logged(async () => {
      const response = await chat("plain");
      expect([response.status, await response.json()]).toEqual([200, completion]);
    });
    expect(line).toMatchObject({
      status: 200,
      backend_name: "plain",
      route_name: "default/route",
      response_model: "gpt-2026",
      model: "plain",
      model_name_override: "plain",
      tokens: 7,
    });
    expect(upstream.seen).toMatchObject([{ path: "/v1/chat/completions" }]);
  });

  when("a body that is replaced has its own length", async () => {
    expect((await chat("renamed")).status).toBe(200);
    const [seen] = upstream.seen;
    expect(JSON.parse(seen?.body ?? "")).toMatchObject({ model: "a-much-longer-model-name" });
    expect(seen?.headers.get("content-length")).toBe(String(seen?.body.length));
    expect(seen?.path).toBe("/other/v1/chat/completions");
  });

  when("headers and body are edited, and forged headers go nowhere", async () => {
    const headers = { "x-drop": "1", "x-ai-eg-upstream-host": "forged", "x-ai-eg-model": "own-key" };
    expect((await chat("edited", "", { headers })).status).toBe(200);
    const [seen] = upstream.seen;
    expect(seen?.headers.get("x-set")).toBe("by backend");
    expect([seen?.headers.has("x-drop"), seen?.headers.has("x-ai-eg-upstream-host")]).toEqual([false, false]);
    expect(seen?.headers.get("x-ai-eg-model")).toBe("edited");
  });

  when("events arrive as they are sent", async () => {
    const response = await chat("plain", "slow-stream", { body: { stream: true } });
    const arrivals: number[] = [];
    for await (const _piece of response.body ?? []) arrivals.push(performance.now());
    expect(arrivals.length).toBeGreaterThanOrEqual(4);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(300);
  });

  when("a stream is counted, and usage that nobody asked for is taken out", async () => {
    const line = await logged(async () => {
      const response = await chat("plain", "stream", { body: { stream: true } });
      expect(await response.text()).toBe(chunk("a") + chunk("b") + done);
    });
    expect(line).toMatchObject({ tokens: 7 });
    expect(upstream.seen[0]?.body).toEndWith('"stream":true,"stream_options":{"include_usage":true}}');
  });

  when("a stream that ends with trailers is counted", async () => {
    const line = await logged(async () => {
      expect(await (await chat("trailers", "", { body: { stream: true } })).text()).toContain("[DONE]");
    });
    expect(line).toMatchObject({ tokens: 7 });
  });

  when("compressed answers are counted and stay compressed", async () => {
    for (const [want, isStream] of [
      ["gzip", false],
      ["gzip-stream", true],
    ] as const) {
      const line = await logged(async () => {
        const response = await chat("plain", want, { body: { stream: isStream } });
        expect(response.headers.get("content-encoding")).toBe("gzip");
        expect(Bun.gunzipSync(await response.bytes()).length).toBeGreaterThan(50);
      });
      expect(line).toMatchObject({ tokens: 7 });
    }
  });

  when("another provider is tried with the client's request", async () => {
    const response = await chat("falls-back");
    expect([response.status, await response.json()]).toEqual([200, completion]);
    const [seen] = upstream.seen;
    expect(seen?.path).toBe("/openai/deployments/falls-back/chat/completions?api-version=2026-01-01");
    expect(JSON.parse(seen?.body ?? "")).toMatchObject({ model: "falls-back" });
    expect([seen?.headers.has("x-set"), seen?.headers.get("content-length")]).toEqual([
      false,
      String(seen?.body.length),
    ]);
  });

  const errors: {
    name: string;
    send: () => Promise<Response>;
    status: number;
    want: object | string;
  }[] = [
    {
      name: "text of the upstream",
      send: () => chat("plain", "text-error"),
      status: 503,
      want: { type: "error", error: { type: "OpenAIBackendError", code: "503", message: "busy" } },
    },
    {
      name: "a missing credential",
      send: () => chat("own-key"),
      status: 401,
      want: { error: { type: "Unauthorized", message: "missing upstream credential" } },
    },
    {
      name: "a pair that nobody translates",
      send: () => chat("cohere"),
      status: 501,
      want: { error: { type: "NotImplemented" } },
    },
    {
      name: "an unknown backend",
      send: () => chat("nobody"),
      status: 500,
      want: { error: { type: "InternalServerError" } },
    },
    { name: "an unknown model", send: () => chat("who"), status: 404, want: { error: { type: "NotFound" } } },
    {
      name: "an unreachable upstream",
      send: () => chat("dead"),
      status: 503,
      want: { error: { type: isOurs ? "BadGateway" : "OpenAIBackendError" } },
    },
    {
      name: "a path that nobody serves",
      send: () => fetch(`${envoy.url}/unknown?q=1`),
      status: 404,
      want: "unsupported path: /unknown?q=1",
    },
    {
      name: "a body that is no JSON",
      send: () => fetch(`${envoy.url}/v1/chat/completions`, { method: "POST", body: "{" }),
      status: 400,
      want: { error: { type: "BadRequest" } },
    },
    {
      name: "no body",
      send: () => fetch(`${envoy.url}/v1/chat/completions`, { method: "POST" }),
      status: 400,
      want: { error: { type: "BadRequest" } },
    },
    {
      name: "a GET",
      send: () => fetch(`${envoy.url}/v1/chat/completions`),
      status: 405,
      want: { error: { type: "MethodNotAllowed" } },
    },
  ];
  test.skipIf(!hasEnvoy).each(errors)(
    "the client is told of $name, and it is counted at most once",
    async ({ send, status, want }) => {
      running.settled.length = 0;
      const response = await send();
      expect(response.status).toBe(status);
      const text = await response.text();
      expect(response.headers.get("content-length")).toBe(String(Buffer.byteLength(text)));
      if (typeof want === "string") expect(text).toBe(want);
      else expect(JSON.parse(text)).toMatchObject(want);
      await Bun.sleep(50);
      expect(running.settled.filter(({ backend }) => backend !== undefined).length).toBeLessThanOrEqual(1);
      expect(running.settled.every(({ isError }) => isError)).toBe(true);
    },
  );

  when("models are listed", async () => {
    const response = await fetch(`${envoy.url}/v1/models`, { headers: { host: "gateway.test:1975" } });
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { object: "list", data: [{ id: "of-host" }] },
    ]);
  });

  when("a client that leaves ends the upstream, and is counted as an error", async () => {
    running.settled.length = 0;
    const abort = new AbortController();
    const response = await chat("plain", "endless", { body: { stream: true }, signal: abort.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    abort.abort();
    await reader?.cancel().catch(() => {});
    for (let waited = 0; upstream.aborted.length === 0 && waited < 5000; waited += 10) await Bun.sleep(10);
    expect(upstream.aborted).toEqual(["endless"]);
    for (let waited = 0; running.settled.length === 0 && waited < 5000; waited += 10) await Bun.sleep(10);
    expect(running.settled).toMatchObject([{ isError: true }]);
  });

  when(
    "megabytes go both ways",
    async () => {
      const content = "y".repeat(8_000_000);
      const response = await chat("renamed", "large", { body: { messages: [{ role: "user", content }] } });
      expect(response.status).toBe(200);
      expect((await response.bytes()).length).toBeGreaterThan(5_000_000);
      expect(upstream.seen[0]?.body.length).toBeGreaterThan(8_000_000);
    },
    30_000,
  );

  when("a body above the limit is refused, where there is one", async () => {
    const content = "y".repeat(11_000_000);
    const response = await chat("plain", "", { body: { messages: [{ role: "user", content }] } });
    expect(response.status).toBe(isOurs ? 413 : 200);
    await response.bytes();
  });

  when(
    "thousands of requests on one connection to the processor all succeed",
    async () => {
      let failed = 0;
      for (let round = 0; round < 50; round += 1) {
        const responses = await Promise.all(Array.from({ length: 24 }, () => chat("plain")));
        for (const response of responses) {
          if (response.status !== 200) failed += 1;
          await response.bytes();
        }
      }
      expect(failed).toBe(0);
      expect(running.processor.requests.size).toBeLessThan(30);
    },
    60_000,
  );
});

/** What a client's call was refused with. */
function raised(call: PromiseLike<unknown>): PromiseLike<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The program itself, with a configuration file and over TCP, and the clients that people use. */
describe("aigw extproc under an Envoy", () => {
  const upstream = new Upstream();
  let child: Bun.Subprocess<"ignore", "ignore", "pipe"> | undefined;
  let envoy: TestEnvoy;
  let adminUrl = "";
  const home = mkdtempSync(join(tmpdir(), "aigw-extproc-"));

  beforeAll(async () => {
    if (!hasEnvoy) return;
    const config = join(home, "config.yaml");
    const backends = ["gpt-x", "claude-x"].map((name) => {
      const schema = name === "gpt-x" ? "{name: OpenAI, prefix: v1}" : "{name: Anthropic}";
      return `  - {name: ${name}, schema: ${schema}, auth: {apiKey: {key: sk-configured}}}`;
    });
    writeFileSync(
      config,
      `version: dev\nbackends:\n${backends.join("\n")}\nglobalLLMRequestCosts: [{metadataKey: tokens, type: TotalToken}]\n`,
    );
    const main = join(import.meta.dir, "../../src/main.ts");
    const words = ["-configPath", config, "-extProcAddr", "127.0.0.1:0", "-adminPort", "0"];
    child = Bun.spawn([process.execPath, main, "extproc", ...words], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    let said = "";
    for await (const piece of child.stderr) {
      said += new TextDecoder().decode(piece);
      if (said.includes("is ready")) break;
    }
    const [, grpc = "", admin = ""] = /grpc=(\S+) admin=(\S+)/.exec(said) ?? [];
    adminUrl = `http://${admin}`;
    const { port } = upstream;
    envoy = await startEnvoy({
      processor: grpc,
      bufferBytes: 200_000,
      routes: ["gpt-x", "claude-x"].map((model) => ({ model, endpoints: [{ port, backend: model }] })),
    });
  }, 30_000);

  afterAll(async () => {
    if (hasEnvoy) await envoy[Symbol.asyncDispose]();
    child?.kill("SIGKILL");
    await child?.exited;
    await upstream.server.stop(true);
    rmSync(home, { recursive: true, force: true });
  });

  test.skipIf(!hasEnvoy)("OpenAI's SDK chats, streams, and raises on errors", async () => {
    const client = new OpenAI({ baseURL: `${envoy.url}/v1`, apiKey: "unused", maxRetries: 0 });
    const messages = [{ role: "user" as const, content: "Hi." }];
    const whole = await client.chat.completions.create({ model: "gpt-x", messages });
    expect(whole.usage?.total_tokens).toBe(7);
    expect(upstream.seen.at(-1)?.headers.get("authorization")).toBe("Bearer sk-configured");
    let text = "";
    const headers = { "x-want": "stream" };
    for await (const event of await client.chat.completions.create(
      { model: "gpt-x", messages, stream: true },
      { headers },
    )) {
      text += event.choices[0]?.delta.content ?? "";
    }
    expect(text).toBe("ab");
    const error = await raised(client.chat.completions.create({ model: "nobody", messages }));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    const busy = { headers: { "x-want": "text-error" } };
    expect(
      String(await raised(client.chat.completions.create({ model: "gpt-x", messages }, busy))),
    ).toContain("busy");
  });

  test.skipIf(!hasEnvoy)("Anthropic's SDK raises on errors of the gateway", async () => {
    const client = new Anthropic({ baseURL: `${envoy.url}/anthropic`, apiKey: "unused", maxRetries: 0 });
    const messages = [{ role: "user" as const, content: "Hi." }];
    const error = await raised(client.messages.create({ model: "nobody", max_tokens: 1, messages }));
    expect(error).toBeInstanceOf(Anthropic.NotFoundError);
    await client.messages.create({ model: "claude-x", max_tokens: 1, messages });
    expect(upstream.seen.at(-1)?.path).toBe("/v1/messages");
  });

  test.skipIf(!hasEnvoy)("a body above Envoy's buffer is refused in the client's shape", async () => {
    const body = JSON.stringify({
      model: "gpt-x",
      messages: [{ role: "user", content: "z".repeat(600_000) }],
    });
    const response = await fetch(`${envoy.url}/v1/chat/completions`, { method: "POST", body });
    expect([response.status, await response.json()]).toMatchObject([
      413,
      { error: { type: "PayloadTooLarge" } },
    ]);
  });

  test.skipIf(!hasEnvoy)("metrics count what went by", async () => {
    const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
    expect(metrics).toMatch(
      /gen_ai_server_request_duration_seconds_count\{[^}]*gen_ai_request_model="gpt-x"[^}]*\} [1-9]/,
    );
  });
});
