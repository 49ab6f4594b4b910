import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { HttpHandler, HttpServer, Runtime, UpstreamInit, UpstreamTlsOptions } from "./runtime.ts";

/** One promise of `Runtime`, checked the same way under every runtime. */
export interface RuntimeCase {
  readonly name: string;
  /** Runtimes that cannot; they must say so with an error that contains the word. */
  readonly unsupported?: { readonly deno: string };
  check(runtime: Runtime): Promise<void>;
}

const fixture = (name: string) => readFileSync(join(import.meta.dirname ?? ".", "fixtures", name), "utf8");
const ca = [fixture("ca.pem")];
const text = Buffer.from(new TextEncoder().encode("hello"));

const plain: UpstreamInit = {
  method: "GET",
  headers: new Headers(),
  body: undefined,
  signal: new AbortController().signal,
  unix: undefined,
  tls: undefined,
};

export const runtimeCases: readonly RuntimeCase[] = [
  {
    name: "serves on a free port and knows the client's address",
    check: (runtime) =>
      serving(
        runtime,
        (_request, connection) => new Response(connection.remoteAddress()),
        async (url) => {
          assert.equal(await (await runtime.fetch(url, plain)).text(), "127.0.0.1");
        },
      ),
  },
  {
    name: "throws EADDRINUSE when the port is taken",
    check: (runtime) =>
      serving(
        runtime,
        () => new Response(),
        async (url) => {
          const port = Number(new URL(url).port);
          const serve = () =>
            runtime.serve({ host: "127.0.0.1", port, maxBodyBytes: 1 }, () => new Response());
          assert.throws(serve, { code: "EADDRINUSE" });
        },
      ),
  },
  {
    name: "answers 500 without a word of an error that a handler throws",
    check: (runtime) =>
      serving(
        runtime,
        () => Promise.reject(new Error("sk-secret")),
        async (url) => {
          const response = await runtime.fetch(url, plain);
          assert.equal(response.status, 500);
          assert.equal(await response.text(), "internal error\n");
        },
      ),
  },
  {
    name: "answers 413 to a body above its limit and takes one at the limit",
    check: (runtime) =>
      serving(
        runtime,
        async (request) => new Response(String((await request.bytes()).length)),
        async (url) => {
          const post = (bytes: number) =>
            runtime.fetch(url, { ...plain, method: "POST", body: new Uint8Array(bytes) });
          assert.equal(await (await post(1024)).text(), "1024");
          assert.equal((await post(1025)).status, 413);
        },
      ),
  },
  {
    name: "stops when open streams are done, and takes no new connection meanwhile",
    check: async (runtime) => {
      const stream = controlledStream();
      const server = serveOn(runtime, () => new Response(stream.body));
      const url = `http://127.0.0.1:${server.port}/`;
      const response = await runtime.fetch(url, plain);
      const stopped = server.stop();
      assert.equal(await isRefused(server.port), true);
      stream.finish("the end");
      assert.equal(await response.text(), "begun, the end");
      await stopped;
    },
  },
  {
    name: "cuts open streams when killed",
    check: async (runtime) => {
      const server = serveOn(runtime, () => new Response(controlledStream().body));
      const response = await runtime.fetch(`http://127.0.0.1:${server.port}/`, plain);
      await server.kill();
      await assert.rejects(response.text());
    },
  },
  {
    name: "tells the handler when the client has left",
    check: async (runtime) => {
      const { promise: left, resolve: leave } = Promise.withResolvers<void>();
      const handle: HttpHandler = (request) => {
        request.signal.addEventListener("abort", () => leave());
        return new Response(controlledStream().body);
      };
      await serving(runtime, handle, async (url) => {
        const abort = new AbortController();
        const response = await runtime.fetch(url, { ...plain, signal: abort.signal });
        abort.abort();
        await assert.rejects(response.text());
        await left;
      });
    },
  },
  {
    name: "hands a redirect over instead of following it",
    check: (runtime) =>
      upstream(
        (_request, response) => void response.writeHead(307, { location: "/elsewhere" }).end(),
        async (url) => {
          const response = await runtime.fetch(url, plain);
          assert.equal(response.status, 307);
          assert.equal(response.headers.get("location"), "/elsewhere");
        },
      ),
  },
  {
    name: "sends method, path with query, own Host, own User-Agent and body as they are",
    check: (runtime) =>
      upstream(echo, async (url) => {
        const headers = new Headers({ host: "up.example.com", "user-agent": "me/1", "x-one": "1" });
        const init = { ...plain, method: "PUT", headers, body: new TextEncoder().encode("body") };
        const seen = await (await runtime.fetch(`${url}a%2Fb?c=d&c=%20`, init)).json();
        assert.equal(seen.line, "PUT /a%2Fb?c=d&c=%20");
        assert.equal(seen.body, "body");
        assert.equal(seen.headers.host, "up.example.com");
        assert.equal(seen.headers["user-agent"], "me/1");
        assert.equal(seen.headers["x-one"], "1");
      }),
  },
  {
    name: "never leaves a compressed body with headers that lie about it",
    check: (runtime) =>
      upstream(
        (_request, response) =>
          void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(text)),
        async (url) => {
          const response = await runtime.fetch(url, plain);
          const body = Buffer.from(await response.bytes());
          const isCoded = response.headers.has("content-encoding");
          assert.deepEqual(body, isCoded ? gzipSync(text) : text);
        },
      ),
  },
  {
    name: "gives up at once when its signal says so, before the head arrives",
    check: (runtime) =>
      upstream(
        () => {},
        async (url) => {
          const abort = new AbortController();
          const answer = runtime.fetch(url, { ...plain, signal: abort.signal });
          setTimeout(() => abort.abort(), 10);
          await assert.rejects(answer, { name: "AbortError" });
        },
      ),
  },
  {
    name: "asks the proxy that is named, and tells it the whole URL",
    check: (runtime) =>
      upstream(
        (request, response) => void response.end(request.url),
        async (proxy) => {
          const answer = await runtime.fetch("http://upstream.example.com/a?b", { ...plain, proxy });
          assert.equal(await answer.text(), "http://upstream.example.com/a?b");
        },
      ),
  },
  {
    name: "reaches an upstream on a unix socket",
    check: async (runtime) => {
      const directory = mkdtempSync(join(tmpdir(), "aigw-runtime-"));
      const unix = join(directory, "up.sock");
      const server = createServer(echo);
      await new Promise<void>((resolve) => server.listen(unix, resolve));
      const response = await runtime.fetch("http://up.example.com/x", { ...plain, unix });
      assert.equal((await response.json()).headers.host, "up.example.com");
      await closed(server);
      rmSync(directory, { recursive: true });
    },
  },
  {
    name: "trusts the given CA, for an IP address in the certificate",
    check: (runtime) => tlsFetch(runtime, "loopback", { ca }),
  },
  {
    name: "trusts nobody's private CA by default",
    check: (runtime) => assert.rejects(tlsFetch(runtime, "loopback", {})),
  },
  {
    name: "refuses a trusted certificate for another name",
    check: (runtime) => assert.rejects(tlsFetch(runtime, "up.example.com", { ca })),
  },
  {
    name: "checks the certificate against the server name",
    unsupported: { deno: "server name" },
    check: (runtime) => tlsFetch(runtime, "up.example.com", { ca, serverName: "up.example.com" }),
  },
  {
    name: "takes any certificate when told to",
    unsupported: { deno: "without verification" },
    check: (runtime) => tlsFetch(runtime, "up.example.com", { isInsecure: true }),
  },
  ...nameCases(),
];

