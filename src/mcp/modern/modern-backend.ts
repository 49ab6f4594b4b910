import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import type { Clock } from "../backends/clock.ts";
import { type BackendCall, BackendFailure } from "../backends/connection.ts";
import { forwardedHeaders } from "../backends/forwarded-headers.ts";
import { explain, refusal } from "../legacy/call-backend.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import { type RpcNotification, type RpcResponse, readServerMessage } from "../rpc/read-message.ts";
import type { Visit } from "../server.ts";
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
    visit.observer.routed(backend.name, undefined, false);
    const bytes = visit.observer.carry(request.bytes);
    const answer = await backend.connection.send(bytes, modernCall(visit, backend, request, clock));
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
