import { constants } from "node:crypto";
import { checkNames } from "./certificate-names.ts";
import { becomeGuarded, guardedCommand } from "./guarded-child.ts";
import type {
  Connection,
  HttpHandler,
  HttpServer,
  RedisConnection,
  Runtime,
  ServeOptions,
  ServerTlsOptions,
  UpstreamInit,
  UpstreamTlsOptions,
} from "./runtime.ts";

export function createBunRuntime(): Runtime {
  return {
    name: "bun",
    version: Bun.version,
    restartForLimits,
    guarded: (command) => guardedCommand(command, Bun.isStandaloneExecutable),
    becomeGuarded: () => becomeGuarded(process.argv.slice(2)),
    // A compiled executable has them at the same place: its own name stands for the script.
    arguments: process.argv.slice(2),
    serve,
    fetch: fetchUpstream,
    connectRedis: (url) => new BunRedis(url),
  };
}

function restartForLimits(): void {
  const wanted = startUpSettings(process.env);
  const isAsWanted = Object.entries(wanted).every(([name, value]) => process.env[name] === value);
  if (isAsWanted || process.execve === undefined) return;
  const own = Bun.isStandaloneExecutable
    ? process.argv.slice(2)
    : [...process.execArgv, ...process.argv.slice(1)];
  try {
    process.execve(process.execPath, [process.execPath, ...own], { ...process.env, ...wanted });
  } catch {
    // Where a process may not replace itself (a sandbox), the gateway still works, within Bun's own limits.
  }
}

/**
 * What Bun reads from the environment before any code runs, as a gateway needs it.
 *
 * - Without the first, the 257th request to an upstream waits for one of the others to end.
 * - Requests to this machine never go through a proxy, as with Go's and Python's clients; a model on `localhost`
 *   would be looked for on the proxy's machine. Bun prefers the lower-case name.
 */
export function startUpSettings(environment: NodeJS.ProcessEnv): { [name: string]: string } {
  const settings = { BUN_CONFIG_MAX_HTTP_REQUESTS: environment["BUN_CONFIG_MAX_HTTP_REQUESTS"] || "65535" };
  if (!proxyVariables.some((name) => environment[name])) return settings;
  const direct = environment["no_proxy"] ?? environment["NO_PROXY"] ?? "";
  const missing = ["localhost", "127.0.0.1", "[::1]"].filter((host) => !direct.split(",").includes(host));
  return { ...settings, no_proxy: [direct, ...missing].filter((part) => part !== "").join(",") };
}

const proxyVariables = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/** Nothing waits in a queue for a server that is away: what would be sent later would count what is long over. */
class BunRedis implements RedisConnection {
  readonly #client: Bun.RedisClient;
  #connecting: Promise<void> | undefined;

  constructor(url: string) {
    this.#client = new Bun.RedisClient(url, { enableOfflineQueue: false, autoReconnect: false });
  }

  async send(command: string, args: string[]): Promise<unknown> {
    if (!this.#client.connected) {
      this.#connecting ??= this.#client.connect().finally(() => {
        this.#connecting = undefined;
      });
      await this.#connecting;
    }
    return this.#client.send(command, args);
  }

  close(): void {
    this.#client.close();
  }
}

class BunConnection implements Connection {
  readonly #server: Bun.Server<undefined>;
  readonly #request: Request;

  constructor(server: Bun.Server<undefined>, request: Request) {
    this.#server = server;
    this.#request = request;
  }

  remoteAddress(): string | undefined {
    return this.#server.requestIP(this.#request)?.address;
  }

  allowSilence(): void {
    this.#server.timeout(this.#request, 0);
  }
}

