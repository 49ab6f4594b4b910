import { randomUUID } from "node:crypto";
import {
  type BackendAnswer,
  type BackendCall,
  type BackendConnection,
  BackendFailure,
} from "../backends/connection.ts";
import { accepted, answerWith, gone, pong } from "./answers.ts";
import { BackOff } from "./back-off.ts";
import { Child } from "./child.ts";
import type { ConnectionOptions } from "./connect-stdio.ts";
import { Conversation } from "./conversation.ts";
import { type MessageHead, readHead } from "./message-head.ts";
import { MessageQueue } from "./message-queue.ts";

const maxSessions = 32;
const idleMs = 10 * 60_000;

interface Session {
  readonly child: Child;
  readonly conversation: Conversation;
  listener: MessageQueue | undefined;
  usedAt: number;
}

/** A child for each session: it knows which client it talks to, and may ask it things. */
export class PerSessionConnection implements BackendConnection {
  readonly canAsk = true;
  readonly #options: ConnectionOptions;
  readonly #backOff = new BackOff();
  readonly #sessions = new Map<string, Session>();
  readonly #ending = new Set<Promise<void>>();
  readonly #sweep: ReturnType<typeof setInterval>;
  #lastReason = "";

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#endIdle(), idleMs / 10);
    this.#sweep.unref?.();
  }

  async send(message: Uint8Array, call: BackendCall): Promise<BackendAnswer> {
    const head = readHead(message);
    if (head?.method === "initialize" && head.kind === "request") {
      const id = randomUUID();
      return answerWith(this.#open(id).conversation.request(message, head, undefined, call), id);
    }
    // Where there are no sessions, one child is for all.
    const session = this.#find(call) ?? (call.sessionId === undefined ? this.#open("") : undefined);
    if (session === undefined) return gone();
    if (head === undefined || head.kind === "response") session.conversation.tell(message);
    else if (head.kind === "request") {
      return answerWith(session.conversation.request(message, head, undefined, call));
    } else if (head.method === "notifications/cancelled")
      session.conversation.cancel(message, head, undefined);
    else session.conversation.tell(message);
    return accepted();
  }

  async listen(call: BackendCall): Promise<BackendAnswer> {
    const session = this.#find(call);
    if (session === undefined) return gone();
    const queue: MessageQueue = new MessageQueue(() => {
      if (session.listener === queue) session.listener = undefined;
    }, call.signal);
    session.listener?.finish();
    session.listener = queue;
    return answerWith(queue);
  }

  async endSession({ sessionId }: BackendCall): Promise<void> {
    if (sessionId !== undefined) this.#end(sessionId);
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    for (const id of [...this.#sessions.keys()]) this.#end(id);
    await Promise.all(this.#ending);
  }

  #find({ sessionId }: BackendCall): Session | undefined {
    const session = this.#sessions.get(sessionId ?? "");
    if (session !== undefined) session.usedAt = performance.now();
    return session;
  }

  #open(id: string): Session {
    this.#backOff.check(this.#lastReason);
    if (this.#sessions.size >= maxSessions) this.#endLongestIdle();
    const { child: options, log, name } = this.#options;
    this.#backOff.started();
    const child = new Child(options, {
      onLine: (line) => conversation.receive(line),
      onTooLong: (start, end) => conversation.receiveTooLong(start, end),
      onDrain: () => conversation.drained(),
      onExit: (reason) => this.#ended(id, session, reason),
    });
    const conversation: Conversation = new Conversation({
      write: (message) => child.write(message),
      onUnasked: (message, head) => hear(session, message, head),
      onJunk: (line) =>
        log.debug("an MCP server wrote something that is no message", { server: name, bytes: line.length }),
    });
    const session: Session = { child, conversation, listener: undefined, usedAt: performance.now() };
    this.#sessions.set(id, session);
    return session;
  }

  /** Room for one more, if one has nothing to do. */
  #endLongestIdle(): void {
    const idle = [...this.#sessions].filter(([, { conversation }]) => conversation.inFlight === 0);
    const [oldest] = idle.toSorted(([, a], [, b]) => a.usedAt - b.usedAt);
    if (oldest === undefined) throw new BackendFailure("connect", `has ${maxSessions} clients already`);
    this.#end(oldest[0]);
  }

  #endIdle(): void {
    const before = performance.now() - idleMs;
    for (const [id, { usedAt, conversation, listener }] of [...this.#sessions]) {
      if (usedAt < before && conversation.inFlight === 0 && listener === undefined) this.#end(id);
    }
  }

  #end(id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    session.listener?.finish();
    const stopped = session.child.stop(this.#options.stopTimes).finally(() => this.#ending.delete(stopped));
    this.#ending.add(stopped);
  }

  #ended(id: string, { child, conversation, listener }: Session, reason: string): void {
    const wasWanted = this.#sessions.delete(id);
    this.#lastReason = reason;
    conversation.fail(new BackendFailure("reset", reason));
    listener?.finish();
    if (!wasWanted) return;
    this.#backOff.ended();
    const { log, name } = this.#options;
    log.error("an MCP server has ended", {
      server: name,
      reason,
      last: child.lastErrors.slice(-5).join("\n"),
    });
  }
}

/** What a child says unasked goes with the one request that it works on, else to who listens. */
function hear({ conversation, listener }: Session, message: Uint8Array, head: MessageHead): void {
  if (head.kind === "request" && head.method === "ping") {
    conversation.tell(pong(head.idText));
    return;
  }
  const queue = conversation.onlyQueue() ?? listener;
  if (queue !== undefined) queue.push(message, head.method === "notifications/message");
  else if (head.kind === "request") conversation.tell(refuse(head));
}

function refuse({ idText, method }: MessageHead): Uint8Array {
  const error = { code: -32601, message: `nobody is there to answer ${method}` };
  return new TextEncoder().encode(`{"jsonrpc":"2.0","id":${idText},"error":${JSON.stringify(error)}}`);
}
