import type { IrReasoningSettings, IrRequest, IrSampling } from "../ir/request.ts";
import type { Warnings } from "../ir/warnings.ts";
import { abilitiesOf } from "./models.ts";

/**
 * A request without the dials that its model has no more.
 *
 * Claude from 4.7 on answers 400 to any value of `temperature`, `top_p` and `top_k`, and to a budget for thinking: it
 * thinks as long as it finds right. Clients of other APIs cannot know, so the rest of what they ask is asked.
 *
 * @see https://platform.claude.com/docs/en/api/versioning, read 2026-11
 */
export function fitToModel(request: IrRequest, model: string, warnings: Warnings): IrRequest {
  const { sampling, reasoning } = request;
  const { temperature, topP, topK } = sampling;
  const hasSampling = temperature !== undefined || topP !== undefined || topK !== undefined;
  const hasBudget = reasoning?.mode === "on";
  if ((!hasSampling && !hasBudget) || abilitiesOf(model).hasDials) return request;
  return {
    ...request,
    sampling: hasSampling ? withoutDials(sampling, model, warnings) : sampling,
    reasoning: hasBudget ? withoutBudget(reasoning, model, warnings) : reasoning,
  };
}

function withoutDials(sampling: IrSampling, model: string, warnings: Warnings): IrSampling {
  const { temperature, topP, topK, ...rest } = sampling;
  for (const [path, value] of Object.entries({ temperature, top_p: topP, top_k: topK })) {
    if (value !== undefined) warnings.loud(path, `${model} refuses it; dropped`);
  }
  return rest;
}

function withoutBudget(
  reasoning: IrReasoningSettings,
  model: string,
  warnings: Warnings,
): IrReasoningSettings {
  const { budgetTokens, ...rest } = reasoning;
  if (budgetTokens !== undefined)
    warnings.loud("thinking.budget_tokens", `${model} decides itself how long it thinks; dropped`);
  return { ...rest, mode: "adaptive" };
}
