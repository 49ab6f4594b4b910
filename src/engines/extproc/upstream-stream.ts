import { failureWriters, type LocalAnswer } from "../../endpoints/index.ts";
import { isLocalAnswer } from "../../exchange/exchange.ts";
import type { PreparedBackend } from "../../exchange/prepare.ts";
import type { UpstreamMessage } from "../../exchange/upstream-message.ts";
import { metadataHeader, metadataHeaderPrefix } from "../../model/credential.ts";
import type { Key } from "../../model/origin.ts";
import type { Gatekeeper } from "../../policy/access/gatekeeper.ts";
import { authenticate, authorize } from "../admit.ts";
import type { ProcessingRequest } from "./codec/processing-request.ts";
import type { ProcessingResponse } from "./codec/processing-response.ts";
import type { Struct } from "./codec/struct.ts";
import { immediate } from "./immediate.ts";
import { describeAttempt } from "./metadata.ts";
import { attributes, requestIdHeader, retryHeader } from "./names.ts";
import type { Processor } from "./processor.ts";
import type { RequestState } from "./request-state.ts";
import type { Role } from "./role.ts";

/**
 * A cluster's filter: one stream for one attempt. One message has the request's headers; where a credential may be had
 * anew, another one has those of the answer.
 */
export class UpstreamStream implements Role {
  readonly #processor: Processor;
  #state: RequestState | undefined;

  constructor(processor: Processor) {
    this.#processor = processor;
  }

  answer(message: ProcessingRequest): ProcessingResponse | Promise<ProcessingResponse> {
    if (message.kind === "response-headers") return this.#look(message);
    if (message.kind !== "request-headers")
      throw new Error(`a cluster's filter must not send ${message.kind}`);
    const id = message.headers.get(requestIdHeader);
    const state = id === null ? undefined : this.#processor.requests.get(id);
    if (state === undefined) return this.#orphan(message, id);
    this.#state = state;
    const asked = message.attributes() ?? {};
    const backend = this.#backend(asked, state);
    if (backend === undefined) return this.#unknownBackend(asked, state);
    const access = textOf(asked, attributes.access);
    const admission = access === undefined ? undefined : this.#admit(access, state);
    if (admission === undefined) return this.#attempt(message, asked, state, backend);
    return admission.then((refused) =>
      refused === undefined ? this.#attempt(message, asked, state, backend) : answerLocally(state, refused),
    );
  }