function nameCases(): RuntimeCase[] {
  const table = [
    { names: [{ type: "dns", value: "up.example.com" }], isAccepted: true },
    { names: [{ type: "dns", value: "other.example.com" }], isAccepted: false },
    {
      names: [
        { type: "dns", value: "other.example.com" },
        { type: "uri", value: "spiffe://x/y" },
      ],
      isAccepted: true,
    },
    { names: [{ type: "uri", value: "spiffe://x" }], isAccepted: false },
    { names: [{ type: "ip", value: "127.0.0.1" }], isAccepted: false },
  ] as const;
  return table.map(({ names, isAccepted }) => ({
    name: `${isAccepted ? "accepts" : "refuses"} a certificate for up.example.com where ${JSON.stringify(names)} is wanted`,
    unsupported: { deno: "subject alternative names" },
    check: (runtime) => {
      const answer = tlsFetch(runtime, "up.example.com", { ca, names });
      return isAccepted ? answer : assert.rejects(answer, isForAnotherName);
    },
  }));
}

/** Throws what is something else, so that a runtime's own refusal stays readable. */
function isForAnotherName(error: NodeJS.ErrnoException): true {
  if (error.code !== "ERR_TLS_CERT_ALTNAME_INVALID") throw error;
  return true;
}

function serveOn(runtime: Runtime, handle: HttpHandler): HttpServer {
  return runtime.serve({ host: "127.0.0.1", port: 0, maxBodyBytes: 1024 }, handle);
}

async function serving(
  runtime: Runtime,
  handle: HttpHandler,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = serveOn(runtime, handle);
  try {
    await use(`http://127.0.0.1:${server.port}/`);
  } finally {
    await server.kill();
  }
}

async function upstream(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    await closed(server);
  }
}

async function tlsFetch(runtime: Runtime, certificate: string, tls: UpstreamTlsOptions): Promise<void> {
  const pair = { cert: fixture(`${certificate}.pem`), key: fixture(`${certificate}.key`) };
  const server = createTlsServer(pair, (_request, response) => void response.end("secure"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    for (let round = 0; round < 2; round++) {
      assert.equal(await (await runtime.fetch(url, { ...plain, tls })).text(), "secure");
    }
  } finally {
    await closed(server);
  }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

const echo: RequestListener = (request, response) => {
  let body = "";
  request.on("data", (piece) => {
    body += String(piece);
  });
  request.on("end", () => {
    response.end(
      JSON.stringify({ line: `${request.method} ${request.url}`, headers: request.headers, body }),
    );
  });
};

/** A body that has begun, since Bun sends a head only with the first byte of its body, and waits for its end. */
function controlledStream(): { body: ReadableStream<Uint8Array>; finish(text: string): void } {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
      given.enqueue(new TextEncoder().encode("begun, "));
    },
  });
  return {
    body,
    finish(text) {
      controller?.enqueue(new TextEncoder().encode(text));
      controller?.close();
    },
  };
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.on("connect", () => resolve(false));
    socket.on("error", () => resolve(true));
  });
}
