import { randomUUID } from "node:crypto";
import { asObject, isObject, type JsonObject } from "../../dialects/wire/json.ts";
import { editJson } from "../../dialects/wire/json-edit.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import type { BodyEdit } from "../../model/values.ts";
import { type Clock, givenUp } from "../backends/clock.ts";
import { Reply } from "../client/reply.ts";
import { editPaths, type PathEdit } from "../json/edit-paths.ts";
import { callBackend, explain } from "../legacy/call-backend.ts";
import { postBack, postBackSoon } from "../legacy/post-back.ts";
import { readAnswer } from "../legacy/relay-answer.ts";
import type { RoutedRequest } from "../legacy/route-request.ts";
import { resultEdits } from "../naming/rewrite.ts";
import { RpcError, rpcCodes, writeResult } from "../rpc/errors.ts";
import { type RpcRequest, type RpcResponse, readServerMessage } from "../rpc/read-message.ts";
import type { SessionVisit, Visit } from "../server.ts";
import { type CallOutcome, errorOutcome, succeeded, toolFailure } from "../telemetry/observer.ts";
import { failReply } from "./call.ts";
import { capabilitiesKey, logLevelKey, metaOf, metaPrefix } from "./era.ts";
import { sealState } from "./request-state.ts";

/** Calls that wait for their clients' input, whom it has been asked for. */
export class ParkedCalls {
  readonly #calls = new Map<string, LegacyCall>();

  add(call: LegacyCall): string {
    const id = randomUUID();
    this.#calls.set(id, call);
    return id;
  }

  remove(id: string): void {
    this.#calls.delete(id);
  }

  get(id: string | undefined): LegacyCall | undefined {
    return id === undefined ? undefined : this.#calls.get(id);
  }
}

/** What a backend asked in the middle of a call. */
interface Question {
  readonly parkedId: string;
  /** As the backend wrote it. */
  readonly idText: string;
  readonly method: string;
  readonly params: JsonObject;
  readonly resume: () => void;
}

let lastId = 0;
/** The one question that a backend of the legacy era asks at a time. */
const inputKey = "input";

/** Brings a request of the modern era to a legacy backend, through a session that the gateway holds. */
export function callLegacy(visit: Visit, message: RpcRequest, routed: RoutedRequest): Promise<Response> {
  const pooled = visit.server.pool.visit(visit, asObject(metaOf(message)[capabilitiesKey]) ?? {});
  return new LegacyCall(pooled, message, routed).start();
}

/**
 * One call. A legacy backend may ask the client for something while it works: then the client's request is answered
 * with that question, the backend waits, and the client's next request of the same call brings the answer.
 */
export class LegacyCall {
  readonly #visit: SessionVisit;
  readonly #routed: RoutedRequest;
  readonly #clock: Clock;
  readonly #id: string;
  /** The request that is answered next, and how. */
  #message: RpcRequest;
  #reply: Reply;
  #question: Question | undefined;

  constructor(visit: SessionVisit, message: RpcRequest, routed: RoutedRequest) {
    const { limits } = visit.route.route;
    this.#visit = visit;
    this.#routed = routed;
    this.#message = message;
    this.#id = `aigw-${++lastId}`;
    this.#clock = visit.server.clocks.start({ totalMs: limits.callMs, idleMs: limits.callIdleMs });
    this.#reply = this.#newReply(visit.request);
  }

  get method(): string {
    return this.#message.method;
  }

  start(): Promise<Response> {
    void this.#run();
    return this.#reply.response;
  }

