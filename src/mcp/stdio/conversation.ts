import { editJson, setMember } from "../../dialects/wire/json-edit.ts";
import { decodeText } from "../../dialects/wire/text.ts";
import { type BackendCall, BackendFailure, type MessageReader } from "../backends/connection.ts";
import {
  cancelledId,
  idName,
  type MessageHead,
  readHead,
  reportedToken,
  requestedToken,
} from "./message-head.ts";
import { MessageQueue } from "./message-queue.ts";

/** Requests that a child works on at once, and how many more may wait. */
const maxInFlight = 64;
const maxWaiting = 1024;

export interface ConversationHandlers {
  /** Writes one message; false while the pipe is full. */
  write(message: Uint8Array): boolean;
  /** A notification or a request that belongs to no request of ours. */
  onUnasked(message: Uint8Array, head: MessageHead): void;
  /** A line that is no message. */
  onJunk(line: Uint8Array): void;
}

interface Pending {
  readonly queue: MessageQueue;
  readonly owner: string | undefined;
  readonly idText: string;
  readonly tokenText: string | undefined;
  readonly onActivity: (() => void) | undefined;
}

/**
 * Many callers' requests over one pair of pipes. Each goes out under an id of ours, which is its progress token as
 * well, and its answer comes back under the caller's.
 */
export class Conversation {
  readonly #handlers: ConversationHandlers;
  readonly #pending = new Map<number, Pending>();
  /** Requests whose turn has not come, as they will be written. */
  readonly #waiting = new Map<number, { readonly pending: Pending; readonly bytes: Uint8Array }>();
  #isFull = false;
  #nextId = 1;

  constructor(handlers: ConversationHandlers) {
    this.#handlers = handlers;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** The messages that come with an answer. `owner` tells callers apart that use the same ids. */
  request(
    message: Uint8Array,
    head: MessageHead,
    owner: string | undefined,
    call: BackendCall,
  ): MessageReader {
    if (this.#waiting.size >= maxWaiting) throw new BackendFailure("connect", "has too many requests to do");
    const id = this.#nextId++;
    const tokenText = requestedToken(message, head);
    const queue = new MessageQueue(() => this.#giveUp(id), call.signal);
    const pending = { queue, owner, idText: head.idText, tokenText, onActivity: call.onActivity };
    this.#waiting.set(id, { pending, bytes: outgoing(message, id, tokenText !== undefined) });
    this.#pump();
    return queue;
  }

  /** Sends what has no answer. */
  tell(message: Uint8Array): void {
    this.#write(message);
  }

  /** Passes a cancellation on, under the id that the child knows; does nothing for what is over. */
  cancel(message: Uint8Array, head: MessageHead, owner: string | undefined): void {
    const idText = cancelledId(message, head);
    for (const [id, pending] of this.#pending) {
      if (pending.owner !== owner || pending.idText !== idText) continue;
      this.#pending.delete(id);
      pending.queue.finish();
      this.#write(editJson(message, [{ op: "set", path: ["params", "requestId"], json: String(id) }]));
      this.#pump();
      return;
    }
  }

  /** One line that the child has written. */
  receive(line: Uint8Array): void {
    const head = readHead(line);
    if (head === undefined) this.#handlers.onJunk(line);
    else if (head.kind === "response") this.#answer(line, head);
    else if (head.method === "notifications/progress") this.#progress(line, head);
    else this.#handlers.onUnasked(line, head);
  }

  /** A line that was too long to keep: its request, if the ends of the line tell which, has failed. */
  receiveTooLong(start: Uint8Array, end: Uint8Array): void {
    const pattern = /"id"\s*:\s*(\d+)\s*[,}]/;
    const found = pattern.exec(decodeText(start)) ?? pattern.exec(decodeText(end));
    const pending = this.#take(Number(found?.[1]));
    if (pending === undefined) this.#handlers.onJunk(start);
    else pending.queue.fail(new BackendFailure("too-large", "sent an answer that is too large"));
  }

  /** The pipe takes more again. */
  drained(): void {
    this.#isFull = false;
    this.#pump();
  }

  /** Whatever is still asked for gets no answer any more. */
  fail(failure: BackendFailure): void {
    const all = [...this.#pending.values(), ...[...this.#waiting.values()].map(({ pending }) => pending)];
    this.#pending.clear();
    this.#waiting.clear();
    for (const { queue } of all) queue.fail(failure);
  }

  /** The queue of the one request in flight, if there is just one. */
  onlyQueue(): MessageQueue | undefined {
    const [only] = this.#pending.values();
    return this.#pending.size === 1 ? only?.queue : undefined;
  }

  #answer(line: Uint8Array, { idText }: MessageHead): void {
    const pending = this.#take(Number(idText));
    if (pending === undefined) {
      this.#handlers.onJunk(line);
      return;
    }
    pending.onActivity?.();
    pending.queue.push(setMember(line, idName, pending.idText));
    pending.queue.finish();
  }

  #progress(line: Uint8Array, head: MessageHead): void {
    const pending = this.#pending.get(Number(reportedToken(line, head)));
    if (pending?.tokenText === undefined) return;
    pending.onActivity?.();
    const json = pending.tokenText;
    pending.queue.push(editJson(line, [{ op: "set", path: ["params", "progressToken"], json }]), true);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    this.#pump();
    return pending;
  }

  /** The caller has gone: the child need not go on. */
  #giveUp(id: number): void {
    if (this.#waiting.delete(id) || this.#take(id) === undefined) return;
    const params = { requestId: id, reason: "the client has given up" };
    const message = { jsonrpc: "2.0", method: "notifications/cancelled", params };
    this.#write(new TextEncoder().encode(JSON.stringify(message)));
  }

  #pump(): void {
    for (const [id, { pending, bytes }] of this.#waiting) {
      if (this.#isFull || this.#pending.size >= maxInFlight) return;
      this.#waiting.delete(id);
      this.#pending.set(id, pending);
      this.#write(bytes);
    }
  }

  #write(message: Uint8Array): void {
    if (!this.#handlers.write(message)) this.#isFull = true;
  }
}

function outgoing(message: Uint8Array, id: number, hasToken: boolean): Uint8Array {
  const json = String(id);
  const own = setMember(message, idName, json);
  return hasToken ? editJson(own, [{ op: "set", path: ["params", "_meta", "progressToken"], json }]) : own;
}
