import type { IrUsage } from "../ir/usage.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { numberOf, objectOf } from "../wire/exact-json.ts";

/** Chat's counts: the prompt has what was cached in it. What a server does not name is unknown. */
export function readUsage(usage: JsonObject): IrUsage {
  const input = objectOf(usage["prompt_tokens_details"]);
  const output = objectOf(usage["completion_tokens_details"]);
  const counts: IrUsage = {};
  set(counts, "inputTokens", usage["prompt_tokens"]);
  set(counts, "outputTokens", usage["completion_tokens"]);
  set(counts, "totalTokens", usage["total_tokens"]);
  set(counts, "cacheReadTokens", input?.["cached_tokens"]);
  set(counts, "cacheWriteTokens", input?.["cache_write_tokens"] ?? input?.["cache_creation_input_tokens"]);
  set(counts, "inputAudioTokens", input?.["audio_tokens"]);
  set(counts, "inputImageTokens", input?.["image_tokens"]);
  set(counts, "reasoningTokens", output?.["reasoning_tokens"]);
  set(counts, "outputAudioTokens", output?.["audio_tokens"]);
  return counts;
}

function set(counts: IrUsage, name: keyof IrUsage, value: Json | undefined): void {
  const count = numberOf(value);
  if (count !== undefined) counts[name] = count;
}

/** The three counts always; details where one of them is known, without their zeros. */
export function writeUsage(usage: IrUsage): JsonObject {
  const { inputTokens = 0, outputTokens = 0, cacheWriteTokens } = usage;
  const written: { [member: string]: Json } = {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: usage.totalTokens ?? inputTokens + outputTokens,
  };
  const input = details({
    cached_tokens: usage.cacheReadTokens,
    cache_write_tokens: cacheWriteTokens,
    cache_creation_input_tokens: cacheWriteTokens,
    audio_tokens: usage.inputAudioTokens,
    image_tokens: usage.inputImageTokens,
  });
  const output = details({ reasoning_tokens: usage.reasoningTokens, audio_tokens: usage.outputAudioTokens });
  if (input !== undefined) written["prompt_tokens_details"] = input;
  if (output !== undefined) written["completion_tokens_details"] = output;
  return written;
}

function details(counts: { readonly [name: string]: number | undefined }): JsonObject | undefined {
  const known: { [name: string]: number } = {};
  let isKnown = false;
  for (const name in counts) {
    const count = counts[name];
    if (count === undefined) continue;
    isKnown = true;
    if (count !== 0) known[name] = count;
  }
  return isKnown ? known : undefined;
}
