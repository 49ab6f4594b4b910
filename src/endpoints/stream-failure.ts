import { writeAnthropicError } from "../dialects/wire/error-bodies.ts";
import { type FailureCode, failureStatus } from "../model/failure.ts";
import type { Family } from "./endpoint.ts";

const encoder = new TextEncoder();

/**
 * The last event of a stream that broke off after its head was sent, in the shape that the family's SDKs raise on.
 * It starts with a blank line: what came before may have ended in the middle of an event.
 */
export const streamFailureWriters: {
  readonly [F in Family]: (code: FailureCode, message: string) => Uint8Array;
} = {
  openai: (code, message) => encoder.encode(`\n\ndata: ${openAiError(code, message)}\n\n`),
  cohere: (code, message) => encoder.encode(`\n\ndata: ${openAiError(code, message)}\n\n`),
  anthropic: (code, message) =>
    encoder.encode(`\n\nevent: error\ndata: ${writeAnthropicError(failureStatus[code], message, "")}\n\n`),
};

function openAiError(code: FailureCode, message: string): string {
  return JSON.stringify({ error: { type: code, code: String(failureStatus[code]), message } });
}
