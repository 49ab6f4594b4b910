import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import type { Clock } from "../backends/clock.ts";
import { type BackendAnswer, BackendFailure } from "../backends/connection.ts";
import { forwardedHeaders } from "../backends/forwarded-headers.ts";
import { trySession } from "../backends/try-session.ts";
import { explain, refusal } from "../legacy/call-backend.ts";
import type { PreparedBackend } from "../prepare.ts";
import { readServerMessage } from "../rpc/read-message.ts";
import type { Visit } from "../server.ts";
import { type BridgeState, isBridged } from "./bridge.ts";
import { latestModernVersion } from "./era.ts";
import { modernCall, ownMeta } from "./modern-backend.ts";

const probeMs = 2000;
/** A server of the legacy era may be replaced by a newer one some day. */
const legacyForMs = 10 * 60_000;

/** Which era a backend is spoken to in for clients of the modern one, and what is known of it for the others. */
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
    if (this.#found !== undefined && performance.now() < this.#askAgainAt) return this.#found;
    this.#askAgainAt = Number.POSITIVE_INFINITY;
    this.#found = this.#ask(visit, backend).then(
      (found) => {
        if (found === undefined) this.#askAgainAt = performance.now() + legacyForMs;
        return found;
      },
      (error: unknown) => {
        this.forget();
        throw error;
      },
    );
    return this.#found;
  }

  /** The next request asks again. */
  forget(): void {
    this.#found = undefined;
  }

  async #ask(visit: Visit, backend: PreparedBackend): Promise<JsonObject | undefined> {
    const { initializeMs } = visit.route.route.limits;
    const isProgram = backend.backend.transport.type === "stdio";
    const isSure = this.protocol === "modern";
    const clock = visit.server.clocks.start({
      totalMs: isSure || isProgram ? initializeMs : probeMs,
      idleMs: 0,
    });
    try {
      // Some programs end when they are asked anything before a session has begun.
      if (isProgram && !isSure && !(await isSessionless(visit, backend, clock))) return undefined;
      const result = await discover(visit, backend, clock);
      if (result === undefined && isSure) {
        throw new BackendFailure("malformed", `does not speak ${latestModernVersion}`);
      }
      return result;
    } catch (error) {
      // A server of the other era may well leave what it does not know without an answer.
      if (!isSure && error instanceof BackendFailure && error.kind === "timeout") return undefined;
      throw explain(visit, backend, error);
    } finally {
      clock.stop();
    }
  }
}

/** Whether it begins no sessions, or only such as are made up here. */
async function isSessionless(visit: Visit, backend: PreparedBackend, { signal }: Clock): Promise<boolean> {
  const { name, version } = visit.server;
  try {
    const call = { headers: forwardedHeaders(visit, backend), signal };
    return isBridged(await trySession(backend.connection, { name, version }, call));
  } catch (error) {
    if (error instanceof BackendFailure && error.kind === "malformed") return true;
    throw error;
  }
}

async function discover(
  visit: Visit,
  backend: PreparedBackend,
  clock: Clock,
): Promise<JsonObject | undefined> {
  const request = { id: "aigw-discover", method: "server/discover", params: { _meta: ownMeta(visit) } };
  const bytes = encodeText(JSON.stringify({ jsonrpc: "2.0", ...request }));
  const answer = await backend.connection.send(bytes, modernCall(visit, backend, request, clock));
  const result = await readResult(answer);
  const versions: unknown = result?.["supportedVersions"];
  if (Array.isArray(versions) && versions.includes(latestModernVersion)) return result;
  const { status } = answer;
  if (status === 401 || status === 403 || status >= 500) throw refusal(backend.name, answer);
  return undefined;
}

async function readResult({ messages }: BackendAnswer): Promise<JsonObject | undefined> {
  try {
    for (;;) {
      const next = await messages.next();
      const message = next && readServerMessage(next.bytes);
      if (next === undefined) return undefined;
      if (message?.kind === "response") return asObject(message.value["result"]);
    }
  } finally {
    messages.cancel();
  }
}
