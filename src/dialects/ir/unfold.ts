import type { Emit } from "../stage.ts";
import type { IrEvent } from "./events.ts";
import type { IrChoice, IrResponse } from "./fold.ts";
import type { IrAnswerPart } from "./parts.ts";

/** Tells a whole answer as the events it could have been: for writers that make both forms in one way. */
export function unfold(response: IrResponse, emit: Emit<IrEvent>): void {
  const { id, model, createdAt, serviceTier, usage } = response;
  emit({ type: "message-start", id, model, createdAt, serviceTier });
  let block = 0;
  for (const choice of response.choices) block = unfoldChoice(choice, block, emit);
  if (usage !== undefined) emit({ type: "usage", usage });
  emit({ type: "message-end" });
}

/** The number of the block after the last. */
function unfoldChoice(choice: IrChoice, first: number, emit: Emit<IrEvent>): number {
  const { index, parts, reason = "stop", raw, stopSequence, extras } = choice;
  let { logprobs } = choice;
  for (const [offset, part] of parts.entries()) {
    unfoldPart(part, { choice: index, block: first + offset }, logprobs, emit);
    // They are known of the choice as a whole; its first text tells them.
    if (part.type === "text") logprobs = undefined;
  }
  emit({ type: "finish", choice: index, reason, raw, stopSequence, extras });
  return first + parts.length;
}

function unfoldPart(
  part: IrAnswerPart,
  at: { readonly choice: number; readonly block: number },
  logprobs: IrChoice["logprobs"],
  emit: Emit<IrEvent>,
): void {
  switch (part.type) {
    case "text":
      emit({ type: "text-start", isRefusal: part.isRefusal === true, ...at });
      emit({ type: "text-delta", text: part.text, logprobs, ...at });
      for (const citation of part.citations ?? []) emit({ type: "citation", citation, ...at });
      emit({ type: "text-end", signature: part.signature, ...at });
      break;
    case "reasoning":
      emit({ type: "reasoning-start", isSummary: part.isSummary === true, ...at });
      if (part.text !== undefined) emit({ type: "reasoning-delta", text: part.text, ...at });
      emit({ type: "reasoning-end", signature: part.signature, ...at });
      break;
    case "tool-call": {
      const { id, itemId, name, kind, input, signature } = part;
      emit({ type: "tool-start", id, itemId, name, kind, signature, ...at });
      emit({ type: "tool-delta", text: input, ...at });
      emit({ type: "tool-end", ...at });
      break;
    }
    case "redacted":
      emit({ type: "redacted", data: part.data, ...at });
      break;
    case "media":
      emit({ type: "media", media: part, ...at });
      break;
    case "opaque":
      emit({ type: "opaque", part, ...at });
  }
}
