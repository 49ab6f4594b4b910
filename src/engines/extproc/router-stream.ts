import { randomUUID } from "node:crypto";
import {
  describeModel,
  type Endpoint,
  type Family,
  failureWriters,
  type LocalAnswer,
  type Lookup,
  listModels,
} from "../../endpoints/index.ts";
import { type Exchange, isLocalAnswer } from "../../exchange/exchange.ts";
import { admit, familyOf } from "../admit.ts";
import type { Admission } from "../traffic/guard.ts";
import { overrideLocal } from "../traffic/override.ts";
import type { MessageKind, ProcessingRequest } from "./codec/processing-request.ts";
import type { HeaderSets, ProcessingResponse } from "./codec/processing-response.ts";
import type { Door } from "./door.ts";
import { EnvoyVisitor, urlOf } from "./envoy-visitor.ts";
import { immediate } from "./immediate.ts";
import { internalPrefix, modelHeader, originalPathHeader, requestIdHeader } from "./names.ts";
import type { Processor } from "./processor.ts";
import { RequestState } from "./request-state.ts";
import { ResponseSide } from "./response-side.ts";
import type { Role } from "./role.ts";

/**
 * The listener's filter: one stream for one client request, from its headers to the end of its answer.
 *
 * Request headers, body, then attempts (each on a stream of its own), response headers, body.
 */
export class RouterStream implements Role {
  readonly #processor: Processor;
  readonly #maxBodyBytes: number;
  readonly #door: Door;
  #path = "/";
  /** As the client sees it; attempts change what headers say of it. Asked for only by rules that may redirect. */
  #url = "";
  #configuredMode: number | undefined;
  #state: RequestState | undefined;
  #response: ResponseSide | undefined;

  /** `maxBodyBytes`: of requests; above it clients get 413. */
  constructor(processor: Processor, maxBodyBytes: number, door: Door = {}) {
    this.#processor = processor;
    this.#maxBodyBytes = maxBodyBytes;
    this.#door = door;
  }

  answer(message: ProcessingRequest): ProcessingResponse | Promise<ProcessingResponse> {
    switch (message.kind) {
      case "request-headers":
        return this.#requestHeaders(message);
      case "request-body":
        return this.#state === undefined
          ? { kind: "request-body" }
          : this.#open(this.#state, message.body, "request-body", {});
      case "response-headers":
        return this.#responseHeaders(message);
      case "response-body":
        return this.#response?.body(message) ?? { kind: "response-body" };
      case "request-trailers":
        return { kind: "request-trailers" };
      case "response-trailers":
        return this.#response?.trailers() ?? { kind: "response-trailers" };
      case undefined:
        throw new Error("the message has no content");
    }
  }

