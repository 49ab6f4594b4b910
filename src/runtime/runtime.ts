/** All that aigw asks of its runtime beyond web standards and `node:` modules. */
export interface Runtime {
  readonly name: "bun" | "deno";
  /** Runtime's own version, for `aigw.log`. */
  readonly version: string;
  /**
   * Replaces this process by itself where limits are read only at start-up; returns where nothing is to be done.
   * Bun reads its limit of concurrent `fetch` calls from the environment once, before any code runs.
   */
  restartForLimits(): void;
  /**
   * The command line that runs `command` as a child that cannot outlive this process, however that ends; where the
   * system or the runtime cannot promise it, `command` itself.
   */
  guarded(command: readonly string[]): readonly string[];
  /** First thing in the program: becomes another one if `guarded` started it for that, and returns otherwise. */
  becomeGuarded(): Promise<void>;
  /** Arguments of the program, without runtime and script. */
  readonly arguments: readonly string[];
  /** Binds at once; throws the system's error (with `code`) if the port cannot be had. */
  serve(options: ServeOptions, handle: HttpHandler): HttpServer;
  /**
   * Starts a request to an upstream and resolves with its head. Never follows redirects, never decodes bodies
   * (Deno decodes and drops the header), never gives up by itself. A missing `user-agent` or `accept` is filled in
   * by the runtime; GET and HEAD cannot have a body.
   */
  fetch(url: string, init: UpstreamInit): Promise<Response>;
  /** Connects when first used, and again by itself; absent where the runtime has no client of its own. */
  connectRedis?(url: string): RedisConnection;
}

export interface RedisConnection {
  send(command: string, args: string[]): Promise<unknown>;
  close(): void;
}

export interface ServeOptions {
  readonly host: string;
  /** 0 is any free port. */
  readonly port: number;
  /** Path of a socket to listen on instead of host and port; what is there is removed first by whoever asks. */
  readonly unix?: string;
  /** Above it the server itself answers 413; set it well above what the handler refuses. */
  readonly maxBodyBytes: number;
  /**
   * Connections that are silent for so long are closed, in the middle of an answer too unless it has asked for
   * `allowSilence`. Coarse, at most 255 s; absent: never, and a client that vanished keeps its connection for ever.
   */
  readonly idleTimeoutMs?: number;
  /** Clients speak TLS; the entry for the name that they ask for counts, else the one without a name, else the first. */
  readonly tls?: readonly ServerTlsOptions[];
}

export interface ServerTlsOptions {
  /** Absent: every other. */
  readonly serverName?: string;
  /** PEM. */
  readonly chain: string;
  readonly key: string;
  readonly minVersion: "1.0" | "1.1" | "1.2" | "1.3";
  readonly maxVersion: "1.0" | "1.1" | "1.2" | "1.3";
  /** PEM of the authorities that a client's certificate must be of. */
  readonly clientAuthorities?: readonly string[];
}

export type HttpHandler = (request: Request, connection: Connection) => Response | Promise<Response>;

/** Facts of the client's connection, asked only when somebody wants them. */
export interface Connection {
  /** IP address without port; `undefined` once the answer is over. */
  remoteAddress(): string | undefined;
  /** For an answer that may take longer than `idleTimeoutMs` to begin or to go on. Holds for the connection's life. */
  allowSilence(): void;
}

export interface HttpServer {
  readonly port: number;
  /** New connections are met with these; only for a server that was opened with some. */
  setTls(tls: readonly ServerTlsOptions[]): void;
  /** No new connections; resolves when the open requests are done. */
  stop(): Promise<void>;
  /** Closes everything at once. */
  kill(): Promise<void>;
}

export interface UpstreamInit {
  readonly method: string;
  /** A plain object with lower-case names is quickest. */
  readonly headers: Headers | { readonly [name: string]: string };
  /** A stream goes on as it comes, without a length. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined;
  readonly signal: AbortSignal;
  /** Path of a unix socket to connect to instead of the URL's host. */
  readonly unix: string | undefined;
  /** URL of an HTTP proxy, instead of the one that the environment names. */
  readonly proxy?: string | undefined;
  /** Keep one object an upstream: connections are shared by it. */
  readonly tls: UpstreamTlsOptions | undefined;
}

export interface UpstreamTlsOptions {
  /** PEM; absent means the system's. */
  readonly ca?: readonly string[];
  /** PEM of the certificate that this side shows, and of its key. */
  readonly cert?: string;
  readonly key?: string;
  /** Name for SNI and for the check of the certificate; absent: the URL's host. */
  readonly serverName?: string;
  readonly isInsecure?: boolean;
  /** Names the certificate must carry one of, instead of the server name. */
  readonly names?: readonly { readonly type: "dns" | "ip" | "uri"; readonly value: string }[];
}
