import type { HeaderView } from "../../model/headers.ts";
import type { IrEmbedRequest, IrEmbedResponse } from "../ir/small.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import type { Warnings } from "../ir/warnings.ts";
import { arrayOf, objectOf, textOf } from "../wire/exact-json.ts";
import { badAnswer, readVector, refuse } from "./shared.ts";

const kindOfTask: { readonly [task: string]: string } = {
  RETRIEVAL_QUERY: "search_query",
  CLASSIFICATION: "classification",
  CLUSTERING: "clustering",
};

/**
 * Cohere Embed: up to 96 texts a request, all for one purpose.
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html, read 2026-11
 */
export function writeCohere(request: IrEmbedRequest, model: string, warnings: Warnings): JsonObject {
  const isV4 = model.includes("embed-v4");
  const texts = request.inputs.map((input) =>
    "text" in input ? input.text : refuse("input", "Bedrock embeds text, not tokens"),
  );
  if (texts.length === 0) return refuse("input", "there is no text to embed");
  const body: { [member: string]: Json } = {
    texts,
    input_type: inputKind(request),
    embedding_types: ["float"],
  };
  if (request.dimensions !== undefined) {
    if (!isV4) refuse("dimensions", "the vectors of this model have one size");
    body["output_dimension"] = request.dimensions;
  }
  if (request.truncate !== undefined) body["truncate"] = request.truncate ? (isV4 ? "RIGHT" : "END") : "NONE";
  warnings.dropped({ title: request.title }, "Cohere");
  return body;
}

function inputKind({ extras, task, inputs }: IrEmbedRequest): string {
  const named = textOf(extras.cohere?.["input_type"]);
  if (named !== undefined) return named;
  const tasks = new Set(
    task === undefined ? inputs.map((input) => ("text" in input ? input.task : undefined)) : [task],
  );
  const [first, ...others] = [...tasks];
  if (others.length > 0) return refuse("input", "all texts of a request must have one task_type");
  return kindOfTask[first ?? ""] ?? "search_document";
}

/** The count stands in a header. */
export function readCohere(body: JsonObject, headers: HeaderView): IrEmbedResponse {
  const embeddings = arrayOf(body["embeddings"]) ?? arrayOf(objectOf(body["embeddings"])?.["float"]);
  if (embeddings === undefined) throw badAnswer();
  const count = headers.get("x-amzn-bedrock-input-token-count");
  const inputTokens = count === null || !/^\d+$/.test(count) ? undefined : Number(count);
  return {
    vectors: embeddings.map((values) => ({ values: readVector(values) })),
    usage: inputTokens === undefined ? undefined : { inputTokens, totalTokens: inputTokens },
  };
}
