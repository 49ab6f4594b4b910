import { asObject } from "../../dialects/wire/json.ts";
import { decodeText, encodeText } from "../../dialects/wire/text.ts";
import type { Clock } from "../backends/clock.ts";
import {
  type BackendAnswer,
  type BackendCall,
  BackendFailure,
  type BackendMessage,
} from "../backends/connection.ts";
import { forwardedHeaders } from "../backends/forwarded-headers.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import { listsChanged } from "../rpc/lists-changed.ts";
import { readServerMessage } from "../rpc/read-message.ts";
import type { SessionVisit, Visit } from "../server.ts";
import type { BackendSession, SessionFacts } from "../session/token.ts";
import { describeFailure } from "../telemetry/observer.ts";
import { initializeId, openBackend } from "./open-backend.ts";
import { latestLegacyVersion } from "./versions.ts";

/** A backend's answer, of which the first message may have been read. */
export interface ReadAnswer {
  readonly answer: BackendAnswer;
  readonly first: BackendMessage | undefined;
}

/**
 * Sends one message of a session to one of its backends. Where the backend has lost its session, or never had one, a
 * new one is opened and the message is sent once more. Rejects with `RpcError` for all that is no answer.
 */
export async function callBackend(
  visit: SessionVisit,
  backend: PreparedBackend,
  message: Uint8Array,
  clock: Clock,
): Promise<ReadAnswer> {
  try {
    checkHealth(backend);
    const session = visit.session.backend(backend.name) ?? (await openLate(visit, backend));
    visit.observer.routed(backend.name, session.sessionId, false);
    const carried = visit.observer.carry(message);
    const sent = await send(visit, backend, session, carried, clock);
    if (sent !== "session-lost") return sent;
    const again = await send(visit, backend, await reopenLost(visit, backend, session), carried, clock);
    if (again === "session-lost") throw new BackendFailure("malformed", "lost its new session at once");
    return again;
  } catch (error) {
    throw explain(visit, backend, error);
  }
}

/** What a call to a backend brings along: the backend's session and what is forwarded. */
export function callOf(
  visit: SessionVisit,
  backend: PreparedBackend,
  { sessionId, protocolVersion }: BackendSession,
  { signal, touch }: Pick<Clock, "signal" | "touch">,
): BackendCall {
  return { sessionId, protocolVersion, headers: forwardedHeaders(visit, backend), signal, onActivity: touch };
}

/** For clients: which backend failed and how. The log gets the cause. */
export function explain(visit: Visit, backend: PreparedBackend, error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  const { log } = visit.server;
  if (!(error instanceof BackendFailure)) throw error;
  const isTimeout = error.kind === "timeout";
  const fields = { route: visit.route.route.key, backend: backend.name, reason: describeFailure(error) };
  backend.health.count(error);
  if (error.kind !== "stopped") log.warn("an MCP server failed", fields);
  const message = isTimeout ? "Request timed out" : `backend "${backend.name}" ${error.message}`;
  const code = isTimeout ? rpcCodes.gone : rpcCodes.internal;
  return new RpcError(code, message, { data: { backend: backend.name }, cause: error });
}

function checkHealth({ name, health }: PreparedBackend): void {
  const { waitMs } = health;
  if (waitMs === 0) return;
  const data = { backend: name, retryAfterMs: Math.ceil(waitMs) };
  throw new RpcError(rpcCodes.internal, `backend "${name}" is down`, { data });
}

async function send(
  visit: SessionVisit,
  backend: PreparedBackend,
  session: BackendSession,
  message: Uint8Array,
  clock: Clock,
): Promise<ReadAnswer | "session-lost"> {
  const answer = await backend.connection.send(message, callOf(visit, backend, session, clock));
  if (answer.status < 300) {
    backend.health.succeeded();
    return { answer, first: undefined };
  }
  const first = await answer.messages.next().catch(() => undefined);
  answer.messages.cancel();
  if (isSessionLost(answer.status, session, first)) return "session-lost";
  if (answer.status >= 500) backend.health.failed();
  else backend.health.succeeded();
  if (isRpcError(answer.status, first)) return { answer, first };
  if (visit.server.log.isOn("debug") && first !== undefined) {
    const fields = { backend: backend.name, status: answer.status, body_bytes: first.bytes.length };
    visit.server.log.debug("an MCP server refused", fields);
  }
  throw refusal(backend.name, answer);
}

