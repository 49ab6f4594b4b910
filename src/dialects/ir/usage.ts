/**
 * Token counts of one answer. A count nobody reported is absent, which is not 0.
 *
 * - `inputTokens` and `outputTokens` are whole; the cache and reasoning counts are parts of them.
 * - A later report replaces an earlier one member by member, and is never added to it.
 */
export interface IrUsage {
  inputTokens?: number;
  /** Read from the provider's cache. */
  cacheReadTokens?: number;
  /** Written to the provider's cache. */
  cacheWriteTokens?: number;
  outputTokens?: number;
  reasoningTokens?: number;
  /** As reported; else input + output where someone needs it. */
  totalTokens?: number;
  /** Parts of the input by what was put in. */
  inputAudioTokens?: number;
  inputImageTokens?: number;
  outputAudioTokens?: number;
}
