import type { IrError, IrErrorKind } from "../ir/error.ts";
import type { IrFinishReason } from "../ir/events.ts";
import type { JsonObject } from "../ir/values.ts";

/** How a response stands or ended: the members of it that say so. */
export type Outcome = JsonObject & {
  readonly status: "in_progress" | "completed" | "incomplete" | "failed";
};

export const inProgress: Outcome = { status: "in_progress", error: null, incomplete_details: null };

const incompleteReasons: { readonly [R in IrFinishReason]?: string } = {
  length: "max_output_tokens",
  "context-window": "max_output_tokens",
  "content-filter": "content_filter",
};

export function outcomeOf(reason: IrFinishReason | undefined): Outcome {
  const incomplete = incompleteReasons[reason ?? "stop"];
  return incomplete === undefined
    ? { status: "completed", error: null, incomplete_details: null }
    : { status: "incomplete", error: null, incomplete_details: { reason: incomplete } };
}

/** The API's few words for what fails inside a response. */
const errorCodes: { readonly [K in IrErrorKind]?: string } = {
  "rate-limit": "rate_limit_exceeded",
  "invalid-request": "invalid_prompt",
  "too-large": "invalid_prompt",
};

export function failedOf({ kind, message }: IrError): Outcome {
  const code = errorCodes[kind] ?? "server_error";
  return { status: "failed", error: { code, message }, incomplete_details: null };
}

/** What is said where a provider stops because the model refuses, and has no words for it. */
export const refusalText = "The model refused to go on.";
