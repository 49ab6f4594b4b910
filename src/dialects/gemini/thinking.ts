import type { IrReasoningSettings, IrRequest } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import { refuse } from "./refuse.ts";
import type { Writing } from "./writing.ts";

/** Thinking tokens for an effort on 2.5 models, those of Google's own OpenAI-compatible API, read 2026-11. */
const budgetOf: { readonly [effort: string]: number } = {
  none: 0,
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24576,
  xhigh: 24576,
  max: 24576,
};
/** Words that ask for less than is shown by default. */
const hides = new Set(["omitted", "none", "off", "hidden", "disabled"]);

/** `generationConfig.thinkingConfig`, `undefined` where the model is left to itself. Throws `ExchangeFailure`. */
export function writeThinking(request: IrRequest, writing: Writing): JsonObject | undefined {
  const settings = request.reasoning;
  if (settings === undefined) return undefined;
  const { effort, mode, show } = settings;
  if (effort !== undefined && budgetOf[effort] === undefined) {
    refuse(
      "invalid generation configs: invalid reasoning effort",
      `"${effort}" is not an effort anybody knows`,
    );
  }
  if (writing.model.thinking === "none") {
    if (mode !== "off" && effort !== "none")
      writing.warnings.loud("reasoning", "this model does not think; dropped");
    return undefined;
  }
  // Google refuses to show thoughts where there are none.
  const isOff = mode === "off" || (mode === undefined && effort === "none");
  const isHidden = isOff || (show !== undefined && hides.has(show));
  const isWanted =
    show !== undefined ||
    settings.isShown ||
    mode === "adaptive" ||
    request.extras.google?.["includeThoughts"] === true;
  const config = {
    ...(isWanted && !isHidden ? { includeThoughts: true } : {}),
    ...writeAmount(settings, writing),
  };
  return Object.keys(config).length === 0 ? undefined : config;
}

function writeAmount(settings: IrReasoningSettings, writing: Writing): JsonObject {
  const { effort, mode, budgetTokens } = settings;
  if (mode === "off") return writeEffort("none", writing);
  if (mode === "on" || budgetTokens !== undefined) {
    return budgetTokens === undefined ? {} : { thinkingBudget: writeBudget(budgetTokens, writing) };
  }
  if (effort !== undefined) return writeEffort(effort, writing);
  return mode === "adaptive" && writing.model.thinking === "budget" ? { thinkingBudget: -1 } : {};
}

/** Google refuses more than a model can think; a client that was written for another provider cannot know. */
function writeBudget(budgetTokens: number, { model, warnings }: Writing): number {
  const most = model.isFlash ? 24576 : 32768;
  if (budgetTokens <= most) return budgetTokens;
  warnings.quiet("thinking.budget_tokens", `lowered to ${most}, the most that this model takes`);
  return most;
}

function writeEffort(effort: string, { model, warnings }: Writing): JsonObject {
  if (effort === "none" && !model.isFlash) {
    warnings.quiet("reasoning", "this model always thinks");
    return model.thinking === "level" ? { thinkingLevel: "LOW" } : {};
  }
  switch (model.thinking) {
    case "level":
      return { thinkingLevel: levelOf(effort, model) };
    case "budget":
      return { thinkingBudget: budgetOf[effort] ?? -1 };
    default:
      warnings.quiet("reasoning", `effort left out: nothing is known of how this model thinks`);
      return {};
  }
}

function levelOf(effort: string, model: Writing["model"]): string {
  switch (effort) {
    case "none":
    case "minimal":
      return model.isFlash ? "MINIMAL" : "LOW";
    case "low":
      return "LOW";
    case "medium":
      return model.hasMediumLevel ? "MEDIUM" : "HIGH";
    default:
      return "HIGH";
  }
}
