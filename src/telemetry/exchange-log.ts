import type { Settled, SettledListener } from "../exchange/settled.ts";
import type { Logger } from "./logger.ts";

/** A line for each exchange that is over, for those who debug: what it came to, and nothing of what was said in it. */
export function exchangeLog(log: Logger): SettledListener {
  return (settled: Settled) => {
    const { backend, usage, outcome, trace } = settled;
    log.debug("exchange", {
      request_id: settled.requestId,
      trace_id: trace?.traceId,
      endpoint: settled.endpoint,
      status: outcome.status,
      original_model: settled.originalModel,
      request_model: settled.requestModel,
      response_model: settled.responseModel,
      backend: backend?.key,
      attempts: settled.attempts,
      is_stream: settled.isStream,
      is_complete: outcome.isComplete,
      failure: settled.failure,
      duration_ms: Math.round(settled.durationMs),
      first_token_ms: settled.firstTokenMs === undefined ? undefined : Math.round(settled.firstTokenMs),
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
    });
  };
}
