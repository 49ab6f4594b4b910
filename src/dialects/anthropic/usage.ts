import type { IrUsage } from "../ir/usage.ts";
import type { JsonObject } from "../ir/values.ts";
import { numberOf, objectOf } from "../wire/exact-json.ts";

/**
 * Anthropic's counts of one answer. Input, cache reads and cache writes are three disjoint numbers, and a later report
 * replaces what it names.
 */
export class AnthropicUsage {
  #input = 0;
  #read = 0;
  #write = 0;

  /** The first report, or that of a whole answer: what it does not name is 0. */
  whole(usage: JsonObject): IrUsage {
    this.#input = numberOf(usage["input_tokens"]) ?? 0;
    this.#read = numberOf(usage["cache_read_input_tokens"]) ?? 0;
    this.#write = numberOf(usage["cache_creation_input_tokens"]) ?? 0;
    return {
      ...this.#inputCounts(),
      outputTokens: numberOf(usage["output_tokens"]) ?? 0,
      reasoningTokens: thinkingTokens(usage) ?? 0,
    };
  }

  /** A later report: what it does not name stays. */
  update(usage: JsonObject): IrUsage {
    const input = numberOf(usage["input_tokens"]);
    const read = numberOf(usage["cache_read_input_tokens"]);
    const write = numberOf(usage["cache_creation_input_tokens"]);
    const output = numberOf(usage["output_tokens"]);
    const reasoning = thinkingTokens(usage);
    this.#input = input ?? this.#input;
    this.#read = read ?? this.#read;
    this.#write = write ?? this.#write;
    const saysInput = input !== undefined || read !== undefined || write !== undefined;
    return {
      ...(saysInput ? this.#inputCounts() : {}),
      ...(output === undefined ? {} : { outputTokens: output }),
      ...(reasoning === undefined ? {} : { reasoningTokens: reasoning }),
    };
  }

  #inputCounts(): IrUsage {
    return {
      inputTokens: this.#input + this.#read + this.#write,
      cacheReadTokens: this.#read,
      cacheWriteTokens: this.#write,
    };
  }
}

function thinkingTokens(usage: JsonObject): number | undefined {
  return numberOf(objectOf(usage["output_tokens_details"])?.["thinking_tokens"]);
}

/** What is known of the counts, as Anthropic writes them: `message_delta` and `message_start`. */
export function writeKnownUsage(usage: IrUsage): JsonObject {
  const { cacheReadTokens: read, cacheWriteTokens: write } = usage;
  return {
    input_tokens: uncachedInput(usage),
    output_tokens: usage.outputTokens ?? 0,
    ...(read === undefined ? {} : { cache_read_input_tokens: read }),
    ...(write === undefined ? {} : { cache_creation_input_tokens: write }),
  };
}

/** The counts of a whole answer, which are all there. */
export function writeUsage(usage: IrUsage): JsonObject {
  return {
    input_tokens: uncachedInput(usage),
    output_tokens: usage.outputTokens ?? 0,
    cache_creation_input_tokens: usage.cacheWriteTokens ?? 0,
    cache_read_input_tokens: usage.cacheReadTokens ?? 0,
  };
}

function uncachedInput({ inputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0 }: IrUsage): number {
  return Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens);
}
