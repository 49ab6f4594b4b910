import { writeAnthropicError, writeCohereError, writeOpenAiError } from "../dialects/wire/error-bodies.ts";
import type { FailureCode } from "../model/failure.ts";
import type { FailureFacts, Family, LocalAnswer, WriteFailure } from "./endpoint.ts";

/** What this gateway calls its own failures towards OpenAI clients. */
const openAiTypes = {
  invalid_request: "BadRequest",
  missing_credential: "Unauthorized",
  unauthenticated: "Unauthorized",
  forbidden: "Forbidden",
  route_not_found: "NotFound",
  method_not_allowed: "MethodNotAllowed",
  request_too_large: "PayloadTooLarge",
  untranslatable: "UnprocessableEntity",
  rate_limited: "TooManyRequests",
  internal: "InternalServerError",
  broken_route: "InternalServerError",
  unsupported_pair: "NotImplemented",
  fault: "ServiceUnavailable",
  bad_upstream_answer: "BadGateway",
  upstream_unreachable: "BadGateway",
  upstream_reset: "BadGateway",
  no_healthy_upstream: "ServiceUnavailable",
  overflow: "ServiceUnavailable",
  shutting_down: "ServiceUnavailable",
  credential_unavailable: "ServiceUnavailable",
  access_unavailable: "ServiceUnavailable",
  upstream_timeout: "GatewayTimeout",
} as const satisfies Record<FailureCode, string>;

/** The words for a request whose model no rule knows. */
export const noRouteMessage =
  "No matching route found. It is likely because the model specified in your request is not configured in the Gateway.";

/** The answer to a failure, in the shape that clients of the family read. The request's id is where their SDKs look. */
export const failureWriters: { readonly [F in Family]: WriteFailure } = {
  openai: (facts) =>
    answer(facts, "x-request-id", writeOpenAiError(openAiTypes[facts.code], facts.status, facts.message)),
  anthropic: (facts) =>
    answer(facts, "request-id", writeAnthropicError(facts.status, facts.message, facts.requestId)),
  cohere: (facts) => answer(facts, "x-request-id", writeCohereError(facts.message)),
};

function answer(facts: FailureFacts, idHeader: string, body: string): LocalAnswer {
  const headers: [string, string][] = [["content-type", "application/json"]];
  if (facts.requestId !== "") headers.push([idHeader, facts.requestId]);
  return { status: facts.status, headers, body, failure: facts.code };
}
