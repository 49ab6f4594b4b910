import type { AnswerContext } from "../dialect.ts";
import type { IrChoice, IrResponse } from "../ir/fold.ts";
import type { IrAnswerPart, IrMedia, IrText, IrToolCall } from "../ir/parts.ts";
import type { Extras, Json, JsonObject } from "../ir/values.ts";
import { finishReasonOf } from "./finish-reasons.ts";
import { writeLogprobs } from "./logprobs.ts";
import { writeUsage } from "./usage.ts";
import { annotation, imagePart, redactedBlock, thinkingBlock } from "./write-answer-parts.ts";

type Members = { [member: string]: Json };

/** Members that other families add to an answer and that clients of compatible servers know. */
const copiedExtras: { readonly [name: string]: keyof Extras } = {
  safety_ratings: "google",
  grounding_metadata: "google",
};

/** Writes a whole answer as a chat completion. */
export function writeResponse(response: IrResponse, context: AnswerContext): string {
  const body: Members = {
    ...(response.id ? { id: response.id } : {}),
    object: "chat.completion",
    created: response.createdAt ?? Math.floor(context.nowMs() / 1000),
    model: response.model || context.requestModel,
  };
  if (response.choices.length > 0)
    body["choices"] = response.choices.map((choice) => writeChoice(choice, context));
  if (response.usage !== undefined) body["usage"] = writeUsage(response.usage);
  if (response.serviceTier !== undefined) body["service_tier"] = response.serviceTier;
  return JSON.stringify(body);
}

function writeChoice(choice: IrChoice, context: AnswerContext): JsonObject {
  const written: Members = {
    index: choice.index,
    finish_reason: finishReasonOf(choice.reason, choice.raw),
    message: writeMessage(choice, context),
  };
  if (choice.reason === "malformed") written["native_finish_reason"] = choice.raw ?? null;
  if (choice.logprobs !== undefined) written["logprobs"] = writeLogprobs(choice.logprobs);
  return written;
}

function writeMessage(choice: IrChoice, context: AnswerContext): JsonObject {
  const texts = choice.parts.filter((part) => part.type === "text");
  const content = joined(texts.filter((part) => part.isRefusal !== true));
  // A stop reason that says so afterwards makes a refusal of the text that is there.
  const refusal =
    joined(texts.filter((part) => part.isRefusal === true)) ??
    (choice.reason === "refusal" ? content : undefined);
  const message: Members = { role: "assistant", content: content ?? null };
  if (refusal !== undefined) message["refusal"] = refusal;
  writeReasoning(message, choice.parts);
  const calls = choice.parts.filter((part) => part.type === "tool-call").map(writeCall);
  if (calls.length > 0) message["tool_calls"] = calls;
  const annotations = writeAnnotations(texts);
  if (annotations.length > 0) message["annotations"] = annotations;
  writeMedia(message, choice.parts, context);
  copyExtras(message, choice.extras);
  return message;
}

function joined(texts: readonly IrText[]): string | undefined {
  return texts.length === 0 ? undefined : texts.map((part) => part.text).join("");
}

/** Text as a string, and signatures with the text they belong to, so that each can be given back. */
function writeReasoning(message: Members, parts: readonly IrAnswerPart[]): void {
  const text = parts.map((part) => (part.type === "reasoning" ? (part.text ?? "") : "")).join("");
  const blocks = parts.map((part) => {
    if (part.type === "redacted") return redactedBlock(part.data);
    if (part.type !== "reasoning" && part.type !== "text" && part.type !== "tool-call") return undefined;
    if (part.signature === undefined) return undefined;
    return thinkingBlock(part.type === "reasoning" ? part.text : undefined, part.signature);
  });
  const known = blocks.filter((block) => block !== undefined);
  if (text !== "") message["reasoning_content"] = text;
  if (known.length > 0) message["thinking_blocks"] = known;
}

function writeCall({ id, kind, name, input }: IrToolCall): JsonObject {
  return kind === "custom"
    ? { id, type: "custom", custom: { name, input } }
    : { id, type: "function", function: { name, arguments: input } };
}

function writeAnnotations(texts: readonly IrText[]): JsonObject[] {
  const annotations: (JsonObject | undefined)[] = [];
  let start = 0;
  for (const part of texts) {
    if (part.isRefusal === true) continue;
    const end = start + part.text.length;
    for (const citation of part.citations ?? []) {
      const { startIndex, endIndex } = citation;
      annotations.push(
        annotation(citation, start + (startIndex ?? 0), endIndex === undefined ? end : start + endIndex),
      );
    }
    start = end;
  }
  return annotations.filter((entry) => entry !== undefined);
}

function writeMedia(message: Members, parts: readonly IrAnswerPart[], context: AnswerContext): void {
  const images: JsonObject[] = [];
  for (const part of parts) {
    if (part.type === "opaque")
      context.warn({ level: "quiet", path: "answer", message: `${part.name} has no form in chat; left out` });
    if (part.type !== "media") continue;
    const image = imagePart(part);
    const audio = audioOf(part, context);
    if (image !== undefined) images.push(image);
    else if (audio !== undefined) message["audio"] = audio;
    else
      context.warn({ level: "loud", path: "answer", message: `${part.kind} has no form in chat; left out` });
  }
  if (images.length > 0) message["images"] = images;
}

function audioOf({ kind, source, transcript }: IrMedia, context: AnswerContext): JsonObject | undefined {
  if (kind !== "audio" || source.type !== "base64") return undefined;
  return { id: context.newId("audio_"), data: source.data, transcript: transcript ?? "" };
}

function copyExtras(message: Members, extras: Extras | undefined): void {
  if (extras === undefined) return;
  for (const name in copiedExtras) {
    const value = extras[copiedExtras[name]!]?.[name];
    if (value !== undefined) message[name] = value;
  }
}
