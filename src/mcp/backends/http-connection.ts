import type { McpLimits } from "../../model/mcp.ts";
import type { Runtime, UpstreamTlsOptions } from "../../runtime/runtime.ts";
import { readBody } from "./body-reader.ts";
import {
  type BackendAnswer,
  type BackendCall,
  type BackendConnection,
  BackendFailure,
} from "./connection.ts";
import { explainFailure } from "./explain-failure.ts";

/** One place that requests to a server go to. */
export interface HttpPlace {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Sent as Host where it differs from the origin's. */
  readonly hostHeader: string | undefined;
  readonly unix: string | undefined;
  readonly tls: UpstreamTlsOptions | undefined;
}

export interface HttpConnectionOptions {
  readonly runtime: Pick<Runtime, "fetch">;
  /** In turn, but a session stays where it began. */
  readonly places: readonly HttpPlace[];
  /** With the query, if there is one. */
  readonly path: string;
  /** Lower-case; these overwrite what is forwarded from clients. */
  readonly headers: readonly (readonly [string, string])[];
  readonly limits: Pick<McpLimits, "maxResponseBytes" | "maxEventBytes">;
  readonly userAgent: string;
}

/** Speaks Streamable HTTP to one server. */
export class HttpConnection implements BackendConnection {
  readonly canAsk = true;
  readonly #options: HttpConnectionOptions;
  #next = 0;

  constructor(options: HttpConnectionOptions) {
    this.#options = options;
  }

  async send(message: Uint8Array, call: BackendCall): Promise<BackendAnswer> {
    const headers = this.#headers(call, "application/json, text/event-stream");
    headers["content-type"] = "application/json";
    return this.#answer(await this.#request("POST", headers, message, call), call);
  }

  async listen(call: BackendCall): Promise<BackendAnswer | undefined> {
    const headers = this.#headers(call, "text/event-stream");
    if (call.lastEventId !== undefined) headers["last-event-id"] = call.lastEventId;
    const sent = await this.#request("GET", headers, undefined, call);
    const { status, body } = sent.response;
    if (status !== 405 && status !== 204 && status !== 202) return this.#answer(sent, call);
    await body?.cancel();
    return undefined;
  }

  async endSession(call: BackendCall): Promise<void> {
    const headers = this.#headers(call, "application/json, text/event-stream");
    const { response } = await this.#request("DELETE", headers, undefined, call);
    await response.body?.cancel();
    // 405: the server does not let clients end sessions. 404: it has done so itself.
    if (response.ok || response.status === 405 || response.status === 404) return;
    throw new BackendFailure("reset", `HTTP ${response.status}`);
  }

  async close(): Promise<void> {}

  #headers(call: BackendCall, accept: string): { [name: string]: string } {
    const headers: { [name: string]: string } = {
      accept,
      "accept-encoding": "gzip, br, zstd",
      "user-agent": this.#options.userAgent,
    };
    for (const [name, value] of call.headers) headers[name] = value;
    for (const [name, value] of this.#options.headers) headers[name] = value;
    if (call.protocolVersion !== undefined) headers["mcp-protocol-version"] = call.protocolVersion;
    if (call.sessionId !== undefined) headers["mcp-session-id"] = this.#unpin(call.sessionId).id;
    return headers;
  }

  /** Where there are several places, an id begins with the number of that which gave it: no other knows the session. */
  #unpin(sessionId: string): { at: number | undefined; id: string } {
    const dot = sessionId.indexOf(".");
    if (this.#options.places.length === 1 || dot < 0) return { at: undefined, id: sessionId };
    return { at: Number(sessionId.slice(0, dot)), id: sessionId.slice(dot + 1) };
  }

  /** One try, another where nothing was sent, and one more where the server says that it moved on its own host. */
  async #request(
    method: string,
    headers: { [name: string]: string },
    body: Uint8Array | undefined,
    call: BackendCall,
  ): Promise<Sent> {
    const { places } = this.#options;
    const pinned = call.sessionId === undefined ? undefined : this.#unpin(call.sessionId).at;
    let path = this.#options.path;
    let mayRetry = true;
    let mayFollow = true;
    for (;;) {
      const at = pinned ?? this.#next++ % Math.max(1, places.length);
      const place = places[at];
      if (place === undefined) throw new BackendFailure("connect", "has no endpoint");
      if (place.hostHeader !== undefined) headers["host"] = place.hostHeader;
      let response: Response;
      try {
        const { unix, tls } = place;
        const init = { method, headers, body, signal: call.signal, unix, tls };
        response = await this.#options.runtime.fetch(place.origin + path, init);
      } catch (error) {
        const failure = explainFailure(error, call.signal);
        if (failure.kind !== "connect" || !mayRetry) throw failure;
        mayRetry = false;
        continue;
      }
      const moved = mayFollow ? movedTo(response, place.origin + path) : undefined;
      if (moved === undefined) return { response, at };
      await response.body?.cancel();
      mayFollow = false;
      path = moved;
    }
  }

  #answer({ response, at }: Sent, call: BackendCall): BackendAnswer {
    const { status, headers } = response;
    const id = headers.get("mcp-session-id") || undefined;
    const isStream = headers.get("content-type")?.startsWith("text/event-stream") ?? false;
    return {
      status,
      sessionId: id === undefined || this.#options.places.length === 1 ? id : `${at}.${id}`,
      retryAfterMs: readRetryAfter(headers.get("retry-after")),
      isStream,
      size: readSize(headers.get("content-length")),
      messages: readBody(response, isStream, this.#options.limits, call),
    };
  }
}

interface Sent {
  readonly response: Response;
  /** Index of the place that answered. */
  readonly at: number;
}

/** Path and query of a redirect that keeps the method and stays on the origin. */
function movedTo({ status, headers }: Response, from: string): string | undefined {
  if (status !== 307 && status !== 308) return undefined;
  const location = headers.get("location");
  if (location === null || !URL.canParse(location, from)) return undefined;
  const to = new URL(location, from);
  return to.origin === new URL(from).origin ? to.pathname + to.search : undefined;
}

function readSize(value: string | null): number | undefined {
  return value === null || !/^\d+$/.test(value) ? undefined : Number(value);
}

function readRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
