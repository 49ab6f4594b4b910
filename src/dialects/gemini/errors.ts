import type { UpstreamError } from "../dialect.ts";
import { errorKindOf, type IrError, type IrErrorKind, statusOfKind } from "../ir/error.ts";
import type { JsonObject } from "../ir/values.ts";
import { numberOf, textOf } from "../wire/exact-json.ts";
import { readGoogleError, readGoogleErrorObject } from "../wire/google-errors.ts";

/** Reads an error body; what is not in Google's shape goes on as its raw text. */
export function readError(answer: UpstreamError): IrError {
  return readGoogleError(answer) ?? unnamed(answer.status, answer.text);
}

function unnamed(status: number, message: string): IrError {
  return { kind: errorKindOf(status), status, type: "GCPVertexAIBackendError", isUnnamed: true, message };
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

/** Reads the error object that a stream, or a good answer, may hold; its code is the HTTP status that it would have had. */
export function readErrorInStream(error: JsonObject): IrError {
  const kind = kindOf[textOf(error["status"]) ?? ""];
  const code = numberOf(error["code"]) ?? 0;
  const status = code >= 400 && code < 600 ? code : statusOfKind[kind ?? "upstream"];
  const read =
    readGoogleErrorObject(error, status) ??
    unnamed(status, textOf(error["message"]) ?? JSON.stringify(error));
  return kind === undefined ? read : { ...read, kind };
}
