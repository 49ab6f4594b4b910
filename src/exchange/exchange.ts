import type { Refusal, Signature } from "../credentials/index.ts";
import type { IrWarning } from "../dialects/ir/values.ts";
import type {
  AnswerReader,
  BodyPlan,
  ClientRequest,
  Passage,
  Replacement,
  Target,
  UpstreamHead,
} from "../dialects/passage.ts";
import { type Endpoint, failureWriters, type LocalAnswer } from "../endpoints/index.ts";
import { ExchangeFailure, type FailureCode, failureStatus } from "../model/failure.ts";
import type { HeaderView } from "../model/headers.ts";
import type { Key } from "../model/origin.ts";
import { AnswerMeter } from "./meter.ts";
import { type ExchangeObserver, observePlan } from "./observer.ts";
import type { ExchangeTwin, PreparedBackend } from "./prepare.ts";
import { settle } from "./settle.ts";
import type { Outcome, Settled } from "./settled.ts";
import { compose, type UpstreamMessage } from "./upstream-message.ts";

/** What an exchange knows of its client's request before the body. */
export interface RequestHead {
  readonly method: string;
  /** Without internal headers (`x-ai-eg-*`); names in any case are found. */
  readonly headers: HeaderView;
  readonly requestId: string;
}

/** The type that tells the two apart: only local answers have a status. */
export function isLocalAnswer(value: object): value is LocalAnswer {
  return "status" in value;
}

/**
 * One client request, from its body to settled. It knows meaning and no sockets; an engine owns I/O, timers, retries.
 *
 * - `open` once, with the whole body; then `attempt` for each backend tried; `answer` for the one whose answer counts;
 *   `settle` last, exactly once, however it ended.
 * - Whatever returns a `LocalAnswer` has ended the exchange with it.
 */
export class Exchange {
  readonly endpoint: Endpoint;
  readonly head: RequestHead;
  readonly #twin: ExchangeTwin;
  #request: ClientRequest | undefined;
  #backend: PreparedBackend | undefined;
  #passage: Passage | undefined;
  #meter: AnswerMeter | undefined;
  #signature: Signature | undefined;
  /** Absent while nobody looks on. */
  #observer: ExchangeObserver | undefined;
  /** Backends that had a second chance after they refused a credential. */
  #renewed: Set<Key> | undefined;
  #attempts = 0;
  #answerStatus: number | undefined;
  #failure: FailureCode | undefined;
  #isSettled = false;

  constructor(twin: ExchangeTwin, endpoint: Endpoint, head: RequestHead) {
    this.#twin = twin;
    this.endpoint = endpoint;
    this.head = head;
  }

  /** What to route by; empty before `open` and for endpoints that can do without. */
  get model(): string {
    return this.#request?.model ?? "";
  }

  get isStream(): boolean {
    return this.#request?.isStream ?? false;
  }

  /** What the last attempt could not say or hand on, so far. */
  get warnings(): readonly IrWarning[] {
    return this.#meter?.warnings ?? [];
  }

  /** The whole client body. `undefined`: understood, go on to routing. */
  open(body: Uint8Array): LocalAnswer | undefined {
    try {
      const { headers } = this.head;
      this.#request = this.endpoint.readRequest(body, headers.get("content-type") ?? "", headers);
      const { observe } = this.#twin.hooks;
      if (observe !== undefined) {
        const { requestId } = this.head;
        this.#observer = observe({ endpoint: this.endpoint, request: this.#request, requestId, headers });
      }
      return undefined;
    } catch (error) {
      return this.#caught(error);
    }
  }

  /** Whether any of these backends could serve this request at all. */
  canServe(key: Key): boolean {
    return this.#twin.backend(key)?.passage(this.endpoint.name) !== undefined;
  }

