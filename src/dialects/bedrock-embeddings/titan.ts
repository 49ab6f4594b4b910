import type { IrEmbedRequest, IrEmbedResponse } from "../ir/small.ts";
import type { JsonObject } from "../ir/values.ts";
import type { Warnings } from "../ir/warnings.ts";
import { numberOf } from "../wire/exact-json.ts";
import { readVector, refuse } from "./shared.ts";

/**
 * Amazon Titan text embeddings: one text a request.
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html, read 2026-11
 */
export function writeTitan(request: IrEmbedRequest, warnings: Warnings): JsonObject {
  const [input, ...others] = request.inputs;
  if (input === undefined || others.length > 0)
    return refuse("input", `this model embeds one text a request, not ${request.inputs.length}`);
  if ("tokens" in input) return refuse("input", "Bedrock embeds text, not tokens");
  warnings.dropped(
    {
      task_type: request.task ?? input.task,
      title: request.title ?? input.title,
      auto_truncate: request.truncate,
    },
    "Titan",
  );
  const { dimensions } = request;
  return dimensions === undefined ? { inputText: input.text } : { inputText: input.text, dimensions };
}

export function readTitan(body: JsonObject): IrEmbedResponse {
  const inputTokens = numberOf(body["inputTextTokenCount"]);
  return {
    vectors: [{ values: readVector(body["embedding"]) }],
    usage: inputTokens === undefined ? undefined : { inputTokens, totalTokens: inputTokens },
  };
}
