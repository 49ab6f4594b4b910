import type { IrUsage } from "../ir/usage.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { numberOf, objectOf } from "../wire/exact-json.ts";

/** The API's counts: the input has what was cached in it. What a server does not name is unknown. */
export function readUsage(usage: JsonObject): IrUsage {
  const input = objectOf(usage["input_tokens_details"]);
  const output = objectOf(usage["output_tokens_details"]);
  const counts: IrUsage = {};
  set(counts, "inputTokens", usage["input_tokens"]);
  set(counts, "outputTokens", usage["output_tokens"]);
  set(counts, "totalTokens", usage["total_tokens"]);
  set(counts, "cacheReadTokens", input?.["cached_tokens"]);
  set(counts, "cacheWriteTokens", input?.["cache_write_tokens"] ?? input?.["cache_creation_input_tokens"]);
  set(counts, "reasoningTokens", output?.["reasoning_tokens"]);
  return counts;
}

function set(counts: IrUsage, name: keyof IrUsage, value: Json | undefined): void {
  const count = numberOf(value);
  if (count !== undefined) counts[name] = count;
}

/** Every count, 0 where it is not known: the SDKs have no optional ones. */
export function writeUsage(usage: IrUsage): JsonObject {
  const { inputTokens = 0, outputTokens = 0 } = usage;
  return {
    input_tokens: inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cacheReadTokens ?? 0,
      cache_write_tokens: usage.cacheWriteTokens ?? 0,
    },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.totalTokens ?? inputTokens + outputTokens,
  };
}
