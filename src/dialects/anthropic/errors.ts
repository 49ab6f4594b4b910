import type { UpstreamError } from "../dialect.ts";
import { errorKindOf, type IrError, type IrErrorKind, statusOfKind } from "../ir/error.ts";
import type { JsonObject } from "../ir/values.ts";
import { isAwsKindWord, readAwsError } from "../wire/aws-errors.ts";
import { objectOf, parseObject, textOf } from "../wire/exact-json.ts";
import { readGoogleError } from "../wire/google-errors.ts";
import type { AnthropicHost } from "./hosts.ts";

const kinds: { readonly [type: string]: { readonly kind: IrErrorKind; readonly status: number } } = {
  invalid_request_error: { kind: "invalid-request", status: 400 },
  authentication_error: { kind: "authentication", status: 401 },
  billing_error: { kind: "billing", status: 402 },
  permission_error: { kind: "permission", status: 403 },
  not_found_error: { kind: "not-found", status: 404 },
  request_too_large: { kind: "too-large", status: 413 },
  rate_limit_error: { kind: "rate-limit", status: 429 },
  timeout_error: { kind: "timeout", status: 504 },
  overloaded_error: { kind: "overloaded", status: 529 },
  api_error: { kind: "upstream", status: 500 },
};

/** Reads an `error` event of a stream, whose status was good. */
export function readErrorEvent(event: JsonObject): IrError {
  const error = objectOf(event["error"]);
  const type = textOf(error?.["type"]) ?? "api_error";
  const { kind, status } = kinds[type] ?? { kind: "upstream", status: statusOfKind.upstream };
  return { kind, status, type, message: textOf(error?.["message"]) ?? JSON.stringify(event) };
}

/** Whether an error body is in Anthropic's own shape. */
export function isOwnError(text: string): boolean {
  const body = parseObject(text);
  return body?.["type"] === "error" && textOf(objectOf(body["error"])?.["type"]) !== undefined;
}

/** Reads an error body: Anthropic's own shape, else that of the host. */
export function readError(answer: UpstreamError, host: AnthropicHost): IrError {
  const { status, headers, text } = answer;
  const body = parseObject(text);
  const error = objectOf(body?.["error"]);
  const type = textOf(error?.["type"]);
  const requestId =
    textOf(body?.["request_id"]) ?? headers.get("request-id") ?? headers.get("x-amzn-requestid") ?? undefined;
  if (type !== undefined)
    return {
      kind: errorKindOf(status),
      status,
      type,
      message: textOf(error?.["message"]) ?? text,
      requestId,
    };
  if (host.name === "invoke") return readAwsError(answer);
  const named = readGoogleError(answer);
  if (named !== undefined) return { ...named, requestId };
  const unnamed = host.name === "vertex" ? "GCPBackendError" : "AnthropicBackendError";
  return { kind: errorKindOf(status), status, type: unnamed, isUnnamed: true, message: text, requestId };
}

const words = {
  "invalid-request": "invalid_request_error",
  authentication: "authentication_error",
  billing: "billing_error",
  permission: "permission_error",
  "not-found": "not_found_error",
  timeout: "timeout_error",
  "too-large": "request_too_large",
  "rate-limit": "rate_limit_error",
  overloaded: "overloaded_error",
  upstream: "api_error",
  "stream-cut": "api_error",
} as const satisfies Record<IrErrorKind, string>;

/** Anthropic's word follows the kind; what the provider called it stands behind the message. */
export function writeError(error: IrError, place: "body" | "stream"): string {
  const type = words[error.kind];
  const message = error.message + providerWords(error, type);
  const body: JsonObject = { type: "error", error: { type, message } };
  if (place === "stream") return `event: error\ndata: ${JSON.stringify(body)}\n\n`;
  return JSON.stringify(error.requestId === undefined ? body : { ...body, request_id: error.requestId });
}

function providerWords(error: IrError, ownType: string): string {
  const { type, code, isUnnamed } = error;
  const words = [
    isUnnamed || type === ownType || isAwsKindWord(error) ? undefined : type,
    code === undefined ? undefined : `code ${code}`,
  ];
  const said = words.filter((word) => word !== undefined).join(", ");
  return said === "" ? "" : ` (${said})`;
}
