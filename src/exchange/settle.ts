import type { ClientRequest } from "../dialects/passage.ts";
import type { Endpoint } from "../endpoints/index.ts";
import type { AiBackend } from "../model/ai.ts";
import type { FailureCode } from "../model/failure.ts";
import type { HeaderView } from "../model/headers.ts";
import type { AnswerMeter } from "./meter.ts";
import type { TraceIds } from "./observer.ts";
import type { ExchangeTwin } from "./prepare.ts";
import type { Outcome, Settled } from "./settled.ts";

export interface ExchangeFacts {
  readonly endpoint: Endpoint;
  readonly requestId: string;
  readonly headers: HeaderView;
  readonly request: ClientRequest | undefined;
  readonly backend: AiBackend | undefined;
  readonly attempts: number;
  readonly meter: AnswerMeter | undefined;
  readonly answerStatus: number | undefined;
  readonly failure: FailureCode | undefined;
  readonly trace: TraceIds | undefined;
}

/** Draws the line under one exchange. */
export function settle(facts: ExchangeFacts, outcome: Outcome, twin: ExchangeTwin): Settled {
  const { backend, meter, request, answerStatus } = facts;
  const now = performance.now();
  const originalModel = request?.model ?? "";
  const requestModel = backend?.modelOverride ?? originalModel;
  const isGood =
    answerStatus !== undefined && answerStatus >= 200 && answerStatus < 300 && facts.failure === undefined;
  const isStream = isGood && answerStatus === 200 && (request?.isStream ?? false);
  // A client that leaves after the last event has got its answer: SDKs hang up right behind `[DONE]`.
  const isDelivered = outcome.isComplete || (meter?.isComplete ?? false);
  const isError = !isGood || !isDelivered || meter?.failure !== undefined;
  const usage = isGood && meter !== undefined ? meter.usageSeen : {};
  return {
    endpoint: facts.endpoint.name,
    operation: facts.endpoint.operation,
    requestId: facts.requestId,
    backend,
    attempts: facts.attempts,
    originalModel,
    requestModel,
    responseModel: isGood ? (meter?.modelSeen ?? requestModel) : undefined,
    usage,
    isStream,
    isError,
    failure: facts.failure,
    outcome,
    durationMs: meter === undefined ? 0 : now - meter.startedAt,
    firstTokenMs: isStream ? firstTokenMs(meter) : undefined,
    perOutputTokenMs: isStream && !isError ? perOutputTokenMs(meter) : undefined,
    costs:
      isGood && backend !== undefined
        ? twin.costs.evaluate(usage, requestModel, backend, twin.hooks.onCostFailure)
        : undefined,
    headers: facts.headers,
    trace: facts.trace,
  };
}

/** Until content came; a stream without any counts from its first piece. */
function firstTokenMs(meter: AnswerMeter | undefined): number | undefined {
  const at = meter?.firstTokenAt ?? meter?.firstPieceAt;
  return meter === undefined || at === undefined ? undefined : at - meter.startedAt;
}

function perOutputTokenMs(meter: AnswerMeter | undefined): number | undefined {
  const tokens = meter?.usageSeen.outputTokens ?? 0;
  if (meter?.firstPieceAt === undefined || meter.pieces < 2 || tokens < 2) return undefined;
  return (meter.lastPieceAt - meter.firstPieceAt) / (tokens - 1);
}
