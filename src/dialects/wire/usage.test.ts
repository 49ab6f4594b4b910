import { describe, expect, test } from "bun:test";
import type { IrUsage } from "../ir/usage.ts";
import {
  AnthropicUsage,
  readChatUsage,
  readCohereUsage,
  readMediaUsage,
  readResponsesUsage,
  readTranscriptUsage,
} from "./usage.ts";

const cases: {
  name: string;
  read: (value: unknown) => IrUsage | undefined;
  from: unknown;
  want: IrUsage | undefined;
}[] = [
  {
    name: "chat counts",
    read: readChatUsage,
    from: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    want: { inputTokens: 3, outputTokens: 2, totalTokens: 5 },
  },
  {
    name: "chat details, whose missing counts are 0",
    read: readChatUsage,
    from: { prompt_tokens: 9, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: {} },
    want: { inputTokens: 9, cacheReadTokens: 4, cacheWriteTokens: 0, reasoningTokens: 0 },
  },
  {
    name: "cache writes under either name",
    read: readChatUsage,
    from: { prompt_tokens_details: { cache_creation_input_tokens: 7 } },
    want: { cacheReadTokens: 0, cacheWriteTokens: 7 },
  },
  {
    name: "cache writes under OpenAI's own name first",
    read: readChatUsage,
    from: { prompt_tokens_details: { cache_write_tokens: 6, cache_creation_input_tokens: 7 } },
    want: { cacheReadTokens: 0, cacheWriteTokens: 6 },
  },
  { name: "nothing where nothing was reported", read: readChatUsage, from: {}, want: {} },
  { name: "no null", read: readChatUsage, from: null, want: undefined },
  {
    name: "no text and no negative number",
    read: readChatUsage,
    from: { prompt_tokens: "3", completion_tokens: -1, total_tokens: Number.NaN },
    want: {},
  },
  {
    name: "counts of responses",
    read: readResponsesUsage,
    from: {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 2 },
      output_tokens: 6,
      output_tokens_details: { reasoning_tokens: 1 },
      total_tokens: 16,
    },
    want: {
      inputTokens: 10,
      cacheReadTokens: 2,
      cacheWriteTokens: 0,
      outputTokens: 6,
      reasoningTokens: 1,
      totalTokens: 16,
    },
  },
  {
    name: "images without their split by kind",
    read: readMediaUsage,
    from: { input_tokens: 5, output_tokens: 50, total_tokens: 55, input_tokens_details: { image_tokens: 0 } },
    want: { inputTokens: 5, outputTokens: 50, totalTokens: 55 },
  },
  {
    name: "tokens of a transcript",
    read: readTranscriptUsage,
    from: { type: "tokens", input_tokens: 5, output_tokens: 2, total_tokens: 7 },
    want: { inputTokens: 5, outputTokens: 2, totalTokens: 7 },
  },
  {
    name: "no seconds of a transcript",
    read: readTranscriptUsage,
    from: { type: "duration", seconds: 9 },
    want: undefined,
  },
  {
    name: "Cohere's fractions",
    read: readCohereUsage,
    from: { tokens: { input_tokens: 12.7, output_tokens: 1.2 } },
    want: { inputTokens: 12, outputTokens: 1, totalTokens: 13 },
  },
  {
    name: "one count of Cohere",
    read: readCohereUsage,
    from: { tokens: { input_tokens: 12 } },
    want: { inputTokens: 12, totalTokens: 12 },
  },
  {
    name: "no tokens of Cohere",
    read: readCohereUsage,
    from: { billed_units: { search_units: 1 } },
    want: undefined,
  },
];

test.each(cases)("reads $name", ({ read, from, want }) => {
  expect(read(from)).toEqual(want as IrUsage);
});

describe("AnthropicUsage", () => {
  test("sums three input counts", () => {
    const usage = new AnthropicUsage();
    usage.start({
      input_tokens: 12,
      output_tokens: 7,
      cache_creation_input_tokens: 3,
      cache_read_input_tokens: 5,
    });
    expect(usage.usage).toEqual({
      inputTokens: 20,
      cacheReadTokens: 5,
      cacheWriteTokens: 3,
      outputTokens: 7,
      totalTokens: 27,
    });
  });

  test("merges a delta into what the start said", () => {
    const usage = new AnthropicUsage();
    usage.start({ input_tokens: 100, cache_read_input_tokens: 0 });
    usage.update({ output_tokens: 9, cache_read_input_tokens: 40 });
    expect(usage.usage).toEqual({
      inputTokens: 140,
      cacheReadTokens: 40,
      cacheWriteTokens: 0,
      outputTokens: 9,
      totalTokens: 149,
    });
  });

  test("keeps what a delta leaves out or sends as 0", () => {
    const usage = new AnthropicUsage();
    usage.start({ input_tokens: 10, output_tokens: 1 });
    usage.update({ input_tokens: 0, output_tokens: 9, output_tokens_details: { thinking_tokens: 4 } });
    usage.update({});
    usage.update(undefined);
    expect(usage.usage).toEqual({
      inputTokens: 10,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 9,
      totalTokens: 19,
      reasoningTokens: 4,
    });
  });
});
