import type { WrittenRequest } from "./dialect.ts";
import type { IrError } from "./ir/error.ts";
import type { Outbound, Replacement, UpstreamHead } from "./passage.ts";
import { joinBytes } from "./wire/bytes.ts";
import { encodeText } from "./wire/text.ts";

/** A request as it goes to the upstream. */
export function outboundOf(written: WrittenRequest): Outbound {
  return {
    path: written.path,
    set: [["content-type", "application/json"], ...written.set],
    remove: written.remove,
    body: encodeText(written.body),
    warnings: written.warnings,
  };
}

const separator = "\u001e";

/** The answers to the requests of one attempt as one body: JSON texts, each behind a character that no JSON has (RFC 7464). */
export function joinAnswers(bodies: readonly Uint8Array[]): Uint8Array {
  const mark = encodeText(separator);
  return joinBytes(bodies.flatMap((body) => [mark, body]));
}

export function splitAnswers(text: string): string[] {
  return text.split(separator).slice(1);
}

/** An error for the client, with the time to wait if only the body of the upstream's answer had it. */
export function errorReplacement(text: string, error: IrError, head: UpstreamHead): Replacement {
  const replacement = jsonReplacement(text);
  if (error.retryAfterMs === undefined || head.headers.has("retry-after")) return replacement;
  return { ...replacement, set: [["retry-after", String(Math.ceil(error.retryAfterMs / 1000))]] };
}

export function jsonReplacement(text: string): Replacement {
  return { body: encodeText(text), contentType: "application/json" };
}
