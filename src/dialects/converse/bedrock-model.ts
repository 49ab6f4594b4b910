import { abilitiesOf } from "../anthropic/models.ts";
import type { Family } from "../ir/values.ts";

/** What a model id tells of how its model wants to be spoken to through Converse. */
export interface BedrockModel {
  readonly isClaude: boolean;
  /**
   * Whose signatures the model's reasoning carries. `undefined` for ids that tell nothing: application inference
   * profiles and names of one's own, which may stand for any model.
   */
  readonly sealFamily: Family | undefined;
  /** Where in `additionalModelRequestFields` the effort of reasoning goes. */
  readonly effort: "output_config" | "reasoning_effort" | "reasoningConfig" | "reasoning_config" | "none";
  /** Refuses a JSON schema for its answer, but can be made to call a tool. */
  readonly needsSchemaTool: boolean;
  /** Takes Claude's `disable_parallel_tool_use`; models before 4.5 were seen to refuse the whole request for it. */
  readonly canLimitCalls: boolean;
}

const claude = /(?:^|[./])anthropic\.claude/;
const nova = /(?:^|[./])amazon\.nova-(2?)/;
const openaiLike = /openai\.gpt-oss|deepseek|qwen/;
const known =
  /(?:^|[./])(?:ai21|amazon|cohere|deepseek|google|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen|writer|zai)\./;

export function readBedrockModel(id: string): BedrockModel {
  if (claude.test(id)) {
    const { hasEffort, hasSchema } = abilitiesOf(id);
    const effort = hasEffort ? "output_config" : "none";
    return {
      isClaude: true,
      sealFamily: "anthropic",
      effort,
      needsSchemaTool: !hasSchema,
      canLimitCalls: hasSchema,
    };
  }
  const [, generation] = nova.exec(id) ?? [];
  return {
    isClaude: false,
    sealFamily: known.test(id) ? "aws" : undefined,
    effort:
      generation === "2" ? "reasoningConfig" : openaiLike.test(id) ? "reasoning_effort" : "reasoning_config",
    needsSchemaTool: generation !== undefined,
    canLimitCalls: false,
  };
}