  broken(): ProcessingResponse | undefined {
    if (this.#response?.isUnderWay === true) return undefined;
    const message = "the gateway failed to handle this request";
    const answer = this.#state?.exchange.fail("internal", message);
    return immediate(
      answer ?? failureWriters.openai({ code: "internal", status: 500, message, requestId: "" }),
    );
  }

  ended(): void {
    const state = this.#state;
    if (state === undefined) return;
    this.#processor.requests.delete(state.id);
    if (this.#response === undefined) state.settle({ status: 0, isComplete: false });
    else this.#response.close();
  }

  #requestHeaders(message: ProcessingRequest): ProcessingResponse | Promise<ProcessingResponse> {
    const { headers } = message;
    // Nothing that a client sends may pass for ours.
    const forged = headers.take(internalPrefix);
    const requestId = headers.get("x-request-id") ?? randomUUID();
    const method = headers.get(":method") ?? "";
    this.#path = headers.get(":path") ?? "/";
    this.#configuredMode = message.responseBodyMode;
    const found = this.#processor.endpoints.lookup(method, this.#path, requestId);
    const visitor = new EnvoyVisitor(requestId, headers, this.#door.address);
    const admission = this.#admit(found, visitor);
    if (admission === undefined) return this.#enter(message, found, visitor, method, forged);
    return admission.then((refused) =>
      refused === undefined ? this.#enter(message, found, visitor, method, forged) : immediate(refused),
    );
  }

  /** `undefined`: nobody stands at the door, or not before the rule is known. */
  #admit(found: Lookup, visitor: EnvoyVisitor): Promise<LocalAnswer | undefined> | undefined {
    const { access, isLate } = this.#door;
    if (access === undefined || (isLate && found.type === "endpoint")) return undefined;
    return admit(visitor, this.#processor.gatekeeper(access), familyOf(found));
  }

  #enter(
    message: ProcessingRequest,
    found: Lookup,
    visitor: EnvoyVisitor,
    method: string,
    forged: readonly string[],
  ): ProcessingResponse | Promise<ProcessingResponse> {
    const { headers, requestId } = visitor;
    if (found.type === "answer") return immediate(found.answer);
    const { current } = this.#processor.generations;
    if (current === undefined) return immediate(notConfigured(found, requestId));
    if (found.type === "models") {
      const { models } = current.twin.model;
      const host = headers.get(":authority") ?? headers.get("host") ?? "";
      const { family, id } = found;
      return immediate(
        id === undefined ? listModels(models, host, family) : describeModel(models, host, family, id),
      );
    }
    if (current.routes !== undefined) this.#url = urlOf(headers, this.#path);
    const id = `${requestId}-${randomUUID()}`;
    const { isLate, access } = this.#door;
    const admitted = isLate ? undefined : access;
    const state = new RequestState(id, current, found.endpoint, method, visitor, admitted);
    this.#state = state;
    this.#processor.requests.set(id, state);
    if (Number(headers.get("content-length") ?? 0) > this.#maxBodyBytes)
      return this.#refuse(state, this.#tooLarge(state));
    const { remove, set } = visitor.takeChanges();
    const edits = { remove: [...forged, ...remove], set: [...set, [requestIdHeader, id] as const] };
    // Without a body there is nothing to route by, which the endpoint says in its own way.
    if (message.isEnd) return this.#open(state, new Uint8Array(0), "request-headers", edits);
    return { kind: "request-headers", ...edits };
  }

  #open(
    state: RequestState,
    body: Uint8Array,
    kind: Extract<MessageKind, "request-headers" | "request-body">,
    edits: { readonly remove?: readonly string[]; readonly set?: HeaderSets },
  ): ProcessingResponse | Promise<ProcessingResponse> {
    const { exchange } = state;
    if (body.length > this.#maxBodyBytes) return this.#refuse(state, this.#tooLarge(state));
    const refused = exchange.open(body) ?? refuseModel(exchange);
    if (refused !== undefined) return this.#refuse(state, refused);
    const set: HeaderSets = [
      ...(edits.set ?? []),
      [modelHeader, exchange.model],
      [originalPathHeader, this.#path],
      // Envoy takes this one only where its configuration lets it.
      ["x-envoy-original-path", this.#path],
    ];
    const go = (): ProcessingResponse => ({ kind, ...edits, set, clearsRouteCache: true });
    const admission = this.#hold(state, body.length);
    if (admission === undefined) return go();
    const follow = (answer: Admission) => {
      if (answer !== undefined && isLocalAnswer(answer)) return this.#refuse(state, answer);
      state.verdict = answer;
      return go();
    };
    return admission instanceof Promise ? admission.then(follow) : follow(admission);
  }

  /** Asks the rule that Envoy will choose whether the request may go on. */
  #hold(state: RequestState, bodyBytes: number): Admission | Promise<Admission> {
    const { exchange, headers, generation } = state;
    const { guard } = this.#processor;
    const { listener = "", address } = this.#door;
    if (guard === undefined || generation.routes === undefined) return undefined;
    const facts = {
      method: exchange.head.method,
      path: this.#path,
      headers,
      model: exchange.model,
      remoteAddress: () => address,
    };
    const host = headers.get(":authority") ?? headers.get("host") ?? "";
    state.traffic = generation.routes.find(listener, host, facts);
    if (state.traffic === undefined) return undefined;
    return guard.admit(state.traffic, exchange, facts, bodyBytes);
  }

  #tooLarge({ exchange }: RequestState): LocalAnswer {
    const limit = `the ${this.#maxBodyBytes} bytes that this gateway accepts`;
    return exchange.fail("request_too_large", `the request body is larger than ${limit}`);
  }

  /** The request ends here. */
  #refuse(state: RequestState, refusal: LocalAnswer): ProcessingResponse {
    const answer = overrideLocal(state.traffic, refusal, this.#url);
    state.settle({ status: answer.status, isComplete: true });
    return immediate(answer);
  }

  #responseHeaders(message: ProcessingRequest): ProcessingResponse {
    if (this.#state === undefined) return { kind: "response-headers" };
    this.#response = new ResponseSide(this.#state, this.#processor.log, this.#configuredMode, this.#url);
    return this.#response.headers(message);
  }
}

function notConfigured(found: Exclude<Lookup, { type: "answer" }>, requestId: string): LocalAnswer {
  const family: Family = found.type === "models" ? found.family : (found.endpoint satisfies Endpoint).family;
  const message = "the gateway has no configuration yet";
  return failureWriters[family]({ code: "no_healthy_upstream", status: 503, message, requestId });
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header cannot carry.
const unroutable = /[\u0000-\u001f\u007f]/;

/** Envoy routes by the model as a header, and ends requests whose headers it cannot have with an empty 500. */
function refuseModel(exchange: Exchange): LocalAnswer | undefined {
  if (!unroutable.test(exchange.model)) return undefined;
  return exchange.fail("invalid_request", "invalid request body: model must not have control characters");
}
