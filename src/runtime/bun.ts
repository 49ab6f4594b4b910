import { checkNames } from "./certificate-names.ts";
import type {
  Connection,
  HttpHandler,
  HttpServer,
  Runtime,
  ServeOptions,
  UpstreamInit,
  UpstreamTlsOptions,
} from "./runtime.ts";

/** Requests to upstreams at once; without it Bun lets the 257th wait for one of the others to end. */
const maxRequests = { variable: "BUN_CONFIG_MAX_HTTP_REQUESTS", value: "65535" } as const;

export function createBunRuntime(): Runtime {
  return {
    name: "bun",
    version: Bun.version,
    restartForLimits,
    // A compiled executable has them at the same place: its own name stands for the script.
    arguments: process.argv.slice(2),
    serve,
    fetch: fetchUpstream,
  };
}

function restartForLimits(): void {
  if (process.env[maxRequests.variable] !== undefined || process.execve === undefined) return;
  const own = Bun.isStandaloneExecutable
    ? process.argv.slice(2)
    : [...process.execArgv, ...process.argv.slice(1)];
  const environment = { ...process.env, [maxRequests.variable]: maxRequests.value };
  try {
    process.execve(process.execPath, [process.execPath, ...own], environment);
  } catch {
    // Where a process may not replace itself (a sandbox), the gateway still works, with Bun's own limit.
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
}

function serve(options: ServeOptions, handle: HttpHandler): HttpServer {
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    // Models think for minutes: silence is ended by the engine's timers, not by the socket.
    idleTimeout: 0,
    maxRequestBodySize: options.maxBodyBytes,
    reusePort: false,
    development: false,
    fetch: (request, server) => handle(request, new BunConnection(server, request)),
    // Handlers catch what can go wrong; what still arrives here may quote anything, so nothing of it goes out.
    error: () => new Response("internal error\n", { status: 500 }),
  });
  return {
    port: server.port ?? options.port,
    stop: () => server.stop(),
    kill: () => server.stop(true),
  };
}

function fetchUpstream(url: string, init: UpstreamInit): Promise<Response> {
  const options: BunFetchRequestInit = {
    method: init.method,
    headers: init.headers,
    // A view of a shared buffer cannot come from here; the web's types want that said.
    body: (init.body ?? null) as Uint8Array<ArrayBuffer> | null,
    signal: init.signal,
    redirect: "manual",
    decompress: false,
    timeout: false,
  };
  if (init.unix !== undefined) options.unix = init.unix;
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

function writeTls({ ca, serverName, isInsecure, names }: UpstreamTlsOptions): BunFetchRequestInitTLS {
  return {
    ...(ca !== undefined && { ca: [...ca] }),
    ...(serverName !== undefined && { serverName }),
    rejectUnauthorized: isInsecure !== true,
    ...(names !== undefined && names.length > 0 && { checkServerIdentity: checkNames(names) }),
  };
}
