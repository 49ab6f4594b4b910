import type { IrFinishReason } from "../ir/events.ts";

const read: { readonly [word: string]: IrFinishReason } = {
  stop: "stop",
  length: "length",
  tool_calls: "tool-calls",
  function_call: "tool-calls",
  content_filter: "content-filter",
};

/** A word that nobody knows is an end like others; some servers say `stop` after calls. */
export function readFinishReason(word: string, hasCalls: boolean): IrFinishReason {
  const reason = read[word] ?? "stop";
  return reason === "stop" && hasCalls ? "tool-calls" : reason;
}

/** `null`: chat has no such word, and the provider's own goes out in lower case. */
const written = {
  stop: "stop",
  "stop-sequence": "stop",
  length: "length",
  "context-window": "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
  refusal: "content_filter",
  pause: "stop",
  malformed: "stop",
  recitation: null,
  language: null,
  "no-image": null,
  "malformed-tool-call": null,
  "unexpected-tool-call": null,
  other: "error",
} as const satisfies Record<IrFinishReason, string | null>;

export function finishReasonOf(reason: IrFinishReason | undefined, raw: string | undefined): string {
  return written[reason ?? "stop"] ?? raw?.toLowerCase() ?? "stop";
}
