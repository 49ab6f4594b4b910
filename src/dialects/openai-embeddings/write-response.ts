import { Buffer } from "node:buffer";
import { endianness } from "node:os";
import type { IrEmbedRequest, IrEmbedResponse } from "../ir/small.ts";
import type { WholeContext } from "../whole.ts";

/** Writes vectors as OpenAI does: lists of numbers, or base64 of little-endian floats of 32 bits. */
export function writeResponse(
  response: IrEmbedResponse,
  asked: IrEmbedRequest,
  context: WholeContext,
): string {
  const data = response.vectors.map(({ values, isTruncated }, index) => ({
    object: "embedding",
    index,
    embedding: asked.encoding === "base64" ? base64Of(values) : values,
    ...(isTruncated === true ? { truncated: true } : {}),
  }));
  const { inputTokens, totalTokens = inputTokens } = response.usage ?? {};
  const usage =
    inputTokens === undefined ? {} : { usage: { prompt_tokens: inputTokens, total_tokens: totalTokens } };
  return JSON.stringify({ object: "list", data, model: response.model ?? context.requestModel, ...usage });
}

function base64Of(values: readonly number[]): string {
  const bytes = Buffer.from(Float32Array.from(values).buffer);
  return (endianness() === "LE" ? bytes : bytes.swap32()).toString("base64");
}