  /**
   * What to send to the backend that was chosen. Starts from the client's request each time.
   * Waits only for credentials; where those are at hand the result is there at once.
   */
  attempt(
    key: Key,
    upstreamHost?: string,
  ): UpstreamMessage | LocalAnswer | Promise<UpstreamMessage | LocalAnswer> {
    const backend = this.#twin.backend(key);
    const request = this.#request;
    if (backend === undefined || request === undefined) {
      return this.fail("internal", "the request cannot be forwarded");
    }
    this.#attempts += 1;
    this.#backend = backend;
    this.#failure = undefined;
    this.#answerStatus = undefined;
    this.#signature = undefined;
    this.#meter = new AnswerMeter();
    this.#observer?.attempt(backend.ai);
    this.#passage = backend.passage(this.endpoint.name);
    if (this.#passage === undefined)
      return this.fail("unsupported_pair", unsupported(this.endpoint, backend));
    try {
      const outbound = this.#passage.request(request, this.#target(backend, request));
      for (const warning of outbound.warnings ?? []) this.#meter.warn(warning);
      const signed = this.#sign(
        compose(request, outbound, backend, this.#observer?.carried),
        backend,
        upstreamHost,
      );
      return signed instanceof Promise ? signed.catch((error: unknown) => this.#caught(error)) : signed;
    } catch (error) {
      return this.#caught(error);
    }
  }

  /**
   * Whether the last attempt's backend refused the credential, and another `attempt` at it may have a better one (a
   * token fetched anew, a clock put right). True once for each backend; asked before `answer`.
   */
  refused(answer: Refusal): boolean {
    // Almost always over here: nothing is refused.
    if (answer.status < 400 || answer.status > 403) return false;
    const [backend, signature] = [this.#backend, this.#signature];
    if (backend?.signer?.refused === undefined || signature === undefined) return false;
    if (this.#renewed?.has(backend.ai.key) === true || !backend.signer.refused(signature, answer))
      return false;
    this.#renewed ??= new Set();
    this.#renewed.add(backend.ai.key);
    return true;
  }

  /** How to treat the answer of the last attempt. */
  answer(head: UpstreamHead): BodyPlan {
    const plan = this.#plan(head);
    return this.#observer === undefined ? plan : observePlan(plan, head, this.#observer);
  }

  /** An answer of the gateway's own, in the client's dialect. */
  fail(code: FailureCode, message: string, status: number = failureStatus[code]): LocalAnswer {
    this.#failure = code;
    const { requestId } = this.head;
    const answer = failureWriters[this.endpoint.family]({ code, status, message, requestId });
    this.#observer?.failed(answer);
    return answer;
  }

  /** Counts up whenever usage is reported: what `account` says has changed then. */
  get usageReports(): number {
    return this.#meter?.reports ?? 0;
  }

  /** Usage, costs, metrics. Later calls change nothing and give `undefined`. */
  settle(outcome: Outcome): Settled | undefined {
    if (this.#isSettled) return undefined;
    this.#isSettled = true;
    const settled = this.account(outcome);
    const { hooks } = this.#twin;
    for (const warning of this.warnings) {
      if (settled.backend !== undefined) hooks.onWarning(warning, settled.requestId, settled.backend);
    }
    hooks.settled?.(settled);
    this.#observer?.settled(settled);
    return settled;
  }

  /** What `settle` would say if it were over now, for engines whose own last word may come too late to be heard. */
  account(outcome: Outcome): Settled {
    return settle(
      {
        endpoint: this.endpoint,
        requestId: this.head.requestId,
        headers: this.head.headers,
        request: this.#request,
        backend: this.#backend?.ai,
        attempts: this.#attempts,
        meter: this.#meter,
        answerStatus: this.#answerStatus,
        failure: this.#failure,
        trace: this.#observer?.trace,
      },
      outcome,
      this.#twin,
    );
  }

  #plan(head: UpstreamHead): BodyPlan {
    const reader = this.#reader();
    const meter = this.#meter;
    this.#answerStatus = head.status;
    if (reader === undefined || meter === undefined) return { type: "pass" };
    if (head.status < 200 || head.status > 299) {
      return { type: "whole", read: (body) => (body.length === 0 ? undefined : reader.error(head, body)) };
    }
    const plan = reader.success(head);
    switch (plan.type) {
      case "pass":
        return plan;
      case "tap":
        return { type: "tap", stage: meter.timed(plan.stage) };
      case "rewrite":
        return { ...plan, stage: meter.timed(plan.stage) };
      case "whole":
        return { type: "whole", read: (body) => this.#readWhole(plan.read, body) };
    }
  }

  #target(backend: PreparedBackend, request: ClientRequest): Target {
    return { schema: backend.ai.schema, model: backend.ai.modelOverride ?? request.model };
  }

  #reader(): AnswerReader | undefined {
    const [passage, request, backend, meter] = [this.#passage, this.#request, this.#backend, this.#meter];
    if (passage === undefined || request === undefined || backend === undefined || meter === undefined)
      return undefined;
    return passage.answer(request, this.#target(backend, request), meter);
  }

  /** A whole answer that cannot be read is an error to the client, with its own status. */
  #readWhole(read: (body: Uint8Array) => Replacement | undefined, body: Uint8Array): Replacement | undefined {
    try {
      return read(body);
    } catch (error) {
      const answer = this.#caught(error, "bad_upstream_answer");
      const set = answer.headers.filter(([name]) => name !== "content-type");
      const contentType = answer.headers.find(([name]) => name === "content-type")?.[1] ?? "application/json";
      return { status: answer.status, body: new TextEncoder().encode(answer.body), contentType, set };
    }
  }

  /** Each request has a signature of its own; the token that they may need is waited for once. */
  #sign(
    message: UpstreamMessage,
    { signer }: PreparedBackend,
    upstreamHost: string | undefined,
  ): UpstreamMessage | Promise<UpstreamMessage> {
    const { method, headers } = this.head;
    const sign = (unsigned: UpstreamMessage): UpstreamMessage | Promise<UpstreamMessage> => {
      const { path, body } = unsigned;
      const signature = signer?.sign({ method, headers, upstreamHost, path, body });
      if (signature === undefined) return unsigned;
      if (!(signature instanceof Promise)) return this.#signed(unsigned, signature);
      return signature.then((value) => this.#signed(unsigned, value));
    };
    const { more } = message;
    const first = sign(message);
    if (more === undefined) return first;
    return (async () => ({ ...(await first), more: await Promise.all(more.map(sign)) }))();
  }

  /** The credential comes last and wins over every edit. */
  #signed(message: UpstreamMessage, signature: Signature): UpstreamMessage {
    this.#signature = signature;
    return { ...message, path: signature.path ?? message.path, set: [...message.set, ...signature.set] };
  }

  #caught(error: unknown, otherwise: FailureCode = "internal"): LocalAnswer {
    if (error instanceof ExchangeFailure) {
      if (error.code === "credential_unavailable") this.#sayCredentialFailure(error);
      return this.fail(error.code, error.message);
    }
    this.#meter?.failed(String(error));
    const words =
      otherwise === "internal"
        ? "the gateway failed to handle this request"
        : "the upstream's answer cannot be read";
    return this.fail(otherwise, words);
  }

  #sayCredentialFailure({ cause }: ExchangeFailure): void {
    const credential = this.#backend?.ai.credential ?? "";
    this.#twin.hooks.onCredentialFailure?.(
      credential,
      cause instanceof Error ? cause.message : String(cause),
    );
  }
}

function unsupported(endpoint: Endpoint, backend: PreparedBackend): string {
  return `${endpoint.path} is not supported by backends of schema ${backend.ai.schema.name}`;
}
