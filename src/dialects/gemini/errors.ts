import type { UpstreamError } from "../dialect.ts";
import { errorKindOf, type IrError, type IrErrorKind, statusOfKind } from "../ir/error.ts";
import type { JsonObject } from "../ir/values.ts";
import { numberOf, textOf } from "../wire/exact-json.ts";
import { readGoogleError } from "../wire/google-errors.ts";

/** Reads an error body; what is not in Google's shape goes on as its raw text. */
export function readError(answer: UpstreamError): IrError {
  const { status, text } = answer;
  return (
    readGoogleError(answer) ?? {
      kind: errorKindOf(status),
      status,
      type: "GCPVertexAIBackendError",
      message: text,
    }
  );
}

/** `google.rpc.Code`, as its words. */
const kindOf: { readonly [word: string]: IrErrorKind } = {
  INVALID_ARGUMENT: "invalid-request",
  FAILED_PRECONDITION: "invalid-request",
  OUT_OF_RANGE: "invalid-request",
  UNAUTHENTICATED: "authentication",
  PERMISSION_DENIED: "permission",
  NOT_FOUND: "not-found",
  DEADLINE_EXCEEDED: "timeout",
  RESOURCE_EXHAUSTED: "rate-limit",
  UNAVAILABLE: "overloaded",
};

/** Reads the error object that a stream, or a good answer, may hold. */
export function readErrorInStream(error: JsonObject): IrError {
  const word = textOf(error["status"]);
  const code = numberOf(error["code"]);
  const kind = kindOf[word ?? ""] ?? (code === undefined ? "upstream" : errorKindOf(code));
  return {
    kind,
    status: code ?? statusOfKind[kind],
    type: word ?? "GCPVertexAIBackendError",
    message: textOf(error["message"]) ?? JSON.stringify(error),
  };
}
