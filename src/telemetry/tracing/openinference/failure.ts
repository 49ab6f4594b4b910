import type { DescribedFailure, SpanFailure } from "../convention.ts";
import { failureWords } from "../failure-words.ts";
import type { Hide } from "./hide.ts";

/** Errors of upstreams can be whole pages. */
const maxBodyLength = 1024;

/** As the instrumentation of OpenAI's SDK names what that SDK throws. */
const exceptionTypes: { readonly [status: number]: string } = {
  400: "BadRequestError",
  401: "AuthenticationError",
  403: "PermissionDeniedError",
  404: "NotFoundError",
  429: "RateLimitError",
  500: "InternalServerError",
  502: "InternalServerError",
  503: "InternalServerError",
};

/** Errors quote requests as they like, so their words are shown only where nothing is hidden. */
export function describeFailure({ status, reason, body }: SpanFailure, hide: Hide): DescribedFailure {
  if (status === undefined) {
    return { message: failureWords[reason ?? "internal"], exceptionType: reason ?? "internal" };
  }
  const isShown = body !== "" && !hide.inputs && !hide.outputs;
  const shown = body.length > maxBodyLength ? `${body.slice(0, maxBodyLength)}…` : body;
  const exceptionType = exceptionTypes[status] ?? "Error";
  return { message: `Error code: ${status}${isShown ? ` - ${shown}` : ""}`, exceptionType };
}
