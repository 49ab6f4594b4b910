import type { BodyPlan, ClientRequest, UpstreamHead } from "../dialects/passage.ts";
import type { Stage } from "../dialects/stage.ts";
import type { Endpoint, LocalAnswer } from "../endpoints/index.ts";
import type { AiBackend } from "../model/ai.ts";
import type { HeaderView } from "../model/headers.ts";
import type { Settled } from "./settled.ts";

/** What there is to see of a request that was understood. */
export interface ObservedRequest {
  readonly endpoint: Endpoint;
  readonly request: ClientRequest;
  readonly requestId: string;
  readonly headers: HeaderView;
}

/** What the gateway says by itself. */
export type LocalReply = Pick<LocalAnswer, "status" | "body">;

/** Names of headers that go away before `set` is laid over what is left. */
export interface CarriedHeaders {
  readonly remove: readonly string[];
  readonly set: readonly (readonly [string, string])[];
}

/** The ids by which other signals of the same request find its span. */
export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
}

/**
 * Looks on at one exchange, from the request that was understood to settled. None of its methods may throw.
 *
 * What it is shown of answers is what the client gets, so always in the client's own API.
 */
export interface ExchangeObserver {
  readonly trace: TraceIds | undefined;
  /** Takes the trace on to the upstream, on every attempt. */
  readonly carried: CarriedHeaders;
  /** Whether it wants to see bodies of answers. */
  readonly wantsAnswer: boolean;
  /** A backend was chosen. What was seen of an earlier attempt's answer counts no more. */
  attempt(backend: AiBackend): void;
  /** The head of the answer that counts. */
  answer(status: number, contentType: string): void;
  /** The next piece of its body, decoded; all of it where it was held. */
  piece(bytes: Uint8Array): void;
  /** The gateway answers by itself. */
  failed(answer: LocalReply): void;
  /** It is over. */
  settled(settled: Settled): void;
}

/** Makes the observer of one exchange. */
export type ObserveExchange = (observed: ObservedRequest) => ExchangeObserver;

/** The same plan with an observer beside it. */
export function observePlan(plan: BodyPlan, head: UpstreamHead, observer: ExchangeObserver): BodyPlan {
  observer.answer(head.status, head.headers.get("content-type") ?? "");
  if (!observer.wantsAnswer) return plan;
  switch (plan.type) {
    case "pass":
      return { type: "tap", stage: { push: (piece) => observer.piece(piece), end() {} } };
    case "tap":
      return { type: "tap", stage: observeTap(plan.stage, observer) };
    case "rewrite":
      return { ...plan, stage: observeRewrite(plan.stage, observer) };
    case "whole":
      return {
        type: "whole",
        read(body) {
          const replacement = plan.read(body);
          if (replacement?.status !== undefined) observer.answer(replacement.status, replacement.contentType);
          observer.piece(replacement?.body ?? body);
          return replacement;
        },
      };
  }
}

function observeTap(stage: Stage<Uint8Array, never>, observer: ExchangeObserver): Stage<Uint8Array, never> {
  return {
    push(piece, emit) {
      observer.piece(piece);
      stage.push(piece, emit);
    },
    end: (emit, isCut) => stage.end(emit, isCut),
  };
}

function observeRewrite(
  stage: Stage<Uint8Array, Uint8Array>,
  observer: ExchangeObserver,
): Stage<Uint8Array, Uint8Array> {
  return {
    push(piece, emit) {
      stage.push(piece, (out) => {
        observer.piece(out);
        emit(out);
      });
    },
    end(emit, isCut) {
      stage.end((out) => {
        observer.piece(out);
        emit(out);
      }, isCut);
    },
  };
}
