import type { IrUsage } from "../ir/usage.ts";
import { asCount, asObject, type JsonObject } from "./json.ts";

/** The three names that a count of tokens goes by in OpenAI's APIs, and the details of in- and output. */
interface UsageWords {
  readonly input: string;
  readonly output: string;
  readonly inputDetails: string;
  readonly outputDetails: string;
}

const chatWords: UsageWords = {
  input: "prompt_tokens",
  output: "completion_tokens",
  inputDetails: "prompt_tokens_details",
  outputDetails: "completion_tokens_details",
};

const responsesWords: UsageWords = {
  input: "input_tokens",
  output: "output_tokens",
  inputDetails: "input_tokens_details",
  outputDetails: "output_tokens_details",
};

/** `usage` of chat completions, completions and embeddings. */
export function readChatUsage(usage: unknown): IrUsage | undefined {
  return readUsage(usage, chatWords);
}

/** `usage` of responses. */
export function readResponsesUsage(usage: unknown): IrUsage | undefined {
  return readUsage(usage, responsesWords);
}

/** `usage` of images and speech: whole counts only, since their details split by kind of content. */
export function readMediaUsage(usage: unknown): IrUsage | undefined {
  const counts = asObject(usage);
  return counts === undefined ? undefined : readTotals(counts, responsesWords);
}

/** `usage` of transcriptions, which may count seconds instead of tokens. */
export function readTranscriptUsage(usage: unknown): IrUsage | undefined {
  return asObject(usage)?.["type"] === "tokens" ? readMediaUsage(usage) : undefined;
}

/** `meta` of Cohere's answers; its counts are written with a fraction. */
export function readCohereUsage(meta: unknown): IrUsage | undefined {
  const tokens = asObject(asObject(meta)?.["tokens"]);
  if (tokens === undefined) return undefined;
  const usage = readTotals(tokens, responsesWords);
  const { inputTokens, outputTokens } = usage;
  if (inputTokens !== undefined || outputTokens !== undefined) {
    usage.totalTokens = (inputTokens ?? 0) + (outputTokens ?? 0);
  }
  return usage;
}

function readUsage(usage: unknown, words: UsageWords): IrUsage | undefined {
  const counts = asObject(usage);
  if (counts === undefined) return undefined;
  const read = readTotals(counts, words);
  // A provider that sends details counts everything in them, and leaves out what is 0.
  const input = asObject(counts[words.inputDetails]);
  if (input !== undefined) {
    read.cacheReadTokens = asCount(input["cached_tokens"]) ?? 0;
    read.cacheWriteTokens =
      asCount(input["cache_write_tokens"]) ?? asCount(input["cache_creation_input_tokens"]) ?? 0;
  }
  const output = asObject(counts[words.outputDetails]);
  if (output !== undefined) read.reasoningTokens = asCount(output["reasoning_tokens"]) ?? 0;
  return read;
}

function readTotals(counts: JsonObject, words: UsageWords): IrUsage {
  const read: IrUsage = {};
  const input = asCount(counts[words.input]);
  const output = asCount(counts[words.output]);
  const total = asCount(counts["total_tokens"]);
  if (input !== undefined) read.inputTokens = input;
  if (output !== undefined) read.outputTokens = output;
  if (total !== undefined) read.totalTokens = total;
  return read;
}

/**
 * Usage of Anthropic messages, whole or over a stream.
 *
 * Its three input counts (new, read from the cache, written to it) are apart; ours holds all three. In a stream
 * `message_start` tells what is known and `message_delta` has running totals: a count it leaves out or sends as 0
 * among the inputs stays what it was.
 */
export class AnthropicUsage {
  #input = 0;
  #read = 0;
  #write = 0;
  #output: number | undefined;
  #reasoning: number | undefined;

  /** `usage` of a message, or of the message in `message_start`. */
  start(usage: unknown): void {
    const counts = asObject(usage);
    if (counts === undefined) return;
    this.#input = asCount(counts["input_tokens"]) ?? 0;
    this.#read = asCount(counts["cache_read_input_tokens"]) ?? 0;
    this.#write = asCount(counts["cache_creation_input_tokens"]) ?? 0;
    this.#readOutput(counts);
  }

  /** `usage` of `message_delta`. */
  update(usage: unknown): void {
    const counts = asObject(usage);
    if (counts === undefined) return;
    this.#input = asCount(counts["input_tokens"]) || this.#input;
    this.#read = asCount(counts["cache_read_input_tokens"]) || this.#read;
    this.#write = asCount(counts["cache_creation_input_tokens"]) || this.#write;
    this.#readOutput(counts);
  }

  get usage(): IrUsage {
    const inputTokens = this.#input + this.#read + this.#write;
    const usage: IrUsage = {
      inputTokens,
      cacheReadTokens: this.#read,
      cacheWriteTokens: this.#write,
    };
    if (this.#output !== undefined) {
      usage.outputTokens = this.#output;
      usage.totalTokens = inputTokens + this.#output;
    }
    if (this.#reasoning !== undefined) usage.reasoningTokens = this.#reasoning;
    return usage;
  }

  #readOutput(counts: JsonObject): void {
    this.#output = asCount(counts["output_tokens"]) ?? this.#output;
    this.#reasoning =
      asCount(asObject(counts["output_tokens_details"])?.["thinking_tokens"]) ?? this.#reasoning;
  }
}
