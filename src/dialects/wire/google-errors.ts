import type { UpstreamError } from "../dialect.ts";
import { errorKindOf, type IrError } from "../ir/error.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { arrayOf, objectOf, textOf } from "./exact-json.ts";

/**
 * Reads an error body of a Google API: `{"error": {code, message, status, details}}`, in an array of one where a stream
 * was asked. `undefined` if it is of another shape.
 */
export function readGoogleError({ status, text }: UpstreamError): IrError | undefined {
  const error = googleErrorIn(text);
  return error && readGoogleErrorObject(error, status);
}

/** The object in such a body, which may also stand in a stream. `undefined` if it has no word for the error. */
export function readGoogleErrorObject(error: JsonObject, status: number): IrError | undefined {
  const type = textOf(error["status"]);
  if (type === undefined) return undefined;
  const details = arrayOf(error["details"]);
  const message = textOf(error["message"]) ?? JSON.stringify(error);
  return {
    kind: errorKindOf(status),
    status,
    type,
    message: withDetails(message, details),
    param: details === undefined ? undefined : violatedField(details),
    retryAfterMs: details === undefined ? undefined : retryDelayMs(details),
  };
}

function googleErrorIn(text: string) {
  try {
    const body: unknown = JSON.parse(text);
    return objectOf(objectOf(arrayOf(body)?.[0] ?? body)?.["error"]);
  } catch {
    return undefined;
  }
}

/** Long details, such as stack traces, help no client. */
const maxDetails = 2048;

function withDetails(message: string, details: readonly Json[] | undefined): string {
  const text = details === undefined ? "" : JSON.stringify(details);
  return text === "" || text.length > maxDetails ? message : `Error: ${message}\nDetails: ${text}`;
}

/** `google.rpc.BadRequest` names the members that are wrong. */
function violatedField(details: readonly Json[]): string | undefined {
  const lists = details.map((detail) => arrayOf(objectOf(detail)?.["fieldViolations"]));
  return textOf(objectOf(lists.find((list) => list !== undefined)?.[0])?.["field"]);
}

/** `google.rpc.RetryInfo` says how long to wait: `"1.5s"`. */
function retryDelayMs(details: readonly Json[]): number | undefined {
  const info = details
    .map(objectOf)
    .find((detail) => textOf(detail?.["@type"])?.endsWith("google.rpc.RetryInfo"));
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(textOf(info?.["retryDelay"]) ?? "")?.[1];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}
