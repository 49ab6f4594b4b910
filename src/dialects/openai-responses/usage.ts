import type { IrUsage } from "../ir/usage.ts";
import type { JsonObject } from "../ir/values.ts";

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