  /** What only the route that Envoy chose can tell; once for a request. `undefined`: nothing is left to ask. */
  #admit(access: Key, state: RequestState): Promise<LocalAnswer | undefined> | undefined {
    const gatekeeper = this.#processor.gatekeeper(access, state.generation);
    const isKnown = state.admitted === access;
    if (isKnown && (!gatekeeper.isModelAsked || state.attempts > 0)) return undefined;
    return admitToRoute(state, gatekeeper, isKnown).then((refused) => {
      state.admitted = access;
      return refused;
    });
  }

  #attempt(
    message: ProcessingRequest,
    asked: Struct,
    state: RequestState,
    backend: PreparedBackend,
  ): ProcessingResponse | Promise<ProcessingResponse> {
    state.choose(backend, message.headers);
    layMetadata(state, backend, message);
    const attempt = state.exchange.attempt(backend.ai.key, textOf(asked, attributes.upstreamHost));
    if (!(attempt instanceof Promise)) return this.#send(attempt, state, backend, message);
    return attempt.then((result) => this.#send(result, state, backend, message));
  }

  broken(): ProcessingResponse | undefined {
    const message = "the gateway failed to handle this request";
    const state = this.#state;
    if (state !== undefined) return answerLocally(state, state.exchange.fail("internal", message));
    return immediate(failureWriters.openai({ code: "internal", status: 500, message, requestId: "" }));
  }

  ended(): void {
    this.#state = undefined;
  }

  /** A credential that is refused may be better at the next attempt, which Envoy makes when it is told to. */
  #look({ headers }: ProcessingRequest): ProcessingResponse {
    const status = Number(headers.get(":status") ?? 0);
    if (this.#state?.exchange.refused({ status, headers }) !== true) return { kind: "response-headers" };
    return { kind: "response-headers", set: [[retryHeader, "credential"]] };
  }

  #send(
    result: UpstreamMessage | LocalAnswer,
    state: RequestState,
    backend: PreparedBackend,
    { headers }: ProcessingRequest,
  ): ProcessingResponse {
    if (isLocalAnswer(result)) return answerLocally(state, result);
    if (result.more !== undefined)
      return answerLocally(state, state.exchange.fail("untranslatable", oneAtATime(result.more.length + 1)));
    const { remove, set } = state.edits.next(result, state.headers, headers);
    // A later attempt finds the length of an earlier one's body among the headers, so its own is always given.
    const isReplacing = result.isBodyReplaced || state.attempts > 1;
    const length = isReplacing ? result.body.length : undefined;
    const { exchange } = state;
    const { log, logAttributes } = this.#processor;
    if (log.isOn("debug")) {
      log.debug("attempt", {
        request_id: state.requestId,
        backend: backend.ai.key,
        attempt: state.attempts,
        path: result.path,
        body_bytes: result.body.length,
      });
    }
    return {
      kind: "request-headers",
      isReplacing,
      remove,
      set,
      body: isReplacing ? result.body : undefined,
      metadata: describeAttempt(backend, exchange.model, state.headers, logAttributes, length),
    };
  }

  /** Tells backends apart by print where Envoy's configuration is ours, else by name. */
  #backend(asked: Struct, { generation }: RequestState): PreparedBackend | undefined {
    const routeName = textOf(asked, attributes.routeName);
    const print = textOf(asked, attributes.hostPrint) ?? textOf(asked, attributes.clusterPrint);
    const name = nameOf(asked);
    const { generations } = this.#processor;
    return (
      (print === undefined ? undefined : generations.find(print, routeName, generation)) ??
      (name === undefined ? undefined : generations.find(name, routeName, generation))
    );
  }

  #unknownBackend(asked: Struct, state: RequestState): ProcessingResponse {
    const name = nameOf(asked);
    const message =
      name === undefined ? "no backend's name came with the attributes of a request" : "unknown backend";
    this.#processor.log.error(message, { request_id: state.requestId, backend: name });
    return answerLocally(
      state,
      state.exchange.fail("broken_route", "the backend for this model is not configured"),
    );
  }

  /** An attempt of a request that no listener's filter has shown us. */
  #orphan({ headers }: ProcessingRequest, id: string | null): ProcessingResponse {
    const requestId = headers.get("x-request-id") ?? "";
    this.#processor.log.error(
      "attempt of an unknown request: is the listener's ext_proc filter enabled on its route?",
      {
        request_id: requestId,
        internal_id: id ?? undefined,
      },
    );
    const message = "the gateway failed to handle this request";
    return immediate(failureWriters.openai({ code: "internal", status: 500, message, requestId }));
  }
}

async function admitToRoute(
  { visitor, exchange }: RequestState,
  gatekeeper: Gatekeeper,
  isKnown: boolean,
): Promise<LocalAnswer | undefined> {
  const { family } = exchange.endpoint;
  const refused = isKnown ? undefined : await authenticate(visitor, gatekeeper, family);
  return refused ?? authorize(visitor, gatekeeper, family, exchange.model);
}

/** Envoy sends it back through the listener's filter, which must then leave it alone. */
function answerLocally(state: RequestState, answer: LocalAnswer): ProcessingResponse {
  state.isAnsweredLocally = true;
  return immediate(answer);
}

function nameOf(asked: Struct): string | undefined {
  return textOf(asked, attributes.hostBackend) ?? textOf(asked, attributes.clusterBackend);
}

function textOf(struct: Struct, name: string): string | undefined {
  const value = struct[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Parts of an AWS credential, as its headers and its metadata call them. */
const awsParts = {
  "access-key-id": "accessKeyId",
  "secret-access-key": "secretAccessKey",
  "session-token": "sessionToken",
} as const;

/** Lays the credential that comes as dynamic metadata, if the backend takes one from there, over the headers. */
function layMetadata(
  { headers }: RequestState,
  { overrideHeader }: PreparedBackend,
  message: ProcessingRequest,
): void {
  headers.lay(undefined);
  if (overrideHeader?.startsWith(metadataHeaderPrefix) !== true) return;
  const [namespace, key] = splitAtFirst(overrideHeader.slice(metadataHeaderPrefix.length), "/");
  const value = message.metadata(namespace)?.[key];
  const laid = new Map<string, string>();
  const name = metadataHeader(namespace, key);
  if (typeof value === "string") laid.set(name, value);
  else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [suffix, member] of Object.entries(awsParts)) {
      const part = (value as Struct)[member];
      if (typeof part === "string") laid.set(name + suffix, part);
    }
  }
  headers.lay(laid);
}

function splitAtFirst(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** Envoy sends one request for each of its client's. */
function oneAtATime(count: number): string {
  return `invalid request body: input: this model takes one input a request, not ${count}, and Envoy cannot send several for one; send a request for each input, or use the embedded engine`;
}
