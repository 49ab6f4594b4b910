import { writeMedia } from "../gemini/media.ts";
import { readGeminiModel } from "../gemini/model-name.ts";
import { refuse } from "../gemini/refuse.ts";
import type { IrUserPart } from "../ir/parts.ts";
import type { IrMessage } from "../ir/request.ts";
import type { IrEmbedRequest, IrEmbedResponse } from "../ir/small.ts";
import type { JsonObject } from "../ir/values.ts";
import { arrayOf, numberOf, objectOf } from "../wire/exact-json.ts";
import { place } from "./place.ts";

/**
 * Writes the body of `embedContent`, which embeds one piece of content: a text, or the texts and media of messages.
 * @see https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models/embedContent, read 2026-11
 */
export function writeEmbedContent(request: IrEmbedRequest, modelName: string): JsonObject {
  const { dimensions, truncate, task, title } = request;
  const embedContentConfig: JsonObject = {
    ...(dimensions ? { outputDimensionality: dimensions } : {}),
    ...(truncate === undefined ? {} : { autoTruncate: truncate }),
    ...(task ? { taskType: task } : {}),
    ...(title ? { title } : {}),
  };
  const parts = request.messages ? writeMessages(request.messages, modelName) : [writeInput(request)];
  const isPlain = Object.keys(embedContentConfig).length === 0;
  return { content: { parts }, ...(isPlain ? {} : { embedContentConfig }) };
}

function writeInput({ inputs }: IrEmbedRequest): JsonObject {
  const [input, second] = inputs;
  if (input === undefined) return refuse(place, "there is nothing to embed");
  if (second !== undefined)
    return refuse(place, "this model embeds one input at a time; send one request for each");
  if (!("text" in input)) return refuse(place, "Vertex AI embeds texts, not tokens");
  if (input.task !== undefined || input.title !== undefined) {
    return refuse(place, "this model takes a task and a title for the whole request only");
  }
  return { text: input.text };
}

/** What users said; the rest of a conversation is not content. */
function writeMessages(messages: readonly IrMessage[], modelName: string): JsonObject[] {
  const model = readGeminiModel(modelName);
  const writePart = (part: IrUserPart): JsonObject[] => {
    if (part.type === "text") return part.text === "" ? [] : [{ text: part.text }];
    return part.type === "media" ? writeMedia(part, model, place) : [];
  };
  const parts = messages.flatMap((message) =>
    message.role === "user" ? message.parts.flatMap(writePart) : [],
  );
  return parts.length > 0 ? parts : refuse(place, "there is no user message with content");
}

export function readEmbedding(body: JsonObject): IrEmbedResponse {
  const values = arrayOf(objectOf(body["embedding"])?.["values"]);
  const inputTokens = numberOf(objectOf(body["usageMetadata"])?.["promptTokenCount"]) ?? 0;
  const vectors =
    values === undefined
      ? []
      : [{ values: values as readonly number[], isTruncated: body["truncated"] === true }];
  return { vectors, usage: { inputTokens, totalTokens: inputTokens } };
}