  /** Goes on with what the client has brought. */
  async resume(visit: Visit, message: RpcRequest): Promise<Response> {
    const question = this.#question;
    if (question === undefined) throw stale();
    const answer = asObject(message.params?.["inputResponses"])?.[inputKey];
    this.#message = message;
    this.#reply = this.#newReply(visit.request);
    const { response } = this.#reply;
    if (!isObject(answer)) {
      this.#ask(question);
      return response;
    }
    this.#question = undefined;
    this.#visit.server.parked.remove(question.parkedId);
    const bytes = encodeText(writeResult(question.idText, JSON.stringify(answer)));
    try {
      await postBack(this.#visit, this.#routed.backend, bytes);
    } catch (error) {
      failReply(this.#visit, message, this.#reply, error);
      this.#clock.abort(givenUp);
      return response;
    }
    this.#clock.touch();
    question.resume();
    return response;
  }

  #newReply(request: Request): Reply {
    const leave = () => {
      // A client that has its question is free to go: it comes back with another request.
      if (this.#question === undefined && this.#reply === reply) this.#cancel();
    };
    request.signal.addEventListener("abort", leave, { once: true });
    const { server, route } = this.#visit;
    const { heartbeatMs } = route.route.limits;
    const reply = new Reply({ clocks: server.clocks, heartbeatMs, onGone: leave });
    return reply;
  }

  #cancel(): void {
    if (this.#clock.signal.aborted || this.#reply.isOver) return;
    const params = JSON.stringify({ requestId: this.#id, reason: "the client has gone" });
    const text = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":${params}}`;
    postBackSoon(this.#visit, this.#routed.backend, encodeText(text));
    this.#clock.abort(givenUp);
  }

  /** Never rejects: whatever goes wrong becomes the client's answer. */
  async #run(): Promise<void> {
    const { backend, edits } = this.#routed;
    const { method } = this.#message;
    let outcome: CallOutcome = succeeded;
    try {
      const bytes = toLegacy(this.#message, this.#id, edits);
      const answer = await callBackend(this.#visit, backend, bytes, this.#clock);
      const options = {
        id: this.#id,
        clock: this.#clock,
        relay: (translated: Uint8Array) => this.#relay(translated),
      };
      outcome = this.#finish(await readAnswer(this.#visit, backend, answer, options));
    } catch (error) {
      outcome = this.#fail(error);
    } finally {
      this.#clock.stop();
      if (this.#question !== undefined) this.#visit.server.parked.remove(this.#question.parkedId);
      this.#visit.observer.called(method, backend.name, outcome, this.#clock.elapsedMs);
      this.#visit.observer.end(outcome);
    }
  }

  #fail(error: unknown): CallOutcome {
    let explained = error;
    try {
      explained = explain(this.#visit, this.#routed.backend, error);
    } catch {
      // A mistake of the program's own, which is logged with the answer.
    }
    return failReply(this.#visit, this.#message, this.#reply, explained);
  }

  /** What the backend says meanwhile, as a client of its session would get it. */
  #relay(translated: Uint8Array): Promise<void> | undefined {
    const message = readServerMessage(translated);
    if (message?.kind === "request") return this.#park(message);
    const isLog = message?.kind === "notification" && message.method === "notifications/message";
    if (isLog && metaOf(this.#message)[logLevelKey] === undefined) return undefined;
    return this.#reply.relay(translated);
  }

  /** The backend gets no further before this resolves. */
  #park({ id, method, params = {} }: RpcRequest): Promise<void> | undefined {
    const opened = this.#visit.server.sealedIds.open(id, this.#visit.session);
    if (opened === undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const question: Question = {
      parkedId: this.#visit.server.parked.add(this),
      idText: opened.idText,
      method,
      params,
      resume: resolve,
    };
    this.#question = question;
    this.#clock.signal.addEventListener("abort", () => resolve(), { once: true });
    this.#ask(question);
    return promise;
  }

  #ask({ parkedId, method, params }: Question): void {
    const { backend } = this.#routed;
    const result = {
      resultType: "input_required",
      inputRequests: { [inputKey]: { method, params } },
      requestState: sealState(this.#visit, { backend: backend.name, parked: parkedId }),
    };
    this.#reply.finish(encodeText(writeResult(this.#message.idText, JSON.stringify(result))));
  }

  #finish(response: RpcResponse): CallOutcome {
    const { method, idText } = this.#message;
    const { backend } = this.#routed;
    const edits: PathEdit[] = [{ path: ["id"], json: idText }];
    const result = asObject(response.value["result"]);
    if (result === undefined) {
      const { code, message, data } = asObject(response.value["error"]) ?? {};
      const number = typeof code === "number" ? code : rpcCodes.internal;
      return failReply(
        this.#visit,
        this.#message,
        this.#reply,
        new RpcError(number, String(message), { data }),
      );
    }
    if (this.#visit.route.naming !== "transparent")
      edits.push(...resultEdits(method, result, backend.prefix));
    const added: BodyEdit[] = [{ op: "set", path: ["result", "resultType"], json: '"complete"' }];
    if (method === "resources/read") {
      added.push({ op: "set", path: ["result", "ttlMs"], json: "0" });
      added.push({ op: "set", path: ["result", "cacheScope"], json: '"private"' });
    }
    this.#reply.finish(editJson(editPaths(response.bytes, edits), added));
    this.#visit.observer.answered(result);
    if (result["isError"] === true) return toolFailure(result, this.#routed.bare, backend.name);
    const { error } = response.value;
    return error === undefined ? succeeded : errorOutcome(error);
  }
}

/** The request as a legacy backend understands it, under an id of the session's own. */
function toLegacy({ bytes, params }: RpcRequest, id: string, edits: readonly PathEdit[]): Uint8Array {
  const meta = Object.keys(asObject(params?.["_meta"]) ?? {}).filter((key) => key.startsWith(metaPrefix));
  const removed: BodyEdit[] = [
    ...meta.map((key): BodyEdit => ({ op: "remove", path: ["params", "_meta", key] })),
    { op: "remove", path: ["params", "requestState"] },
    { op: "remove", path: ["params", "inputResponses"] },
  ];
  return editJson(editPaths(bytes, [...edits, { path: ["id"], json: JSON.stringify(id) }]), removed);
}

/** The call is not there any more: it took too long, or it was another process. */
export function stale(): RpcError {
  return new RpcError(
    rpcCodes.internal,
    "the call that asked for this input is not waiting any more: begin it again",
  );
}
