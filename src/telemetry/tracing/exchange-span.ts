import { type Span, SpanStatusCode } from "@opentelemetry/api";
import type {
  CarriedHeaders,
  ExchangeObserver,
  LocalReply,
  ObservedRequest,
  TraceIds,
} from "../../exchange/observer.ts";
import type { Settled } from "../../exchange/settled.ts";
import type { Attributes } from "./attributes.ts";
import type { Convention, FailureReason, SpanFailure } from "./convention.ts";
import type { Folded } from "./fold/index.ts";
import { GatheredAnswer } from "./gathered-answer.ts";

/** One exchange as one span, which is written when it is over: then it is known what of it counts. */
export class ExchangeSpan implements ExchangeObserver {
  readonly trace: TraceIds;
  readonly carried: CarriedHeaders;
  readonly wantsAnswer = true;
  readonly #span: Span;
  readonly #convention: Convention;
  readonly #observed: ObservedRequest;
  readonly #mapped: Attributes;
  #answer = new GatheredAnswer();
  #local: LocalReply | undefined;

  constructor(
    span: Span,
    carried: CarriedHeaders,
    convention: Convention,
    observed: ObservedRequest,
    mapped: Attributes,
  ) {
    this.#span = span;
    this.trace = span.spanContext();
    this.carried = carried;
    this.#convention = convention;
    this.#observed = observed;
    this.#mapped = mapped;
  }

  attempt(): void {
    this.#answer = new GatheredAnswer();
    this.#local = undefined;
  }

  answer(status: number, contentType: string): void {
    this.#answer.status = status;
    this.#answer.contentType = contentType;
  }

  piece(bytes: Uint8Array): void {
    this.#answer.add(bytes);
  }

  failed(answer: LocalReply): void {
    this.#local = answer;
  }

  settled(settled: Settled): void {
    const span = this.#span;
    const convention = this.#convention;
    const { request } = this.#observed;
    span.setAttributes(this.#mapped);
    span.setAttributes(convention.startAttributes(request));
    span.setAttributes(convention.settledAttributes(settled));
    if (isAnswered(this.#answer.status)) this.#sayAnswer(settled);
    else
      this.#sayFailure({ status: this.#failedStatus(settled), reason: undefined, body: this.#failedBody() });
    span.end();
  }

  #sayAnswer(settled: Settled): void {
    const span = this.#span;
    const { firstPieceAt } = this.#answer;
    const { request } = this.#observed;
    const { answer, end } = this.#answer.read(request);
    const reason = failureOf(settled, end);
    const failure: SpanFailure | undefined =
      reason === undefined ? undefined : { status: undefined, reason, body: "" };
    if (this.#convention.hasStreamEvents && answer.isStream && firstPieceAt !== undefined) {
      span.addEvent("First Token Stream Event", firstPieceAt);
      if (answer.isCompleted) span.addEvent("Response Completed Event");
    }
    const attributes = this.#convention.endAttributes({ request, settled, answer, failure });
    span.setAttributes(attributes);
    if (failure === undefined) span.setStatus({ code: SpanStatusCode.OK });
    else this.#sayFailure(failure);
  }

  #sayFailure(failure: SpanFailure): void {
    const { message, attributes, exceptionType } = this.#convention.describeFailure(failure);
    if (attributes !== undefined) this.#span.setAttributes(attributes);
    if (exceptionType !== undefined) {
      this.#span.addEvent("exception", { "exception.type": exceptionType, "exception.message": message });
    }
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message });
  }

  #failedStatus({ outcome }: Settled): number {
    return this.#local?.status ?? (this.#answer.status || outcome.status);
  }

  #failedBody(): string {
    if (this.#local !== undefined) return this.#local.body;
    return this.#answer.read(this.#observed.request).answer.text ?? "";
  }
}

function isAnswered(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** `undefined` where all went well. */
function failureOf(settled: Settled, end: Folded["end"] | "unreadable"): FailureReason | undefined {
  switch (settled.failure) {
    case undefined:
      break;
    case "upstream_reset":
    case "upstream_timeout":
    case "bad_upstream_answer":
      return settled.failure;
    default:
      return "internal";
  }
  if (end === "error") return "stream_error";
  if (end === "unreadable") return "bad_upstream_answer";
  if (settled.isError) return settled.outcome.isComplete ? "stream_error" : "client_disconnected";
  if (end === "incomplete") return "incomplete";
  return end === "cut" ? "stream_cut" : undefined;
}
