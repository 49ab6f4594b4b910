import type { IrFinishReason } from "../ir/events.ts";

/** Google's words for why a candidate ended. Those that are not here, OTHER too, are `other`. */
const reasonOf: { readonly [word: string]: IrFinishReason } = {
  STOP: "stop",
  MAX_TOKENS: "length",
  SAFETY: "content-filter",
  BLOCKLIST: "content-filter",
  PROHIBITED_CONTENT: "content-filter",
  SPII: "content-filter",
  MODEL_ARMOR: "content-filter",
  IMAGE_SAFETY: "content-filter",
  IMAGE_PROHIBITED_CONTENT: "content-filter",
  RECITATION: "recitation",
  IMAGE_RECITATION: "recitation",
  LANGUAGE: "language",
  NO_IMAGE: "no-image",
  MALFORMED_FUNCTION_CALL: "malformed-tool-call",
  UNEXPECTED_TOOL_CALL: "unexpected-tool-call",
};

/**
 * Google says STOP after function calls too, sometimes events later, and servers that speak like it have words of their
 * own there. Without a word the stream just ended.
 */
export function readFinishReason(word: string | undefined, hasCall: boolean): IrFinishReason {
  const reason = word === undefined ? "stop" : (reasonOf[word] ?? "other");
  const mayBeCalls = reason === "stop" || (reason === "other" && word !== "OTHER");
  return mayBeCalls && hasCall ? "tool-calls" : reason;
}