function serve(options: ServeOptions, handle: HttpHandler): HttpServer {
  const handlers = {
    fetch: (request: Request, server: Bun.Server<undefined>) =>
      handle(request, new BunConnection(server, request)),
    // Handlers catch what can go wrong; what still arrives here may quote anything, so nothing of it goes out.
    error: () => new Response("internal error\n", { status: 500 }),
  };
  const common = { maxRequestBodySize: options.maxBodyBytes, development: false, ...handlers } as const;
  // Bun's own default of 10 s would cut off a model that thinks.
  const idleTimeout = Math.min(Math.ceil((options.idleTimeoutMs ?? 0) / 1000), 255);
  const server =
    options.unix === undefined
      ? Bun.serve({
          ...common,
          hostname: options.host,
          port: options.port,
          reusePort: false,
          idleTimeout,
          ...(options.tls !== undefined && { tls: listServerTls(options.tls) }),
        })
      : // It holds for sockets as well, whatever Bun's types say.
        Bun.serve({ ...common, unix: options.unix, ...({ idleTimeout } as object) });
  return {
    port: server.port ?? options.port,
    setTls: (tls) => void server.reload({ ...handlers, tls: listServerTls(tls) }),
    stop: () => server.stop(),
    kill: () => server.stop(true),
  };
}

const versionFlags = {
  "1.0": constants.SSL_OP_NO_TLSv1,
  "1.1": constants.SSL_OP_NO_TLSv1_1,
  "1.2": constants.SSL_OP_NO_TLSv1_2,
  "1.3": constants.SSL_OP_NO_TLSv1_3,
} as const;

/** Bun wants a name for each; the first is also what everybody gets who asks for none of them. */
function listServerTls(tls: readonly ServerTlsOptions[]): Bun.TLSOptions[] {
  const unnamed = tls.filter(({ serverName }) => serverName === undefined).slice(0, 1);
  const named = tls.filter(({ serverName }) => serverName !== undefined);
  return [...unnamed, ...named].map((one) => ({ serverName: "unnamed.invalid", ...writeServerTls(one) }));
}

function writeServerTls(options: ServerTlsOptions): Bun.TLSOptions {
  const { serverName, chain, key, minVersion, maxVersion, clientAuthorities } = options;
  const unwanted = Object.entries(versionFlags).filter(
    ([version]) => version < minVersion || version > maxVersion,
  );
  return {
    ...(serverName !== undefined && { serverName }),
    cert: chain,
    key,
    secureOptions: unwanted.reduce((flags, [, flag]) => flags | flag, 0),
    ...(clientAuthorities !== undefined && {
      ca: [...clientAuthorities],
      requestCert: true,
      rejectUnauthorized: true,
    }),
  };
}

function fetchUpstream(url: string, init: UpstreamInit): Promise<Response> {
  const options: BunFetchRequestInit = {
    method: init.method,
    headers: init.headers,
    // A view of a shared buffer cannot come from here; the web's types want that said.
    body: (init.body ?? null) as Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null,
    signal: init.signal,
    redirect: "manual",
    decompress: false,
    timeout: false,
  };
  if (init.unix !== undefined) options.unix = init.unix;
  if (init.proxy !== undefined) options.proxy = init.proxy;
  if (init.tls !== undefined) options.session = sessionOf(init.tls);
  return fetch(url, options);
}

const sessions = new WeakMap<UpstreamTlsOptions, Bun.FetchSession>();

/** With options on the request itself a check of names would cost a new connection each time. */
function sessionOf(tls: UpstreamTlsOptions): Bun.FetchSession {
  let session = sessions.get(tls);
  if (session === undefined) {
    session = new Bun.FetchSession({ tls: writeTls(tls) });
    sessions.set(tls, session);
  }
  return session;
}

function writeTls(options: UpstreamTlsOptions): BunFetchRequestInitTLS {
  const { ca, cert, key, serverName, isInsecure, names } = options;
  return {
    ...(ca !== undefined && { ca: [...ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { serverName }),
    rejectUnauthorized: isInsecure !== true,
    ...(names !== undefined && names.length > 0 && { checkServerIdentity: checkNames(names) }),
  };
}
