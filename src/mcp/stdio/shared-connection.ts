import { randomUUID } from "node:crypto";
import { editJson } from "../../dialects/wire/json-edit.ts";
import { findMember, memberName, skipValue } from "../../dialects/wire/json-scan.ts";
import { decodeText, encodeText } from "../../dialects/wire/text.ts";
import {
  type BackendAnswer,
  type BackendCall,
  type BackendConnection,
  BackendFailure,
} from "../backends/connection.ts";
import { accepted, answerHere, answerWith, pong, refusal } from "./answers.ts";
import { BackOff } from "./back-off.ts";
import { Child } from "./child.ts";
import type { ConnectionOptions } from "./connect-stdio.ts";
import { Conversation } from "./conversation.ts";
import { type MessageHead, paramText, readHead } from "./message-head.ts";
import { MessageQueue } from "./message-queue.ts";
import { Subscriptions } from "./subscriptions.ts";

/** A running child and what is said with it. */
interface Running {
  readonly child: Child;
  readonly conversation: Conversation;
}

/** What the child is told for itself, whoever talks through it. */
const swallowed = new Set([
  "notifications/initialized",
  "notifications/roots/list_changed",
  "notifications/progress",
]);
const levels = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];
const listChanges = ["tools", "prompts", "resources"].map((kind) =>
  encodeText(`{"jsonrpc":"2.0","method":"notifications/${kind}/list_changed"}`),
);

/**
 * One child for all sessions. It is introduced to one client, this program, whose requests are those of everybody; so
 * it cannot ask a client anything. What one session wants to hear of it hears alone, as far as that can be told.
 */
