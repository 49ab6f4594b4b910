import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import {
  type BackendAnswer,
  type BackendCall,
  type BackendConnection,
  BackendFailure,
  type BackendMessage,
  type MessageReader,
} from "../backends/connection.ts";
import { type RpcResponse, readServerMessage } from "../rpc/read-message.ts";
import type { BackendEra } from "./backend-era.ts";
import { Bridge, isBridged } from "./bridge.ts";
import { capabilitiesKey, clientInfoKey, latestModernVersion, versionKey } from "./era.ts";

/**
 * A connection that clients of the legacy era can use whatever era the server is of. Servers that know sessions are
 * spoken to directly; for one that knows none a session is made up here.
 */
export class EraConnection implements BackendConnection {
  readonly #raw: BackendConnection;
  readonly #bridge: Bridge;
  readonly #clientInfo: JsonObject;
  readonly #era: BackendEra;

  constructor(raw: BackendConnection, era: BackendEra, clientInfo: JsonObject) {
    this.#raw = raw;
    this.#era = era;
    this.#bridge = new Bridge(raw, era.bridged);
    this.#clientInfo = clientInfo;
  }

  /** A modern server asks in its answers, so it need not tell clients apart. */
  get canAsk(): boolean {
    return this.#raw.canAsk || this.#era.isModernOnly;
  }

  send(message: Uint8Array, call: BackendCall): Promise<BackendAnswer> {
    if (isBridged(call.sessionId)) return this.#bridge.send(message, call);
    // Whatever has a version belongs to something that has begun.
    return call.protocolVersion === undefined ? this.#begin(message, call) : this.#raw.send(message, call);
  }

  listen(call: BackendCall): Promise<BackendAnswer | undefined> {
    return isBridged(call.sessionId) ? this.#bridge.listen(call) : this.#raw.listen(call);
  }

  async endSession(call: BackendCall): Promise<void> {
    if (isBridged(call.sessionId)) this.#bridge.endSession(call);
    else await this.#raw.endSession(call);
  }

  close(): Promise<void> {
    return this.#raw.close();
  }

  async #begin(message: Uint8Array, call: BackendCall): Promise<BackendAnswer> {
    if (!this.#era.isModernOnly) {
      const answer = await this.#raw.send(message, call).catch((error: unknown) => {
        // A child that is shared is asked to begin once for all, and says so only once that it does not.
        if (error instanceof BackendFailure && error.kind === "malformed") return error;
        throw error;
      });
      if (answer instanceof BackendFailure) return this.#beginModern(message, call, answer);
      if (answer.status === 401 || answer.status === 403 || answer.status === 429 || answer.status >= 500)
        return answer;
      const { response, replay } = await readToResponse(answer);
      const whole = { ...answer, messages: replay };
      if (answer.status < 300 && asObject(response?.value["error"]) === undefined) return whole;
      const introduction = await this.#discover(call);
      if (introduction === undefined) return whole;
      this.#era.isModernOnly = true;
      return this.#bridge.initialize(message, introduction);
    }
    return this.#beginModern(
      message,
      call,
      new BackendFailure("malformed", `does not speak ${latestModernVersion}`),
    );
  }

  async #beginModern(
    message: Uint8Array,
    call: BackendCall,
    failure: BackendFailure,
  ): Promise<BackendAnswer> {
    const introduction = await this.#discover(call);
    this.#era.isModernOnly = introduction !== undefined || this.#era.protocol === "modern";
    if (introduction === undefined) throw failure;
    return this.#bridge.initialize(message, introduction);
  }

  /** What a server of the modern era says of itself. */
  async #discover({ headers, signal }: BackendCall): Promise<JsonObject | undefined> {
    const method = "server/discover";
    const _meta = {
      [versionKey]: latestModernVersion,
      [clientInfoKey]: this.#clientInfo,
      [capabilitiesKey]: {},
    };
    const message = encodeText(
      JSON.stringify({ jsonrpc: "2.0", id: "aigw-discover", method, params: { _meta } }),
    );
    const answer = await this.#raw.send(message, {
      sessionId: undefined,
      protocolVersion: latestModernVersion,
      headers: [...headers, ["mcp-method", method]],
      signal,
    });
    const { response, replay } = await readToResponse(answer);
    replay.cancel();
    const result = asObject(response?.value["result"]);
    const versions: unknown = result?.["supportedVersions"];
    return Array.isArray(versions) && versions.includes(latestModernVersion) ? result : undefined;
  }
}

/** Reads up to the answer, and gives a reader that has it all again. */
async function readToResponse({
  messages,
}: BackendAnswer): Promise<{ response: RpcResponse | undefined; replay: MessageReader }> {
  const read: BackendMessage[] = [];
  let response: RpcResponse | undefined;
  while (response === undefined) {
    const next = await messages.next();
    if (next === undefined) break;
    read.push(next);
    const message = readServerMessage(next.bytes);
    if (message?.kind === "response") response = message;
  }
  const replay: MessageReader = {
    get lastEventId() {
      return messages.lastEventId;
    },
    get retryMs() {
      return messages.retryMs;
    },
    next: async () => read.shift() ?? (await messages.next()),
    cancel: () => messages.cancel(),
    takeRaw: () => undefined,
  };
  return { response, replay };
}
