import type { Exchange } from "../../exchange/exchange.ts";
import type { Settled } from "../../exchange/settled.ts";
import type { HeaderView } from "../../model/headers.ts";
import type { Timeouts } from "../../model/route.ts";
import {
  type AccessRequest,
  type HeaderChange,
  type Identity,
  nobody,
} from "../../policy/access/admission.ts";
import { clientAddress } from "../../policy/access/client-address.ts";
import type { CircuitBreaker } from "../../policy/upstream/breaker.ts";
import type { HashFacts } from "../../policy/upstream/hash.ts";
import type { Host } from "../../policy/upstream/host.ts";
import type { Connection } from "../../runtime/runtime.ts";
import type { RequestRecord } from "../../telemetry/request-record.ts";
import type { Visitor } from "../admit.ts";
import type { Pass } from "../traffic/guard.ts";
import type { EmbeddedTwin, PreparedRef, PreparedRoute } from "./prepare.ts";
import type { UpstreamEndpoint } from "./upstream.ts";

/** Why a try or a whole request was ended from our side. */
export type Cut = "client-gone" | "request-timeout" | "try-timeout" | "idle-timeout" | "stopping";

/** A timer of its own costs each request more than a look at all that are in flight, now and then. */
const sweepFromMs = 10_000;
export const sweepEveryMs = 250;

const noCookies: string[] = [];

/** Told once of each request, when it is over, with the status that the client got. */
export type OnDone = (request: InFlight, status: number) => void;

/**
 * One client request on its way: its clocks, its abort and its account.
 *
 * Each try has a controller of its own; whatever ends the request ends the try that runs.
 */
export class InFlight implements Visitor {
  readonly request: Request;
  readonly requestId: string;
  readonly path: string;
  /** The client's, after what checks have changed in them. */
  headers: Headers;
  /** So many proxies stand before the listener. */
  trustedHops = 0;
  /** Who the client has shown to be. */
  identity: Identity = nobody;
  /** Why it may not come in, for the log. */
  refusal: string | undefined;
  /** What browsers of other origins must find in the answer. */
  cors: readonly (readonly [string, string])[] | undefined;
  readonly startedAt: number = performance.now();
  readonly startedAtMs: number = Date.now();
  exchange: Exchange | undefined;
  route: PreparedRoute | undefined;
  /** The reference of the last try, where its own settings matter to the answer. */
  ref: PreparedRef | undefined;
  endpoint: UpstreamEndpoint | undefined;
  upstreamPath: string | undefined;
  upstreamServiceMs: number | undefined;
  upstreamFailure: string | undefined;
  responseHeaders: HeaderView | undefined;
  /** What its limits said, where it is under some. */
  verdict: Pass | undefined;
  /** Cookies that the client is to bring next time. */
  newCookies: string[] = noCookies;
  bytesReceived = 0;
  bytesSent = 0;
  cut: Cut | undefined;
  readonly #twin: EmbeddedTwin;
  readonly #connection: Connection;
  readonly #onDone: OnDone;
  #try: AbortController | undefined;
  #tryCut: Cut | undefined;
  #requestTimer: ReturnType<typeof setTimeout> | undefined;
  #deadlineAt = Number.POSITIVE_INFINITY;
  #tryTimer: ReturnType<typeof setTimeout> | undefined;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #idleMs = 0;
  #streamIdleMs = 0;
  #lastActivityAt = 0;
  /** What the try occupies as long as it lasts. */
  #host: Host<UpstreamEndpoint> | undefined;
  #breaker: CircuitBreaker | undefined;
  #isDone = false;
  #peer: string | undefined;
  #target: Target | undefined;

  constructor(
    request: Request,
    path: string,
    requestId: string,
    connection: Connection,
    twin: EmbeddedTwin,
    onDone: OnDone,
  ) {
    this.request = request;
    this.path = path;
    this.headers = request.headers;
    this.requestId = requestId;
    this.#connection = connection;
    this.#twin = twin;
    this.#onDone = onDone;
  }

