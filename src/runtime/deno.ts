import process from "node:process";
import type {
  Connection,
  HttpHandler,
  HttpServer,
  Runtime,
  ServeOptions,
  UpstreamInit,
  UpstreamTlsOptions,
} from "./runtime.ts";

type HttpClient = { readonly client: "Deno.HttpClient" };
interface ServeInfo {
  readonly remoteAddr: { readonly hostname?: string };
}
interface DenoServer {
  readonly addr: { readonly port: number };
  readonly finished: Promise<void>;
  shutdown(): Promise<void>;
}

/** The part of Deno's API that is used here; Bun's types do not know it. */
declare const Deno: {
  readonly version: { readonly deno: string };
  readonly args: readonly string[];
  createHttpClient(options: {
    readonly allowHost: boolean;
    readonly http2: boolean;
    readonly caCerts?: readonly string[];
    readonly proxy?: { readonly transport: "unix"; readonly path: string } | { readonly url: string };
  }): HttpClient;
  serve(
    options: {
      readonly hostname?: string;
      readonly port?: number;
      readonly path?: string;
      readonly signal: AbortSignal;
      readonly onListen: () => void;
      readonly onError: () => Response;
    },
    handle: (request: Request, info: ServeInfo) => Response | Promise<Response>,
  ): DenoServer;
};

/** Deno has no limit on requests to lift, cannot check other names than the server's, and always checks. */
export function createDenoRuntime(): Runtime {
  return {
    name: "deno",
    version: Deno.version.deno,
    restartForLimits: () => {},
    // Deno cannot become another program; what is left over is ended by the next run.
    guarded: (command) => command,
    becomeGuarded: () => Promise.resolve(),
    arguments: process.argv.slice(2),
    serve,
    fetch: fetchUpstream,
  };
}

class DenoConnection implements Connection {
  readonly #info: ServeInfo;

  constructor(info: ServeInfo) {
    this.#info = info;
  }

  remoteAddress(): string | undefined {
    return this.#info.remoteAddr.hostname;
  }

  /** Deno never closes a connection for its silence. */
  allowSilence(): void {}
}

/** Deno has one certificate for a socket, and asks clients for none. */
function writeServerTls(tls: ServeOptions["tls"]): { readonly cert?: string; readonly key?: string } {
  const [only, ...others] = tls ?? [];
  if (only === undefined) return {};
  if (others.length > 0 || only.clientAuthorities !== undefined)
    throw new Error("several certificates, and certificates of clients, need aigw on Bun");
  return { cert: only.chain, key: only.key };
}

function serve(options: ServeOptions, handle: HttpHandler): HttpServer {
  const abort = new AbortController();
  const server = Deno.serve(
    {
      ...(options.unix === undefined
        ? { hostname: options.host, port: options.port }
        : { path: options.unix }),
      signal: abort.signal,
      ...writeServerTls(options.tls),
      onListen: () => {},
      onError: () => new Response("internal error\n", { status: 500 }),
    },
    (request, info) => {
      if (Number(request.headers.get("content-length") ?? 0) > options.maxBodyBytes) {
        return new Response(null, { status: 413 });
      }
      return handle(request, new DenoConnection(info));
    },
  );
  return {
    port: server.addr.port,
    setTls() {
      throw new Error("Deno cannot change certificates of an open socket; restart aigw");
    },
    stop: () => server.shutdown(),
    kill: () => {
      abort.abort();
      return server.finished;
    },
  };
}

async function fetchUpstream(url: string, init: UpstreamInit): Promise<Response> {
  const options: RequestInit & { client: HttpClient } = {
    method: init.method,
    headers: init.headers,
    body: (init.body ?? null) as Uint8Array<ArrayBuffer> | null,
    signal: init.signal,
    redirect: "manual",
    client: clientFor(url, init),
  };
  const response = await fetch(url, options);
  const encoding = response.headers.get("content-encoding");
  return encoding === "gzip" || encoding === "br" ? withoutEncoding(response) : response;
}

/** Deno has decoded the body but left the headers that describe it as it came. */
function withoutEncoding(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

const plainClient = lazily(() => Deno.createHttpClient({ allowHost: true, http2: false }));
const tlsClients = new WeakMap<UpstreamTlsOptions, HttpClient>();
const unixClients = new Map<string, HttpClient>();
const proxyClients = new Map<string, HttpClient>();

function clientFor(url: string, { unix, tls, proxy: proxyUrl }: UpstreamInit): HttpClient {
  if (tls !== undefined) return remember(tlsClients, tls, () => createTlsClient(url, tls, unix));
  if (proxyUrl !== undefined) {
    const options = { allowHost: true, http2: false, proxy: { url: proxyUrl } };
    return remember(proxyClients, proxyUrl, () => Deno.createHttpClient(options));
  }
  if (unix === undefined) return plainClient();
  const proxy = { transport: "unix", path: unix } as const;
  return remember(unixClients, unix, () => Deno.createHttpClient({ allowHost: true, http2: false, proxy }));
}

function createTlsClient(url: string, tls: UpstreamTlsOptions, unix: string | undefined): HttpClient {
  const { ca, serverName, isInsecure, names } = tls;
  const unsupported = [
    unix !== undefined && "TLS over unix sockets",
    serverName !== undefined &&
      serverName !== new URL(url).hostname &&
      "another TLS server name than the URL's host",
    isInsecure === true && "TLS without verification",
    names !== undefined && names.length > 0 && "subject alternative names",
  ].filter((feature) => feature !== false);
  if (unsupported.length > 0) throw new Error(`not available under Deno: ${unsupported.join(", ")}; use Bun`);
  return Deno.createHttpClient({ allowHost: true, http2: false, ...(ca !== undefined && { caCerts: ca }) });
}

function remember<K, V>(
  known: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  create: () => V,
): V {
  const value = known.get(key) ?? create();
  known.set(key, value);
  return value;
}

function lazily<T>(create: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= create());
}
