import type { UpstreamError } from "../dialect.ts";
import { errorKindOf, type IrError } from "../ir/error.ts";
import type { JsonObject } from "../ir/values.ts";
import { numberOf, objectOf, parseObject, textOf } from "../wire/exact-json.ts";

/** The status of an error inside a stream is not known; a numeric code is the best guess. */
export function readErrorObject(body: JsonObject, status: number | undefined): IrError | undefined {
  const error = objectOf(body["error"]);
  const message = textOf(error?.["message"]) ?? textOf(body["error"]);
  if (message === undefined) return undefined;
  const code = textOf(error?.["code"]) ?? numberOf(error?.["code"])?.toString();
  const known = status ?? statusIn(code);
  const type = textOf(error?.["type"]);
  return {
    kind: errorKindOf(known),
    status: known,
    type: type ?? "OpenAIBackendError",
    isUnnamed: type === undefined,
    message,
    code,
    param: textOf(error?.["param"]),
  };
}

function statusIn(code: string | undefined): number {
  return code !== undefined && /^[45]\d\d$/.test(code) ? Number(code) : 500;
}

/** Reads an error body: OpenAI's shape, what some servers and gateways of Azure put in no envelope, or the text as it is. */
export function readError({ status, headers, text }: UpstreamError): IrError {
  const body = parseObject(text) ?? {};
  const error = readErrorObject(body, status) ?? readErrorObject({ error: body }, status);
  const requestId = headers.get("x-request-id") ?? undefined;
  if (error !== undefined) return { ...error, requestId };
  return {
    kind: errorKindOf(status),
    status,
    type: "OpenAIBackendError",
    isUnnamed: true,
    message: text,
    requestId,
  };
}

/** The provider's word is the type, the status the code, as a string. */
export function writeError({ type, status, message }: IrError, place: "body" | "stream"): string {
  const error = { type, code: String(status), message };
  return place === "stream"
    ? `data: ${JSON.stringify({ error })}\n\n`
    : JSON.stringify({ type: "error", error });
}
