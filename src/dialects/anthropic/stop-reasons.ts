import type { IrFinishReason } from "../ir/events.ts";

const read: { readonly [word: string]: IrFinishReason } = {
  end_turn: "stop",
  stop_sequence: "stop-sequence",
  max_tokens: "length",
  model_context_window_exceeded: "context-window",
  tool_use: "tool-calls",
  pause_turn: "pause",
  refusal: "refusal",
};

/** Words that nobody knows, and none, are an end like others. */
export function readStopReason(word: string | undefined): IrFinishReason {
  return read[word ?? ""] ?? "stop";
}

export const stopReasonOf = {
  stop: "end_turn",
  "stop-sequence": "stop_sequence",
  length: "max_tokens",
  "context-window": "model_context_window_exceeded",
  "tool-calls": "tool_use",
  "content-filter": "refusal",
  refusal: "refusal",
  pause: "pause_turn",
  recitation: "refusal",
  language: "end_turn",
  "no-image": "end_turn",
  malformed: "end_turn",
  "malformed-tool-call": "end_turn",
  "unexpected-tool-call": "end_turn",
  other: "end_turn",
} as const satisfies Record<IrFinishReason, string>;
