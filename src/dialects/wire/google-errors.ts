import type { UpstreamError } from "../dialect.ts";
import { errorKindOf, type IrError } from "../ir/error.ts";
import type { Json } from "../ir/values.ts";
import { arrayOf, objectOf, textOf } from "./exact-json.ts";

/**
 * Reads an error body of a Google API: `{"error": {code, message, status, details}}`, in an array of one where a stream
 * was asked. `undefined` if it is of another shape.
 */
export function readGoogleError({ status, text }: UpstreamError): IrError | undefined {
  const error = googleErrorIn(text);
  const type = textOf(error?.["status"]);
  if (error === undefined || type === undefined) return undefined;
  const details = arrayOf(error["details"]);
  const message = textOf(error["message"]) ?? text;
  return {
    kind: errorKindOf(status),
    status,
    type,
    message: details === undefined ? message : `Error: ${message}\nDetails: ${JSON.stringify(details)}`,
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

/** `google.rpc.RetryInfo` says how long to wait: `"1.5s"`. */
function retryDelayMs(details: readonly Json[]): number | undefined {
  const info = details
    .map(objectOf)
    .find((detail) => textOf(detail?.["@type"])?.endsWith("google.rpc.RetryInfo"));
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(textOf(info?.["retryDelay"]) ?? "")?.[1];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}
