import type { AnswerContext } from "../dialect.ts";
import type { IrChoice, IrResponse } from "../ir/fold.ts";
import type { IrAnswerPart } from "../ir/parts.ts";
import { markSeal } from "../ir/seals.ts";
import type { IrCitation, JsonObject } from "../ir/values.ts";
import { parseExactObject } from "../wire/exact-json.ts";
import { stopReasonOf } from "./stop-reasons.ts";
import { writeUsage } from "./usage.ts";

/** Writes a whole answer as a message. The API has one choice. */
export function writeResponse(response: IrResponse, context: AnswerContext): string {
  const choice = response.choices[0];
  return JSON.stringify({
    id: response.id || context.newId("msg_"),
    type: "message",
    role: "assistant",
    model: response.model || context.requestModel,
    content: choice?.parts.flatMap((part) => writePart(part, context)) ?? [],
    stop_reason: choice === undefined ? null : stopReason(choice),
    stop_sequence: choice?.stopSequence ?? null,
    usage: writeUsage(response.usage ?? {}),
  });
}

/** OpenAI says with the text that it refuses, and stops as ever. */
function stopReason({ parts, reason }: IrChoice): string {
  if (reason === "stop" && parts.some((part) => part.type === "text" && part.isRefusal === true))
    return stopReasonOf.refusal;
  return stopReasonOf[reason ?? "stop"];
}

function writePart(part: IrAnswerPart, context: AnswerContext): JsonObject[] {
  switch (part.type) {
    case "text":
      return part.text === "" ? [] : [writeText(part.text, part.citations)];
    case "reasoning": {
      // Clients check for a signature, and refuse the whole answer where one is missing.
      const signature = part.signature === undefined ? "" : markSeal(part.signature, "anthropic");
      return [{ type: "thinking", thinking: part.text ?? "", signature }];
    }
    case "redacted":
      return [{ type: "redacted_thinking", data: markSeal(part.data, "anthropic") }];
    case "tool-call": {
      const call = {
        type: "tool_use",
        id: part.id,
        name: part.name,
        input: inputOf(part.name, part.input, context),
      };
      if (part.signature === undefined) return [call];
      return [{ type: "thinking", thinking: "", signature: markSeal(part.signature, "anthropic") }, call];
    }
    case "opaque":
      if (part.family === "anthropic") return [part.block];
      context.warn({
        level: "quiet",
        path: "answer",
        message: `${part.name} means something to ${part.family} only; left out`,
      });
      return [];
    case "media":
      context.warn({
        level: "loud",
        path: "answer",
        message: `${part.kind} has no form in Anthropic's API; left out`,
      });
      return [];
  }
}

function writeText(text: string, citations: readonly IrCitation[] | undefined): JsonObject {
  const own =
    citations?.map((citation) => citation.extras?.anthropic).filter((citation) => citation !== undefined) ??
    [];
  return own.length === 0 ? { type: "text", text } : { type: "text", text, citations: own };
}

/** Input has to be an object; what a model broke off cannot be one, and is left out. */
function inputOf(name: string, input: string, context: AnswerContext): JsonObject {
  const object = input.trim() === "" ? {} : parseExactObject(input);
  if (object === undefined)
    context.warn({
      level: "loud",
      path: "answer",
      message: `the arguments of ${name} are no JSON object; left out`,
    });
  return object ?? {};
}
