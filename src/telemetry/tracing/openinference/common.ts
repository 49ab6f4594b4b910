import type { IrUsage } from "../../../dialects/ir/usage.ts";
import type { ClientRequest } from "../../../dialects/passage.ts";
import { asObject, type JsonObject } from "../../../dialects/wire/json.ts";
import { decodeText } from "../../../dialects/wire/text.ts";
import type { Attributes } from "../attributes.ts";
import type { SpanEnd } from "../convention.ts";
import { type Hide, redacted } from "./hide.ts";

/** How one endpoint's exchanges are shown. */
export interface Vocabulary {
  readonly spanName: string;
  readonly start: (attributes: Attributes, request: ClientRequest, hide: Hide) => void;
  /** Of good answers. */
  readonly end: (attributes: Attributes, end: SpanEnd, hide: Hide) => void;
}

const json = "application/json";

export function bodyOf(request: ClientRequest): JsonObject {
  return asObject(request.json) ?? {};
}

/** The client's body as it came, or the placeholder. */
export function putInput(attributes: Attributes, request: ClientRequest, isHidden: boolean): void {
  attributes["input.value"] = isHidden ? redacted : decodeText(request.bytes);
  if (!isHidden) attributes["input.mime_type"] = json;
}

/** The answer as the client got it, or the placeholder. */
export function putOutput(attributes: Attributes, text: string | undefined, isHidden: boolean): void {
  if (isHidden) attributes["output.value"] = redacted;
  else if (text !== undefined) {
    attributes["output.value"] = text;
    attributes["output.mime_type"] = json;
  }
}

/** The model that answered, in place of the one that was asked for. */
export function putAnswerModel(attributes: Attributes, { answer }: SpanEnd): void {
  const model = answer.json?.["model"];
  if (typeof model === "string" && model !== "") attributes["llm.model_name"] = model;
}

/** Counts above 0, and their parts where the answer tells parts. */
export function putTokenCounts(attributes: Attributes, usage: IrUsage): void {
  const { inputTokens = 0, outputTokens = 0, totalTokens = inputTokens + outputTokens } = usage;
  if (inputTokens > 0) {
    attributes["llm.token_count.prompt"] = inputTokens;
    if (usage.cacheReadTokens !== undefined) {
      attributes["llm.token_count.prompt_details.audio"] = usage.inputAudioTokens ?? 0;
      attributes["llm.token_count.prompt_details.cache_read"] = usage.cacheReadTokens;
      attributes["llm.token_count.prompt_details.cache_creation"] = usage.cacheWriteTokens ?? 0;
    }
  }
  if (outputTokens > 0) {
    attributes["llm.token_count.completion"] = outputTokens;
    if (usage.reasoningTokens !== undefined) {
      attributes["llm.token_count.completion_details.audio"] = usage.outputAudioTokens ?? 0;
      attributes["llm.token_count.completion_details.reasoning"] = usage.reasoningTokens;
    }
  }
  if (totalTokens > 0) attributes["llm.token_count.total"] = totalTokens;
}