function isSessionLost(
  status: number,
  { sessionId }: BackendSession,
  first: BackendMessage | undefined,
): boolean {
  if (sessionId === undefined) return false;
  if (status === 404) return true;
  if (status !== 400 || first === undefined) return false;
  const text = decodeText(first.bytes.subarray(0, 4096));
  return (
    /session/i.test(text) &&
    /invalid|unknown|expired|not found|no valid|not initialized|does not exist/i.test(text)
  );
}

/** Servers that say what is wrong in JSON-RPC mean it for the client. Who may come in is between them and us. */
function isRpcError(status: number, first: BackendMessage | undefined): boolean {
  if (first === undefined || status === 401 || status === 403 || status === 429 || status >= 500)
    return false;
  const message = readServerMessage(first.bytes);
  return message?.kind === "response" && asObject(message.value["error"]) !== undefined;
}

export function refusal(name: string, { status, retryAfterMs }: BackendAnswer): RpcError {
  const words: { readonly [status: number]: string } = {
    401: `backend "${name}" requires authorization`,
    403: `forbidden by backend "${name}"`,
    429: `backend "${name}" is asked too often`,
  };
  const message = words[status] ?? `backend "${name}": HTTP ${status}`;
  const data = { backend: name, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  const headers: Record<string, string> =
    retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) };
  return new RpcError(rpcCodes.internal, message, { data, headers });
}

/** A session with a backend that failed when the client came, or that came later than the client. */
export async function openLate(visit: SessionVisit, backend: PreparedBackend): Promise<BackendSession> {
  const { session, caller, request, route } = visit;
  if (!route.access.selects(backend.name, caller, request)) {
    throw new RpcError(rpcCodes.invalidParams, `Unknown backend: ${backend.name}`);
  }
  if (!backend.health.mayOpen) throw new BackendFailure("stopped", "is not available");
  const opened = await session.openBackend(backend.name, () => open(visit, backend));
  for (const message of listsChanged) session.notify?.(message);
  return opened;
}

/** A new session in the place of one that the backend does not know any more. */
export async function reopenLost(
  visit: SessionVisit,
  backend: PreparedBackend,
  lost: BackendSession,
): Promise<BackendSession> {
  const { session } = visit;
  const current = session.backend(backend.name);
  // Another request was quicker.
  if (current !== undefined && current.sessionId !== lost.sessionId) return current;
  return session.openBackend(backend.name, async () => {
    const opened = await open(visit, backend);
    visit.server.log.info("an MCP server lost a session; a new one was opened", { backend: backend.name });
    await restore(visit, backend, opened);
    return opened;
  });
}

async function open(visit: SessionVisit, backend: PreparedBackend): Promise<BackendSession> {
  return (await openBackend(visit, backend, initializeFor(visit.session.facts))).session;
}

/** What the client had asked the lost session for. */
async function restore(visit: SessionVisit, backend: PreparedBackend, opened: BackendSession): Promise<void> {
  const { logLevel, subscriptions } = visit.session;
  const messages = [
    ...(subscriptions.get(backend.name)?.values() ?? []),
    ...(logLevel === undefined ? [] : [logLevel]),
  ];
  for (const message of messages) {
    const clock = visit.server.clocks.start({ totalMs: visit.route.route.limits.initializeMs, idleMs: 0 });
    try {
      const { messages: rest } = await backend.connection.send(
        message,
        callOf(visit, backend, opened, clock),
      );
      rest.cancel();
    } finally {
      clock.stop();
    }
  }
}

function initializeFor({ capabilities, clientInfo }: SessionFacts): Uint8Array {
  const params = { protocolVersion: latestLegacyVersion, capabilities, clientInfo };
  return encodeText(JSON.stringify({ jsonrpc: "2.0", id: initializeId, method: "initialize", params }));
}
