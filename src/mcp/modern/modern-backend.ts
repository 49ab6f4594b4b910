import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import type { Clock } from "../backends/clock.ts";
import { type BackendCall, BackendFailure } from "../backends/connection.ts";
import { forwardedHeaders } from "../backends/forwarded-headers.ts";
import { explain, refusal } from "../legacy/call-backend.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import { type RpcNotification, type RpcResponse, readServerMessage } from "../rpc/read-message.ts";
import type { Visit } from "../server.ts";
import type { BridgeState } from "./bridge.ts";
import {
  capabilitiesKey,
  clientInfoKey,
  encodeHeader,
  headerName,
  latestModernVersion,
  versionKey,
} from "./era.ts";

export interface ModernAnswer {
  readonly status: number;
  readonly response: RpcResponse;
}

export interface ModernRequest {
  readonly bytes: Uint8Array;
  readonly id: string | number;
  readonly method: string;
  /** In the backend's own names. */
  readonly params: JsonObject | undefined;
}

/** Takes what a backend says before it answers. Resolves when there is room for more. */
export type TakeNotification = (message: RpcNotification) => Promise<void> | undefined;

/** Sends one request to a backend of the modern era and reads until its answer. Rejects with `RpcError`. */
export async function askModern(
  visit: Visit,
  backend: PreparedBackend,
  request: ModernRequest,
  clock: Clock,
  take: TakeNotification,
): Promise<ModernAnswer> {
  const { waitMs } = backend.health;
  if (waitMs > 0) {
    const data = { backend: backend.name, retryAfterMs: Math.ceil(waitMs) };
    throw new RpcError(rpcCodes.internal, `backend "${backend.name}" is down`, { data });
  }
  try {
    const answer = await backend.connection.send(request.bytes, modernCall(visit, backend, request, clock));
    if (answer.status >= 500) backend.health.failed();
    else backend.health.succeeded();
    for (;;) {
      const next = await answer.messages.next();
      if (next === undefined) break;
      const message = readServerMessage(next.bytes);
      if (message?.kind === "notification") await take(message);
      if (message?.kind !== "response" || message.id !== request.id) continue;
      answer.messages.cancel();
      // It is not what it was when it was asked.
      if (asObject(message.value["error"])?.["code"] === rpcCodes.unsupportedVersion) backend.era.forget();
      return { status: answer.status, response: message };
    }
    if (answer.status === 400 || answer.status === 404 || answer.status === 405) backend.era.forget();
    if (answer.status >= 300) throw refusal(backend.name, answer);
    throw new BackendFailure("reset", "closed the stream before answering");
  } catch (error) {
    throw explain(visit, backend, error);
  }
}

/** The headers that go with a request of the modern era. */
export function modernCall(
  visit: Visit,
  backend: PreparedBackend,
  { method, params }: Pick<ModernRequest, "method" | "params">,
  { signal, touch }: Pick<Clock, "signal" | "touch">,
): BackendCall {
  const headers = [...forwardedHeaders(visit, backend), ["mcp-method", encodeHeader(method)] as const];
  const name = headerName(method, params);
  if (name !== undefined) headers.push(["mcp-name", encodeHeader(name)]);
  visit.request.headers.forEach((value, header) => {
    if (header.startsWith("mcp-param-")) headers.push([header, value]);
  });
  return { sessionId: undefined, protocolVersion: latestModernVersion, headers, signal, onActivity: touch };
}

/** `_meta` of the gateway's own requests. */
export function ownMeta({ server }: Visit): JsonObject {
  return {
    [versionKey]: latestModernVersion,
    [clientInfoKey]: { name: server.name, version: server.version },
    [capabilitiesKey]: {},
  };
}

/** Which era a backend is spoken to in, found out once. */
export class BackendEra {
  readonly protocol: "auto" | "legacy" | "modern";
  /** Of clients of the legacy era, which outlive connections. */
  readonly bridged: BridgeState = { sessions: new Map(), asked: new Map() };
  /** It has refused to begin a session. */
  isModernOnly: boolean;
  #found: Promise<JsonObject | undefined> | undefined;
  #askAgainAt = 0;

  constructor(protocol: "auto" | "legacy" | "modern") {
    this.protocol = protocol;
    this.isModernOnly = protocol === "modern";
  }

  /** What a modern backend says of itself; `undefined` for a legacy one. Rejects with `RpcError` if it cannot be asked. */
  find(visit: Visit, backend: PreparedBackend): Promise<JsonObject | undefined> {
    if (this.protocol === "legacy") return Promise.resolve(undefined);
    const now = performance.now();
    if (this.#found === undefined || now > this.#askAgainAt) {
      this.#askAgainAt = Number.POSITIVE_INFINITY;
      this.#found = this.#probe(visit, backend).then(
        (found) => {
          // A server of the legacy era may be replaced by a newer one some day.
          if (found === undefined) this.#askAgainAt = performance.now() + legacyForMs;
          return found;
        },
        (error: unknown) => {
          this.#found = undefined;
          throw error;
        },
      );
    }
    return this.#found;
  }

  /** The next request asks again. */
  forget(): void {
    this.#found = undefined;
  }

  async #probe(visit: Visit, backend: PreparedBackend): Promise<JsonObject | undefined> {
    const isSure = this.protocol === "modern";
    const totalMs =
      isSure || backend.backend.transport.type === "stdio" ? visit.route.route.limits.initializeMs : probeMs;
    const clock = visit.server.clocks.start({ totalMs, idleMs: 0 });
    const request = { id: probeId, method: "server/discover", params: { _meta: ownMeta(visit) } };
    const bytes = encodeText(JSON.stringify({ jsonrpc: "2.0", ...request }));
    try {
      const answer = await backend.connection.send(bytes, modernCall(visit, backend, request, clock));
      let result: JsonObject | undefined;
      for (;;) {
        const next = await answer.messages.next();
        if (next === undefined) break;
        const message = readServerMessage(next.bytes);
        if (message?.kind !== "response") continue;
        result = asObject(message.value["result"]);
        break;
      }
      answer.messages.cancel();
      const versions: unknown = result?.["supportedVersions"];
      if (Array.isArray(versions) && versions.includes(latestModernVersion)) return result;
      if (answer.status === 401 || answer.status === 403 || answer.status >= 500)
        throw refusal(backend.name, answer);
      if (isSure) throw new BackendFailure("malformed", `does not speak ${latestModernVersion}`);
      return undefined;
    } catch (error) {
      // A server of the other era may well leave what it does not know without an answer.
      if (!isSure && error instanceof BackendFailure && error.kind === "timeout") return undefined;
      throw explain(visit, backend, error);
    } finally {
      clock.stop();
    }
  }
}

const legacyForMs = 10 * 60_000;
const probeMs = 2000;
const probeId = "aigw-discover";
