import { randomUUID } from "node:crypto";
import { asObject, isObject, type JsonObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import type { BackendAnswer, BackendCall, BackendConnection } from "../backends/connection.ts";
import { messagesOf } from "../backends/messages-of.ts";
import { writeResult } from "../rpc/errors.ts";
import { type RpcRequest, readServerMessage } from "../rpc/read-message.ts";
import { BridgedCall } from "./bridged-call.ts";
import { BridgedStream } from "./bridged-stream.ts";
import {
  capabilitiesKey,
  clientInfoKey,
  encodeHeader,
  headerName,
  latestModernVersion,
  logLevelKey,
  serverInfoKey,
  versionKey,
} from "./era.ts";

const mark = "modern.";
const maxSessions = 10_000;

/** Whether a session is made up here. */
export function isBridged(sessionId: string | undefined): boolean {
  return sessionId?.startsWith(mark) ?? false;
}

/** What a made-up session has that no request says again. */
export interface BridgedSession {
  /** What each request says of its client. */
  readonly meta: JsonObject;
  logLevel: string | undefined;
  readonly uris: Set<string>;
  stream: BridgedStream | undefined;
}

/** What is known of made-up sessions in this process. */
export interface BridgeState {
  readonly sessions: Map<string, BridgedSession>;
  /** Questions that clients have been asked, by their id. */
  readonly asked: Map<string, (result: unknown) => void>;
}

/** Sessions for clients of the legacy era with a server that knows none. Who the client is stands in the session's id. */
export class Bridge {
  readonly #raw: BackendConnection;
  readonly #sessions: BridgeState["sessions"];
  readonly #asked: BridgeState["asked"];

  constructor(raw: BackendConnection, { sessions, asked }: BridgeState) {
    this.#raw = raw;
    this.#sessions = sessions;
    this.#asked = asked;
  }

  initialize(message: Uint8Array, introduction: JsonObject): BackendAnswer {
    const request = readServerMessage(message);
    if (request?.kind !== "request") throw new TypeError("initialize is a request");
    const { capabilities = {}, clientInfo = {} } = request.params ?? {};
    const facts = Buffer.from(JSON.stringify([capabilities, clientInfo])).toString("base64url");
    const sessionId = `${mark}${randomUUID()}.${facts}`;
    const own = asObject(introduction["_meta"])?.[serverInfoKey] ?? introduction["serverInfo"];
    const { instructions } = introduction;
    const result = {
      protocolVersion: "2025-11-25",
      // Levels of logs come with each request, so every server has them.
      capabilities: { ...asObject(introduction["capabilities"]), logging: {} },
      serverInfo: isObject(own) ? own : { name: "unknown", version: "" },
      ...(typeof instructions === "string" ? { instructions } : {}),
    };
    return { ...answerWith(writeResult(request.idText, JSON.stringify(result))), sessionId };
  }

  async send(message: Uint8Array, call: BackendCall): Promise<BackendAnswer> {
    const read = readServerMessage(message);
    if (read?.kind === "response") {
      const answer = this.#asked.get(String(read.id));
      this.#asked.delete(String(read.id));
      // An error says as much as a refusal: the server gets to know that there is nothing.
      answer?.(read.value["result"] ?? { action: "cancel" });
    }
    if (read?.kind !== "request") return accepted();
    const session = this.#session(call.sessionId ?? "");
    return this.#here(read, session) ?? this.#forward(read, session, call);
  }

  async listen(call: BackendCall): Promise<BackendAnswer> {
    const session = this.#session(call.sessionId ?? "");
    session.stream?.cancel();
    const stream = new BridgedStream(this.#raw, session, callFor(call, "subscriptions/listen", undefined));
    session.stream = stream;
    return { status: 200, sessionId: undefined, retryAfterMs: undefined, isStream: true, messages: stream };
  }

  endSession({ sessionId = "" }: BackendCall): void {
    this.#sessions.get(sessionId)?.stream?.cancel();
    this.#sessions.delete(sessionId);
  }

  #session(id: string): BridgedSession {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const facts = id.slice(id.lastIndexOf(".") + 1);
    const [capabilities, clientInfo]: unknown[] = JSON.parse(Buffer.from(facts, "base64url").toString());
    const meta = {
      [versionKey]: latestModernVersion,
      [clientInfoKey]: clientInfo,
      [capabilitiesKey]: capabilities,
    };
    const session: BridgedSession = { meta, logLevel: undefined, uris: new Set(), stream: undefined };
    if (this.#sessions.size >= maxSessions) this.#sessions.delete(this.#sessions.keys().next().value ?? "");
    this.#sessions.set(id, session);
    return session;
  }

  /** What needs no server. */
  #here({ method, params, idText }: RpcRequest, session: BridgedSession): BackendAnswer | undefined {
    const { level, uri } = params ?? {};
    switch (method) {
      case "ping":
        break;
      case "logging/setLevel":
        session.logLevel = String(level);
        break;
      case "resources/subscribe":
        session.uris.add(String(uri));
        session.stream?.renew();
        break;
      case "resources/unsubscribe":
        session.uris.delete(String(uri));
        session.stream?.renew();
        break;
      default:
        return undefined;
    }
    return answerWith(writeResult(idText, "{}"));
  }

  async #forward(request: RpcRequest, session: BridgedSession, call: BackendCall): Promise<BackendAnswer> {
    const level = session.logLevel === undefined ? {} : { [logLevelKey]: session.logLevel };
    const messages = new BridgedCall(request, {
      meta: { ...session.meta, ...level },
      send: (bytes) => this.#raw.send(bytes, callFor(call, request.method, request.params)),
      ask: (id, answer) => this.#asked.set(id, answer),
      forget: (id) => this.#asked.delete(id),
      signal: call.signal,
    });
    const { status, retryAfterMs } = await messages.start();
    return { status, sessionId: undefined, retryAfterMs, isStream: true, messages };
  }
}

function callFor(
  { headers, signal, onActivity }: BackendCall,
  method: string,
  params: JsonObject | undefined,
): BackendCall {
  const name = headerName(method, params);
  const own: (readonly [string, string])[] = [["mcp-method", encodeHeader(method)]];
  if (name !== undefined) own.push(["mcp-name", encodeHeader(name)]);
  return {
    sessionId: undefined,
    protocolVersion: latestModernVersion,
    headers: [...headers, ...own],
    signal,
    onActivity,
  };
}

function accepted(): BackendAnswer {
  return {
    status: 202,
    sessionId: undefined,
    retryAfterMs: undefined,
    isStream: false,
    messages: messagesOf(),
  };
}

function answerWith(text: string): BackendAnswer {
  return { ...accepted(), status: 200, messages: messagesOf(encodeText(text)) };
}
