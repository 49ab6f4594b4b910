import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import { type BackendCall, BackendFailure } from "../backends/connection.ts";
import { forwardedHeaders } from "../backends/forwarded-headers.ts";
import type { PreparedBackend } from "../prepare.ts";
import { readServerMessage } from "../rpc/read-message.ts";
import type { Visit } from "../server.ts";
import { readCapabilities } from "../session/capabilities.ts";
import type { BackendSession } from "../session/token.ts";
import { failureOutcome, succeeded } from "../telemetry/observer.ts";
import { isLegacyVersion } from "./versions.ts";

export interface OpenedBackend {
  readonly session: BackendSession;
  /** The backend's answer: the whole message, and its result. */
  readonly bytes: Uint8Array;
  readonly result: JsonObject;
}

export const initializeId = "aigw-initialize";
const initialized = encodeText('{"jsonrpc":"2.0","method":"notifications/initialized"}');

/**
 * Begins a session with a backend: `initialize`, and `notifications/initialized` after it. Rejects with
 * `BackendFailure`, which the caller counts. `message` is an `initialize` with `initializeId`.
 */
export async function openBackend(
  visit: Visit,
  backend: PreparedBackend,
  message: Uint8Array,
): Promise<OpenedBackend> {
  const { server, route, observer } = visit;
  const clock = server.clocks.start({ totalMs: route.route.limits.initializeMs, idleMs: 0 });
  try {
    const opened = await exchange(visit, backend, observer.carry(message), clock.signal);
    observer.routed(backend.name, opened.session.sessionId, true);
    backend.health.succeeded();
    backend.health.opened();
    observer.called("initialize", backend.name, succeeded, clock.elapsedMs);
    observer.initialized(backend.name, clock.elapsedMs, opened.result["capabilities"]);
    return opened;
  } catch (error) {
    backend.health.notOpened();
    observer.called("initialize", backend.name, failureOutcome(error), clock.elapsedMs);
    throw error;
  } finally {
    clock.stop();
  }
}

async function exchange(
  visit: Visit,
  backend: PreparedBackend,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<OpenedBackend> {
  const { connection, name } = backend;
  const call: BackendCall = {
    sessionId: undefined,
    protocolVersion: undefined,
    headers: forwardedHeaders(visit, backend),
    signal,
  };
  const answer = await connection.send(message, call);
  const { sessionId } = answer;
  let opened: OpenedBackend | undefined;
  for (;;) {
    const next = await answer.messages.next();
    if (next === undefined) break;
    const read = readServerMessage(next.bytes);
    if (read?.kind !== "response" || read.id !== initializeId) continue;
    const result = asObject(read.value["result"]);
    if (result === undefined) throw refused(asObject(read.value["error"]));
    const { protocolVersion, capabilities } = result;
    if (!isLegacyVersion(protocolVersion)) {
      throw new BackendFailure(
        "malformed",
        `speaks protocol version ${JSON.stringify(protocolVersion)}, which is not known`,
      );
    }
    const session = { name, sessionId, protocolVersion, capabilities: readCapabilities(capabilities) };
    opened = { session, bytes: next.bytes, result };
    break;
  }
  answer.messages.cancel();
  if (answer.status >= 300) throw new BackendFailure("reset", `answered HTTP ${answer.status} to initialize`);
  if (opened === undefined) throw new BackendFailure("malformed", "did not answer initialize");
  await tellInitialized(visit, backend, { ...call, ...opened.session });
  return opened;
}

async function tellInitialized(visit: Visit, backend: PreparedBackend, call: BackendCall): Promise<void> {
  const answer = await backend.connection.send(initialized, call);
  answer.messages.cancel();
  if (answer.status >= 300) {
    throw new BackendFailure("reset", `answered HTTP ${answer.status} to notifications/initialized`);
  }
  visit.observer.called("notifications/initialized", backend.name, succeeded);
}

function refused(error: JsonObject | undefined): BackendFailure {
  const { code, message } = error ?? {};
  return new BackendFailure(
    "malformed",
    `refused to initialize: ${String(message ?? "without a reason")} (${String(code)})`,
  );
}
