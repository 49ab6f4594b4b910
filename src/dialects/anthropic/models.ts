/** What a Claude model can do, by its name. */
export interface ModelAbilities {
  /** Structured output by a JSON schema: every model from 4.5 on. */
  readonly hasSchema: boolean;
  /** `output_config.effort`: Opus from 4.5, Sonnet from 4.6, every model from 5 on. */
  readonly hasEffort: boolean;
  /** `thinking` of type `adaptive`: Opus and Sonnet from 4.6, every model from 5 on. */
  readonly hasAdaptive: boolean;
  /** Takes `temperature`, `top_p`, `top_k` and a budget for thinking: models before 4.7. */
  readonly hasDials: boolean;
}

/** `claude-opus-4-5-20251101`, `claude-sonnet-4-5@20250929`, `us.anthropic.claude-sonnet-5-v1:0`: family, then version. */
const named = /(opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/;
const unknown: ModelAbilities = { hasSchema: false, hasEffort: false, hasAdaptive: false, hasDials: true };
const newest: ModelAbilities = { hasSchema: true, hasEffort: true, hasAdaptive: true, hasDials: false };

/** A name that says no version of Claude is taken for an old one. */
export function abilitiesOf(model: string): ModelAbilities {
  const name = model.toLowerCase();
  if (name.includes("mythos-preview")) return newest;
  const [, family, major, minor] = named.exec(name) ?? [];
  if (major === undefined) return unknown;
  const version = Number(major) + Number(minor ?? 0) / 100;
  const hasSchema = version >= 4.05;
  const hasEffort =
    version >= 5 || (family === "opus" && hasSchema) || (family === "sonnet" && version >= 4.06);
  const hasAdaptive = version >= 5 || (family !== "haiku" && version >= 4.06);
  return { hasSchema, hasEffort, hasAdaptive, hasDials: version < 4.07 };
}

/**
 * The limit for an answer whose client sets none: what an agent that writes whole files wants, within what the model can
 * write and leaving most of its context to what it reads. Names that say nothing are taken for Claude 3.5 or later.
 *
 * @see https://platform.claude.com/docs/en/about-claude/models/overview, read 2026-11
 */
export function usualMaxTokens(model: string): number {
  const name = model.toLowerCase();
  if (/claude-(?:instant|v?2|3-(?!5|7))/.test(name)) return 4096;
  const isLong = name.includes("claude-3-7") || Number(named.exec(name)?.[2] ?? 0) >= 4;
  return isLong ? 32_000 : 8192;
}
