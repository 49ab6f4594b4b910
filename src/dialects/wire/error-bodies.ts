import { encodeText } from "./text.ts";

/** An error as OpenAI clients of this gateway get it; `code` is the status as text. */
export function writeOpenAiError(type: string, status: number, message: string): string {
  return JSON.stringify({ type: "error", error: { type, code: String(status), message } });
}

/** `requestId` is left out where it is empty. */
export function writeAnthropicError(status: number, message: string, requestId: string): string {
  const error = { type: anthropicErrorType(status), message };
  return JSON.stringify({ type: "error", error, ...(requestId === "" ? {} : { request_id: requestId }) });
}

export function writeCohereError(message: string): string {
  return JSON.stringify({ message });
}

const anthropicTypes: { readonly [status: number]: string } = {
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  408: "timeout_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** Anthropic's own word for a status: the types of https://docs.anthropic.com/en/api/errors, read 2026-11. */
function anthropicErrorType(status: number): string {
  return anthropicTypes[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
}

export function jsonBody(text: string): { readonly body: Uint8Array; readonly contentType: string } {
  return { body: encodeText(text), contentType: "application/json" };
}
