import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { HttpHandler, HttpServer, Runtime } from "../runtime/index.ts";
import type { Logger } from "../telemetry/logger.ts";

export interface AdminOptions {
  readonly runtime: Runtime;
  /** IP address to bind; absent: all interfaces. */
  readonly host: string | undefined;
  /** 0 is any free port. */
  readonly port: number;
  readonly log: Logger;
  /** What keeps the gateway from being healthy; `undefined` when nothing does. */
  problem(): string | undefined | Promise<string | undefined>;
  /** What is wrong and keeps the gateway from nothing: lines that follow the `OK`. */
  notes?(): readonly string[];
  /** `LIVE` while requests are taken, else a word for what it is doing. */
  state(): string;
  /** Prometheus text; `accept` is what the scraper asked for. */
  metrics(accept: string | null): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface AdminServer {
  readonly port: number;
  /** `host:port` under which this machine reaches it. */
  readonly address: string;
  stop(): Promise<void>;
}

/** `message` names the address and the flag that changes it. */
export class AdminFailure extends Error {
  override readonly name = "AdminFailure";
}

/** Binds at once. Throws `AdminFailure`. Nothing secret is ever served here: there is no authentication. */
export function startAdminServer(options: AdminOptions): AdminServer {
  const server = bind(options, (request) => answer(request, options));
  const host = options.host === undefined || anyAddress.has(options.host) ? "127.0.0.1" : options.host;
  return {
    port: server.port,
    address: `${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    stop: () => server.kill(),
  };
}

const compress = promisify(gzip);

const anyAddress = new Set(["0.0.0.0", "::"]);
/** Scrapers keep their connections between two rounds; others have no reason to. */
const limits = { maxBodyBytes: 64 * 1024, idleTimeoutMs: 120_000 };

function bind({ runtime, host, port }: AdminOptions, handle: HttpHandler): HttpServer {
  const serve = (host: string) => runtime.serve({ host, port, ...limits }, handle);
  try {
    return serve(host ?? "::");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (host !== undefined || code === "EADDRINUSE" || code === "EACCES") throw explain(error, host, port);
  }
  // A machine without IPv6 cannot bind "all interfaces" of both families at once.
  try {
    return serve("0.0.0.0");
  } catch (error) {
    throw explain(error, host, port);
  }
}

function explain(error: unknown, host: string | undefined, port: number): AdminFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") {
    return new AdminFailure(
      `admin port ${port} is already in use; choose another with --admin-port (0 is any free one)`,
    );
  }
  if (code === "EACCES") {
    return new AdminFailure(`admin port ${port} needs more rights; choose one above 1023 with --admin-port`);
  }
  return new AdminFailure(
    `cannot bind the admin server to ${host ?? ""}:${port} (--admin-address, --admin-port): ${message}`,
  );
}

async function answer(request: Request, options: AdminOptions): Promise<Response> {
  switch (new URL(request.url).pathname) {
    case "/health": {
      const problem = await options.problem();
      if (problem !== undefined) return text(500, `${problem}\n`);
      return text(200, ["OK", ...(options.notes?.() ?? []), ""].join("\n"));
    }
    case "/ready": {
      const state = options.state();
      return text(state === "LIVE" ? 200 : 503, `${state}\n`);
    }
    case "/metrics":
      return writeMetrics(request, options);
    default:
      return text(404, "not found\n");
  }
}

/** Compressed where the scraper takes that: series are many and much alike. */
async function writeMetrics({ headers }: Request, { metrics, log }: AdminOptions): Promise<Response> {
  try {
    const { contentType, body } = await metrics(headers.get("accept"));
    const isCompressed = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/i.test(headers.get("accept-encoding") ?? "");
    const answer = { "content-type": contentType, vary: "accept, accept-encoding" };
    if (!isCompressed) return new Response(body, { headers: answer });
    const bytes: Uint8Array<ArrayBuffer> = new Uint8Array(await compress(body));
    return new Response(bytes, { headers: { ...answer, "content-encoding": "gzip" } });
  } catch (error) {
    log.error("Metrics cannot be written", { error: String(error) });
    return text(500, "metrics cannot be written, see the log\n");
  }
}

function text(status: number, body: string): Response {
  return new Response(body, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
