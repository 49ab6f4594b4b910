import { asObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import { type Clock, givenUp } from "../backends/clock.ts";
import { Reply } from "../client/reply.ts";
import { editPaths, type PathEdit } from "../json/edit-paths.ts";
import { resultEdits } from "../naming/rewrite.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes, writeError } from "../rpc/errors.ts";
import type { RpcRequest, RpcResponse } from "../rpc/read-message.ts";
import type { SessionVisit } from "../server.ts";
import { callStream, writeEventId } from "../session/event-ids.ts";
import {
  type CallOutcome,
  errorOutcome,
  failureOutcome,
  succeeded,
  toolFailure,
} from "../telemetry/observer.ts";
import { callBackend, explain, type ReadAnswer } from "./call-backend.ts";
import { postBackSoon } from "./post-back.ts";
import { readAnswer } from "./relay-answer.ts";
import {
  addressedBackend,
  type FindOwner,
  neededCapability,
  type RoutedRequest,
  routeRequest,
} from "./route-request.ts";

/** A JSON answer above this size goes on as it arrives, where nothing in it has to be looked at. */
const wholeBelowBytes = 256 * 1024;
/** Of one session at one backend that are made again; the backend may take more. */
const maxSubscriptions = 1_000;

/** Brings one request to the one backend that it is for, and everything that comes of it back. */
export async function routeCall(
  visit: SessionVisit,
  message: RpcRequest,
  findOwner: FindOwner,
): Promise<Response> {
  const { observer } = visit;
  const startedAt = performance.now();
  let routed: RoutedRequest;
  try {
    routed = await routeRequest(visit, message, findOwner);
    checkCapability(visit, routed.backend, message.method);
  } catch (error) {
    const addressed = addressedBackend(visit.route, message);
    const isKnown = addressed === undefined || visit.route.byPrefix.has(addressed);
    const unknown = { message: `backend not found: unknown backend ${addressed}`, code: undefined };
    const outcome = { ...failureOutcome(error), ...(isKnown ? {} : unknown) };
    observer.called(message.method, addressed, outcome, performance.now() - startedAt);
    observer.end(outcome);
    throw error;
  }
  return run(visit, message, routed);
}

/** The same without a name to look for: the route stands for this one backend. */
export function passCall(
  visit: SessionVisit,
  message: RpcRequest,
  backend: PreparedBackend,
): Promise<Response> {
  return run(visit, message, { backend, bare: "", edits: [] });
}

function run(visit: SessionVisit, message: RpcRequest, routed: RoutedRequest): Promise<Response> {
  const { server } = visit;
  const { limits } = visit.route.route;
  const clock = server.clocks.start({ totalMs: limits.callMs, idleMs: limits.callIdleMs }, visit.request);
  const reply = new Reply({
    clocks: server.clocks,
    heartbeatMs: limits.heartbeatMs,
    onGone: () => clock.abort(givenUp),
  });
  visit.session.pending.set(message.idText, {
    cancel(notification) {
      postBackSoon(visit, routed.backend, notification);
      clock.abort(givenUp);
      reply.drop();
    },
  });
  const call = new RoutedCall(visit, message, routed, clock, reply);
  void call.run().finally(() => visit.session.pending.delete(message.idText));
  return reply.response;
}

/** A backend that never said it can do this would say that it cannot. */
function checkCapability({ session }: SessionVisit, backend: PreparedBackend, method: string): void {
  const needed = neededCapability[method];
  const declared = session.backend(backend.name)?.capabilities;
  if (needed === undefined || declared === undefined || (declared & needed) !== 0) return;
  throw new RpcError(rpcCodes.methodNotFound, `backend "${backend.name}" does not support ${method}`);
}

class RoutedCall {
  readonly #visit: SessionVisit;
  readonly #message: RpcRequest;
  readonly #routed: RoutedRequest;
  readonly #clock: Clock;
  readonly #reply: Reply;

  constructor(visit: SessionVisit, message: RpcRequest, routed: RoutedRequest, clock: Clock, reply: Reply) {
    this.#visit = visit;
    this.#message = message;
    this.#routed = routed;
    this.#clock = clock;
    this.#reply = reply;
  }

  /** Never rejects: whatever goes wrong becomes the client's answer. */
  async run(): Promise<void> {
    const { backend, edits } = this.#routed;
    const { method } = this.#message;
    let outcome: CallOutcome = succeeded;
    try {
      const bytes = editPaths(this.#message.bytes, edits);
      const answer = await callBackend(this.#visit, backend, bytes, this.#clock);
      if (!this.#passOn(answer)) outcome = this.#finish(await this.#read(answer));
      if (outcome === succeeded) this.#remember(bytes);
    } catch (error) {
      outcome = this.#fail(error);
    } finally {
      this.#clock.stop();
      this.#visit.observer.called(method, backend.name, outcome, this.#clock.elapsedMs);
      this.#visit.observer.end(outcome);
    }
  }

  #read(answer: ReadAnswer): Promise<RpcResponse> {
    const { backend } = this.#routed;
    const { id, idText } = this.#message;
    return readAnswer(this.#visit, backend, answer, {
      id,
      clock: this.#clock,
      relay: (message, eventId) => {
        if (eventId === undefined) return this.#reply.relay(message);
        const place = { stream: callStream(this.#message.method, idText), ids: { [backend.name]: eventId } };
        return this.#reply.relay(message, writeEventId(this.#visit, place));
      },
    });
  }

  /** Large answers in which nothing can have to be rewritten are not held. */
  #passOn({ answer, first }: ReadAnswer): boolean {
    if (this.#visit.route.naming !== "transparent" || first !== undefined || answer.isStream) return false;
    if (this.#reply.isStream || answer.size === undefined || answer.size < wholeBelowBytes) return false;
    const raw = answer.messages.takeRaw();
    if (raw === undefined) return false;
    this.#reply.finish(raw);
    return true;
  }

  #finish(response: RpcResponse): CallOutcome {
    const { method, idText } = this.#message;
    const edits: PathEdit[] = [];
    if (response.idText !== idText) edits.push({ path: ["id"], json: idText });
    const result = asObject(response.value["result"]);
    if (result !== undefined && this.#visit.route.naming !== "transparent") {
      edits.push(...resultEdits(method, result, this.#routed.backend.prefix));
    }
    this.#reply.finish(editPaths(response.bytes, edits));
    if (result === undefined) return errorOutcome(response.value["error"]);
    const { backend, bare } = this.#routed;
    this.#visit.observer.answered(result);
    return result["isError"] === true ? toolFailure(result, bare, backend.name) : succeeded;
  }

  #fail(error: unknown): CallOutcome {
    const { backend } = this.#routed;
    const { server } = this.#visit;
    let explained: RpcError;
    try {
      explained = explain(this.#visit, backend, error);
    } catch (mistake) {
      server.log.error("an MCP request failed", {
        error: String(mistake instanceof Error ? mistake.stack : mistake),
      });
      explained = new RpcError(rpcCodes.internal, "the gateway failed to handle this request");
    }
    if (explained.code === rpcCodes.gone) this.#cancelUpstream();
    const { status, headers } = explained;
    this.#reply.finish(encodeText(writeError(explained, this.#message.idText)), status, headers);
    return failureOutcome(explained);
  }

  /** The backend is told that nobody waits any more. */
  #cancelUpstream(): void {
    const params = `{"requestId":${this.#message.idText},"reason":"timeout"}`;
    const notification = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":${params}}`;
    postBackSoon(this.#visit, this.#routed.backend, encodeText(notification));
  }

  /** Subscriptions are made again where a backend loses its session. */
  #remember(bytes: Uint8Array): void {
    const { subscriptions } = this.#visit.session;
    const { backend, bare } = this.#routed;
    const { method } = this.#message;
    if (method === "resources/subscribe") {
      const own = subscriptions.get(backend.name) ?? new Map<string, Uint8Array>();
      if (own.size < maxSubscriptions) subscriptions.set(backend.name, own.set(bare, bytes));
    } else if (method === "resources/unsubscribe") subscriptions.get(backend.name)?.delete(bare);
  }
}