  /** From here a client that leaves, or has left, ends the request. */
  watchClient(): void {
    if (this.#isDone) return;
    // The signal is made when it is first asked for, and tells of what was before, too.
    const { signal } = this.request;
    if (signal.aborted) this.#onClientGone();
    else signal.addEventListener("abort", this.#onClientGone, { once: true });
  }

  /** What the client asked for; slashes between segments count once. */
  get target(): Target {
    this.#target ??= splitTarget(this.path);
    return this.#target;
  }

  /** The client's address, by the word of proxies that are trusted. */
  clientAddress(): string | undefined {
    return clientAddress(this.peer(), this.request.headers.get("x-forwarded-for"), this.trustedHops);
  }

  /** Of whoever has opened the connection. */
  peer(): string | undefined {
    this.#peer ??= this.#connection.remoteAddress();
    return this.#peer;
  }

  get isDebug(): boolean {
    return this.#twin.isDebug;
  }

  /** Our own clocks ended it: the request's as a whole, or that of the last try. */
  get isTimedOut(): boolean {
    return this.cut === "request-timeout" || this.#tryCut !== undefined;
  }

  get isClientGone(): boolean {
    return this.cut === "client-gone";
  }

  /** The request as checks of access see it. */
  get accessRequest(): AccessRequest {
    const { request, path, headers } = this;
    return {
      method: request.method,
      target: path,
      headers,
      clientAddress: () => this.clientAddress(),
    };
  }

  change(changes: readonly HeaderChange[], target = this.path): void {
    if (target !== this.path) this.#target = splitTarget(target);
    if (changes.length === 0) return;
    const headers = new Headers(this.headers);
    for (const [name, value] of changes) {
      if (value === undefined) headers.delete(name);
      else headers.set(name, value);
    }
    this.headers = headers;
  }

  /** From here the whole answer has so long. A long time is looked after by whoever sweeps all requests. */
  startClock({ requestMs, streamIdleMs }: Timeouts): void {
    if (streamIdleMs !== undefined) this.#streamIdleMs = streamIdleMs;
    if (requestMs >= sweepFromMs) this.#deadlineAt = performance.now() + requestMs;
    else if (requestMs > 0) this.#requestTimer = setTimeout(() => this.abort("request-timeout"), requestMs);
  }

  /** Ends the request if its time is over. */
  sweep(now: number): void {
    if (now >= this.#deadlineAt) this.abort("request-timeout");
  }

  /** The signal of a new try; the one before is over. */
  newTry(timeouts: Timeouts): AbortSignal {
    clearTimeout(this.#tryTimer);
    clearTimeout(this.#idleTimer);
    const controller = new AbortController();
    this.#try = controller;
    this.#tryCut = undefined;
    if (this.cut !== undefined) controller.abort(this.cut);
    if (timeouts.perTryMs !== undefined && timeouts.perTryMs > 0) {
      this.#tryTimer = setTimeout(() => this.#endTryBy("try-timeout"), timeouts.perTryMs);
    }
    this.#watchIdle(timeouts.perTryIdleMs ?? 0);
    return controller.signal;
  }

  /** The try's head is there: its own deadline has been met, silence is still watched. */
  headArrived(): void {
    clearTimeout(this.#tryTimer);
    this.active();
  }

  /** A piece came from the upstream. */
  active(): void {
    if (this.#idleMs > 0) this.#lastActivityAt = performance.now();
  }

  /** The try has these until it ends. */
  hold(host: Host<UpstreamEndpoint>, breaker: CircuitBreaker | undefined): void {
    host.active += 1;
    this.#host = host;
    this.#breaker = breaker;
  }

  endTry(): void {
    clearTimeout(this.#tryTimer);
    clearTimeout(this.#idleTimer);
    this.#idleMs = 0;
    if (this.#host === undefined) return;
    this.#host.active -= 1;
    this.#host = undefined;
    this.#breaker?.leave();
  }

  abort(cut: Cut): void {
    if (this.#isDone) return;
    this.cut ??= cut;
    this.#try?.abort(cut);
  }

  /** What a choice among backends may go by. */
  get hashFacts(): HashFacts {
    this.newCookies = [];
    return {
      headers: this.request.headers,
      path: this.path,
      remoteAddress: () => this.clientAddress(),
    };
  }

  /** A stream's end comes when its connection may be gone: whoever logs it wants the peer remembered. */
  rememberPeer(): void {
    if (this.#twin.record !== undefined) this.#peer = this.#connection.remoteAddress();
  }

  /** Draws the line, once: settles the exchange and hands a record to whoever listens. */
  done(status: number, isComplete: boolean): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.endTry();
    clearTimeout(this.#requestTimer);
    const reason = this.upstreamFailure ?? this.cut;
    const settled = this.exchange?.settle({
      status,
      isComplete,
      ...(reason === undefined ? {} : { reason }),
    });
    this.verdict?.settle(settled);
    this.#twin.record?.(this.#record(status, isComplete, settled));
    this.#onDone(this, status);
  }

  readonly #onClientGone = () => this.abort("client-gone");

  /** Ends the try that runs, and leaves the request free for another. */
  #endTryBy(cut: Cut): void {
    this.#tryCut = cut;
    this.#try?.abort(cut);
  }

  /** Silence ends the try, or the request where that bears less of it. */
  #watchIdle(tryIdleMs: number): void {
    const streamIdleMs = this.#streamIdleMs;
    const endsRequest = streamIdleMs > 0 && (tryIdleMs === 0 || streamIdleMs < tryIdleMs);
    const idleMs = endsRequest ? streamIdleMs : tryIdleMs;
    this.#idleMs = idleMs;
    if (idleMs <= 0) return;
    this.#lastActivityAt = performance.now();
    const check = () => {
      const restMs = this.#lastActivityAt + idleMs - performance.now();
      if (restMs > 0) this.#idleTimer = setTimeout(check, restMs);
      else if (endsRequest) this.abort("request-timeout");
      else this.#endTryBy("idle-timeout");
    };
    this.#idleTimer = setTimeout(check, idleMs);
  }

  #record(status: number, isComplete: boolean, settled: Settled | undefined): RequestRecord {
    const { request, route, endpoint } = this;
    return {
      startedAtMs: this.startedAtMs,
      durationMs: performance.now() - this.startedAt,
      method: request.method,
      path: this.#twin.logPath(this.path),
      upstreamPath: this.upstreamPath,
      protocol: "HTTP/1.1",
      authority: request.headers.get("host") ?? "",
      requestHeaders: this.headers,
      responseHeaders: this.responseHeaders,
      requestId: this.requestId,
      status,
      bytesReceived: this.bytesReceived,
      bytesSent: this.bytesSent,
      upstreamServiceMs: this.upstreamServiceMs,
      upstreamHost: endpoint?.name,
      upstreamCluster: route?.rule.rule.key,
      routeName: route?.name,
      upstreamFailure: this.upstreamFailure,
      responseFlags: flags(this, isComplete),
      responseDetails: details(this),
      downstreamLocalAddress: undefined,
      remoteAddress: () => this.clientAddress(),
      settled,
      model: this.exchange?.model,
    };
  }
}

/** A path, and a query with its `?` or empty. */
interface Target {
  readonly path: string;
  readonly query: string;
}

function splitTarget(target: string): Target {
  const end = target.indexOf("?");
  const path = end < 0 ? target : target.slice(0, end);
  return {
    path: path.includes("//") ? path.replaceAll(/\/{2,}/g, "/") : path,
    query: end < 0 ? "" : target.slice(end),
  };
}

/** Envoy's words for who answered. */
function details(request: InFlight): string {
  if (request.cut === "client-gone") return "downstream_remote_disconnect";
  if (request.cut === "request-timeout") return "response_timeout";
  if (request.upstreamServiceMs !== undefined) return "via_upstream";
  if (request.upstreamFailure !== undefined) return "upstream_reset_before_response_started";
  if (request.refusal !== undefined) return `access_denied{${request.refusal.replaceAll(" ", "_")}}`;
  return request.route === undefined ? "route_not_found" : "direct_response";
}

/** Envoy's words for the ways a request ends; `-` is none of them. */
function flags(request: InFlight, isComplete: boolean): string {
  if (request.cut === "client-gone") return "DC";
  if (request.cut === "request-timeout") return "UT";
  if (request.refusal !== undefined) return "UAEX";
  if (request.route === undefined) return "NR";
  if (request.upstreamFailure !== undefined) return request.upstreamServiceMs === undefined ? "UF" : "UC";
  return isComplete ? "-" : "UC";
}
