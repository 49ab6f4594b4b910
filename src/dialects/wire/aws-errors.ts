import type { UpstreamError, WireEvent } from "../dialect.ts";
import { errorKindOf, type IrError, type IrErrorKind } from "../ir/error.ts";
import { brokenFrame, cutFrame } from "./aws-event-stream.ts";
import { parseObject, textOf } from "./exact-json.ts";

/** Stands for the type of an error that AWS did not name. */
const unnamedType = "AWSBedrockBackendError";

/** Exceptions inside a stream, with the status that Bedrock gives them in its API reference (read 2026-11). */
const exceptions: { readonly [name: string]: { readonly kind: IrErrorKind; readonly status: number } } = {
  throttlingException: { kind: "rate-limit", status: 429 },
  validationException: { kind: "invalid-request", status: 400 },
  serviceUnavailableException: { kind: "overloaded", status: 503 },
  modelTimeoutException: { kind: "timeout", status: 408 },
  modelStreamErrorException: { kind: "upstream", status: 424 },
  internalServerException: { kind: "upstream", status: 500 },
  [cutFrame]: { kind: "stream-cut", status: 502 },
  [brokenFrame]: { kind: "upstream", status: 502 },
};

/** AWS's words for what our kinds say, as they stand in a header that clients see anyway. */
const kindWords: { readonly [type: string]: IrErrorKind } = {
  ValidationException: "invalid-request",
  UnrecognizedClientException: "authentication",
  AccessDeniedException: "permission",
  ResourceNotFoundException: "not-found",
  ModelTimeoutException: "timeout",
  ThrottlingException: "rate-limit",
  ServiceUnavailableException: "overloaded",
  InternalServerException: "upstream",
};

/** Whether the type of an error body is AWS's word for its kind, and tells nothing else. */
export function isAwsKindWord({ type, kind }: IrError): boolean {
  return kindWords[type] === kind;
}

/** Reads an exception frame of an AWS event stream. */
export function readAwsException(frame: WireEvent): IrError {
  const type = frame.event ?? unnamedType;
  const { kind, status } = exceptions[type] ?? { kind: "upstream", status: 500 };
  return { kind, status, type, message: messageOf(frame.data) ?? frame.data };
}

/** Reads an error body of AWS: its type stands in a header, else in the body. */
export function readAwsError({ status, headers, text }: UpstreamError): IrError {
  const body = parseObject(text);
  const named = headers.get("x-amzn-errortype")?.split(":")[0]?.trim();
  const type = named || textOf(body?.["__type"])?.split("#").at(-1) || textOf(body?.["code"]);
  const isUnnamed = body === undefined || !type;
  return {
    kind: errorKindOf(status),
    status,
    type: isUnnamed ? unnamedType : type,
    isUnnamed,
    message: messageOf(text) ?? text,
    requestId: headers.get("x-amzn-requestid") ?? undefined,
  };
}

function messageOf(text: string): string | undefined {
  const body = parseObject(text);
  return textOf(body?.["message"]) ?? textOf(body?.["Message"]) ?? textOf(body?.["originalMessage"]);
}
