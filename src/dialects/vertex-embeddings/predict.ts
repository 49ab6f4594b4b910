import { refuse } from "../gemini/refuse.ts";
import type { IrEmbedInput, IrEmbedRequest, IrEmbedResponse } from "../ir/small.ts";
import type { JsonObject } from "../ir/values.ts";
import { arrayOf, numberOf, objectOf } from "../wire/exact-json.ts";
import { place } from "./place.ts";

/**
 * Writes the body of `predict`, which embeds a list of texts.
 * @see https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api, read 2026-11
 */
export function writePredict(request: IrEmbedRequest): JsonObject {
  if (request.messages !== undefined) refuse(place, "this model embeds texts, not messages");
  const { dimensions, truncate } = request;
  return {
    instances: request.inputs.map((input) => writeInstance(input, request)),
    parameters: {
      ...(dimensions ? { outputDimensionality: dimensions } : {}),
      ...(truncate === undefined ? {} : { autoTruncate: truncate }),
    },
  };
}

/** A title has a meaning for documents only, but what is said of the whole request goes to every text. */
function writeInstance(input: IrEmbedInput, request: IrEmbedRequest): JsonObject {
  if (!("text" in input)) return refuse(place, "Vertex AI embeds texts, not tokens");
  const task = request.task ?? input.task;
  const title = request.title ?? (input.task === "RETRIEVAL_DOCUMENT" ? input.title : undefined);
  return {
    content: input.text,
    ...(task ? { task_type: task } : {}),
    ...(title ? { title } : {}),
  };
}

/** Tokens are counted for each text. */
export function readPredictions(body: JsonObject): IrEmbedResponse {
  let inputTokens = 0;
  const vectors = (arrayOf(body["predictions"]) ?? []).map((prediction) => {
    const embeddings = objectOf(objectOf(prediction)?.["embeddings"]);
    const statistics = objectOf(embeddings?.["statistics"]);
    inputTokens += numberOf(statistics?.["token_count"]) ?? 0;
    return {
      values: (arrayOf(embeddings?.["values"]) ?? []) as readonly number[],
      isTruncated: statistics?.["truncated"] === true,
    };
  });
  return { vectors, usage: { inputTokens, totalTokens: inputTokens } };
}