export class SharedConnection implements BackendConnection {
  readonly canAsk = false;
  readonly #options: ConnectionOptions;
  readonly #backOff = new BackOff();
  readonly #subscriptions = new Subscriptions();
  readonly #listeners = new Map<MessageQueue, string | undefined>();
  readonly #levels = new Map<string, string>();
  #running: Running | undefined;
  /** What this child answers to `initialize`. */
  #introduction: Promise<string> | undefined;
  /** It begins sessions: each child is introduced before its first request from then on. */
  #isLegacy = false;
  /** The child is not the first one. */
  #isSuccessor = false;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #lastReason = "";
  #isClosed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    // Programs take their time to start; it need not be a client's.
    this.#start();
  }

  async send(message: Uint8Array, call: BackendCall): Promise<BackendAnswer> {
    const head = readHead(message);
    if (head === undefined || head.kind === "response") return accepted();
    if (head.kind === "notification") return this.#notify(message, head, call);
    if (head.method === "initialize") {
      const resultText = await this.#introduce();
      this.#isLegacy = true;
      return answerHere(head.idText, resultText, call.sessionId ?? randomUUID());
    }
    if (this.#isLegacy) await this.#introduce();
    const { conversation } = this.#start();
    const request = this.#share(message, head, call.sessionId ?? "");
    if (request === undefined) return answerHere(head.idText, "{}");
    return answerWith(conversation.request(request, head, call.sessionId, call));
  }

  async listen(call: BackendCall): Promise<BackendAnswer> {
    const queue: MessageQueue = new MessageQueue(() => this.#listeners.delete(queue), call.signal);
    this.#listeners.set(queue, call.sessionId);
    return answerWith(queue);
  }

  async endSession({ sessionId }: BackendCall): Promise<void> {
    if (sessionId === undefined) return;
    this.#levels.delete(sessionId);
    for (const uri of this.#subscriptions.removeAll(sessionId))
      this.#mention("resources/unsubscribe", { uri });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    for (const queue of this.#listeners.keys()) queue.finish();
    this.#listeners.clear();
    await this.#running?.child.stop(this.#options.stopTimes);
  }

  #notify(message: Uint8Array, head: MessageHead, call: BackendCall): BackendAnswer {
    const conversation = this.#running?.conversation;
    if (head.method === "notifications/cancelled") conversation?.cancel(message, head, call.sessionId);
    else if (!swallowed.has(head.method)) conversation?.tell(message);
    return accepted();
  }

  /** What the child gets of a request that has to do with its state; `undefined` if nothing. */
  #share(message: Uint8Array, head: MessageHead, owner: string): Uint8Array | undefined {
    const uri = paramText(message, head, "uri");
    if (head.method === "resources/subscribe" && uri !== undefined)
      return this.#subscriptions.add(uri, owner) ? message : undefined;
    if (head.method === "resources/unsubscribe" && uri !== undefined)
      return this.#subscriptions.remove(uri, owner) ? message : undefined;
    const level = paramText(message, head, "level");
    if (head.method !== "logging/setLevel" || level === undefined || !levels.includes(level)) return message;
    this.#levels.delete(owner);
    if (this.#levels.size >= 10_000) this.#levels.delete(this.#levels.keys().next().value ?? "");
    this.#levels.set(owner, level);
    return editJson(message, [
      { op: "set", path: ["params", "level"], json: JSON.stringify(this.#loudest()) },
    ]);
  }

  /** The most that anybody wants to hear. */
  #loudest(): string | undefined {
    const wanted = [...this.#levels.values()].map((level) => levels.indexOf(level));
    return wanted.length === 0 ? undefined : levels[Math.max(...wanted)];
  }

  /** The child, started if it may be. */
  #start(): Running {
    if (this.#running !== undefined) return this.#running;
    if (this.#isClosed) throw new BackendFailure("connect", "is shutting down");
    this.#backOff.check(this.#lastReason);
    const { child: options, log, name } = this.#options;
    this.#backOff.started();
    const child = new Child(options, {
      onLine: (line) => conversation.receive(line),
      onTooLong: (start, end) => conversation.receiveTooLong(start, end),
      onDrain: () => conversation.drained(),
      onExit: (reason) => this.#ended(running, reason),
    });
    const conversation: Conversation = new Conversation({
      write: (message) => child.write(message),
      onUnasked: (message, head) => this.#hear(running, message, head),
      onJunk: (line) =>
        log.debug("an MCP server wrote something that is no message", { server: name, bytes: line.length }),
    });
    const running: Running = { child, conversation };
    this.#running = running;
    return running;
  }

  #ended({ child, conversation }: Running, reason: string): void {
    this.#running = undefined;
    this.#lastReason = reason;
    this.#introduction = undefined;
    this.#isSuccessor = true;
    conversation.fail(new BackendFailure("reset", reason));
    if (this.#isClosed) return;
    this.#backOff.ended();
    const { log, name } = this.#options;
    const last = child.lastErrors.slice(-5).join("\n");
    log.error("an MCP server has ended", {
      server: name,
      reason,
      again_ms: Math.ceil(this.#backOff.waitMs),
      last,
    });
    // Somebody listens, and has to hear that things are different now; others come by themselves.
    if (!this.#isLegacy || this.#listeners.size === 0) return;
    this.#comeBack();
  }

  /** Starts the next child as soon as it may be, unless a request does so before. */
  #comeBack(): void {
    clearTimeout(this.#restart);
    this.#restart = setTimeout(() => {
      if (this.#isClosed || this.#running !== undefined) return;
      if (this.#backOff.waitMs > 0) this.#comeBack();
      // If it ends at once, that is logged and it comes back later.
      else this.#introduce().catch(() => {});
    }, Math.ceil(this.#backOff.waitMs));
    this.#restart.unref?.();
  }

  /** The text of what the child answers to `initialize`; it is asked once in its life. */
  #introduce(): Promise<string> {
    this.#introduction ??= this.#handshake().catch((error: unknown) => {
      this.#introduction = undefined;
      throw error;
    });
    return this.#introduction;
  }

  async #handshake(): Promise<string> {
    const { conversation } = this.#start();
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: this.#options.clientInfo };
    const result = await this.#ask("initialize", params);
    conversation.tell(encodeText('{"jsonrpc":"2.0","method":"notifications/initialized"}'));
    for (const uri of this.#subscriptions.uris) this.#mention("resources/subscribe", { uri });
    const level = this.#loudest();
    if (level !== undefined) this.#mention("logging/setLevel", { level });
    // Another program, perhaps another version of it.
    if (this.#isSuccessor)
      for (const change of listChanges) for (const queue of this.#listeners.keys()) queue.push(change);
    return result;
  }

  /** A request whose answer nobody needs. */
  #mention(method: string, params: object): void {
    this.#ask(method, params).catch(() => {});
  }

  /** A request of our own; resolves with the text of its result. */
  async #ask(method: string, params: object): Promise<string> {
    const { conversation } = this.#start();
    const message = encodeText(JSON.stringify({ jsonrpc: "2.0", id: 0, method, params }));
    const head = readHead(message);
    if (head === undefined) throw new TypeError("no message");
    const { initializeMs } = this.#options.limits;
    // A program that is downloaded on its first start takes longer than one that is there.
    const signal = AbortSignal.timeout(Math.max(initializeMs, 60_000));
    const call = { sessionId: undefined, protocolVersion: undefined, headers: [], signal };
    const messages = conversation.request(message, head, "aigw", call);
    for (;;) {
      const next = await messages.next();
      if (next === undefined) throw new BackendFailure("reset", "did not answer");
      const text = resultText(next.bytes);
      if (text !== undefined) return text;
      const answer = readHead(next.bytes);
      if (answer?.kind === "response") throw new BackendFailure("malformed", `refused ${method}`);
    }
  }

  #hear({ conversation }: Running, message: Uint8Array, head: MessageHead): void {
    if (head.kind === "request") {
      conversation.tell(head.method === "ping" ? pong(head.idText) : refusal(head.idText, head.method));
      return;
    }
    // It cancels what it asked for, and it could ask nothing.
    if (head.method === "notifications/cancelled") return;
    const uri =
      head.method === "notifications/resources/updated" ? paramText(message, head, "uri") : undefined;
    const mayBeLost = head.method === "notifications/message";
    for (const [queue, owner] of this.#listeners) {
      if (uri === undefined || this.#subscriptions.has(uri, owner ?? "")) queue.push(message, mayBeLost);
    }
  }
}

const resultName = memberName("result");

function resultText(message: Uint8Array): string | undefined {
  const at = findMember(message, 0, resultName);
  return at < 0 ? undefined : decodeText(message.subarray(at, skipValue(message, at)));
}
