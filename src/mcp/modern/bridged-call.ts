import { randomUUID } from "node:crypto";
import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { editJson } from "../../dialects/wire/json-edit.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import type { BodyEdit } from "../../model/values.ts";
import {
  type BackendAnswer,
  BackendFailure,
  type BackendMessage,
  type MessageReader,
} from "../backends/connection.ts";
import { explainFailure } from "../backends/explain-failure.ts";
import { rpcCodes } from "../rpc/errors.ts";
import { type RpcRequest, type RpcResponse, readServerMessage } from "../rpc/read-message.ts";

interface Options {
  /** What the request says of its client. */
  readonly meta: JsonObject;
  readonly send: (bytes: Uint8Array) => Promise<BackendAnswer>;
  /** Has the client's answer to a question of this id handed over. */
  readonly ask: (id: string, answer: (result: unknown) => void) => void;
  readonly forget: (id: string) => void;
  readonly signal: AbortSignal;
}

/** How often a server may want more for one call. */
const maxRounds = 32;

/**
 * One call of a legacy client at a modern server. Where the server wants input, the client is asked for it on the same
 * stream, and the server is called again with what it says.
 */
export class BridgedCall implements MessageReader {
  readonly lastEventId = undefined;
  readonly retryMs = undefined;
  readonly #request: RpcRequest;
  readonly #options: Options;
  readonly #queue: Uint8Array[] = [];
  #upstream: MessageReader | undefined;
  /** What is still to come before the server is called again; with the state that it wants back. */
  #input: { readonly answers: Promise<JsonObject>; readonly state: unknown } | undefined;
  #rounds = 0;

  constructor(request: RpcRequest, options: Options) {
    this.#request = request;
    this.#options = options;
  }

  /** Status as clients of sessions understand it: what JSON-RPC says is no matter of HTTP. */
  async start(): Promise<Pick<BackendAnswer, "status" | "retryAfterMs">> {
    const { status, retryAfterMs, messages } = await this.#options.send(this.#write({}));
    this.#upstream = messages;
    const isTold = status === 400 || status === 404;
    return { status: isTold ? 200 : status, retryAfterMs };
  }

  async next(): Promise<BackendMessage | undefined> {
    for (;;) {
      const bytes = this.#queue.shift();
      if (bytes !== undefined) return { bytes, eventId: undefined };
      if (this.#input !== undefined) await this.#callAgain(this.#input);
      const next = await this.#upstream?.next();
      if (next === undefined) return undefined;
      const message = readServerMessage(next.bytes);
      if (message?.kind !== "response" || message.id !== this.#request.id) return next;
      const result = asObject(message.value["result"]);
      if (result?.["resultType"] !== "input_required")
        return { bytes: finish(this.#request.method, message, result), eventId: undefined };
      this.#upstream?.cancel();
      this.#askFor(result);
    }
  }

  cancel(): void {
    this.#upstream?.cancel();
  }

  takeRaw(): undefined {
    return undefined;
  }

  #askFor({ inputRequests, requestState }: JsonObject): void {
    if (++this.#rounds > maxRounds) throw new BackendFailure("malformed", "wants input without an end");
    const answers = Object.entries(asObject(inputRequests) ?? {}).map(([key, wanted]) => {
      const id = `aigw-input-${randomUUID()}`;
      const { method, params } = asObject(wanted) ?? {};
      this.#queue.push(encodeText(JSON.stringify({ jsonrpc: "2.0", id, method, params })));
      const answer = new Promise<unknown>((resolve) => this.#options.ask(id, resolve));
      return answer.then((result) => [key, result] as const);
    });
    this.#input = {
      answers: Promise.all(answers).then((all) => Object.fromEntries(all)),
      state: requestState,
    };
  }

  async #callAgain({
    answers,
    state,
  }: {
    readonly answers: Promise<JsonObject>;
    readonly state: unknown;
  }): Promise<void> {
    this.#input = undefined;
    const inputResponses = await this.#unlessAborted(answers);
    const more = { inputResponses, ...(state === undefined ? {} : { requestState: state }) };
    this.#upstream = (await this.#options.send(this.#write(more))).messages;
  }

  #unlessAborted<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.#options;
    return new Promise((resolve, reject) => {
      const leave = () => reject(explainFailure(signal.reason, signal));
      if (signal.aborted) leave();
      signal.addEventListener("abort", leave, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  #write(more: JsonObject): Uint8Array {
    const { bytes } = this.#request;
    const edits: BodyEdit[] = [];
    for (const [key, value] of Object.entries(this.#options.meta))
      edits.push({ op: "set", path: ["params", "_meta", key], json: JSON.stringify(value) });
    for (const [key, value] of Object.entries(more))
      edits.push({ op: "set", path: ["params", key], json: JSON.stringify(value) });
    return editJson(bytes, edits);
  }
}

/** Without what only the modern era knows, and with the error that the legacy one has for what is not there. */
function finish(method: string, { bytes, value }: RpcResponse, result: JsonObject | undefined): Uint8Array {
  if (result !== undefined) {
    const known = ["resultType", "ttlMs", "cacheScope"].filter((member) => member in result);
    return editJson(
      bytes,
      known.map((member): BodyEdit => ({ op: "remove", path: ["result", member] })),
    );
  }
  const error = asObject(value["error"]);
  const isMissing = method === "resources/read" && error?.["code"] === rpcCodes.invalidParams;
  const json = String(rpcCodes.resourceNotFound);
  return isMissing && asObject(error["data"])?.["uri"] !== undefined
    ? editJson(bytes, [{ op: "set", path: ["error", "code"], json }])
    : bytes;
}
