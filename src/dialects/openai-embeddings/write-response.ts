import { Buffer } from "node:buffer";
import type { IrEmbedRequest, IrEmbedResponse } from "../ir/small.ts";

/** Writes embeddings as OpenAI does. Counts that nobody gave are left out. */
export function writeResponse(
  { vectors, model, usage }: IrEmbedResponse,
  { encoding }: IrEmbedRequest,
  requestModel: string,
): string {
  const data = vectors.map(({ values, isTruncated }, index) => ({
    object: "embedding",
    index,
    embedding: encoding === "base64" ? floatBytes(values).toString("base64") : values,
    truncated: isTruncated === true ? true : undefined,
  }));
  const tokens = usage?.inputTokens;
  const counted = tokens === undefined ? undefined : { prompt_tokens: tokens, total_tokens: tokens };
  return JSON.stringify({ object: "list", model: model ?? requestModel, data, usage: counted });
}

/** 32-bit floats, low byte first, whatever the machine. */
function floatBytes(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes;
}
