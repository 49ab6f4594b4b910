import type { IrReasoningSettings } from "../ir/request.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import type { Warnings } from "../ir/warnings.ts";
import type { BedrockModel } from "./bedrock-model.ts";
import { refuse } from "./writing.ts";

type Fields = { [member: string]: Json };

/** What the settings of reasoning are in the model's own request. */
export function writeReasoningSettings(
  settings: IrReasoningSettings | undefined,
  model: BedrockModel,
  warnings: Warnings,
): JsonObject {
  const fields: Fields = {};
  const thinking = settings && writeThinking(settings);
  if (thinking !== undefined) fields["thinking"] = thinking;
  if (settings?.effort) writeEffort(fields, settings.effort, model, warnings);
  return fields;
}

function writeThinking({ mode, budgetTokens, show }: IrReasoningSettings): JsonObject | undefined {
  const display: JsonObject = show === undefined ? {} : { display: show };
  switch (mode) {
    case "on":
      return {
        ...(budgetTokens === undefined ? {} : { budget_tokens: budgetTokens }),
        type: "enabled",
        ...display,
      };
    case "adaptive":
      return { type: "adaptive", ...display };
    case "off":
      return { type: "disabled" };
    default:
      return undefined;
  }
}

const claudeEfforts: { readonly [effort: string]: string } = {
  minimal: "low",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "xhigh",
  max: "max",
};
const novaEfforts: { readonly [effort: string]: string } = { ...claudeEfforts, xhigh: "high", max: "high" };

/** Each family of models has its own word for it. */
function writeEffort(fields: Fields, effort: string, model: BedrockModel, warnings: Warnings): void {
  switch (model.effort) {
    case "none":
      warnings.quiet("reasoning_effort", "this Claude model has no effort; dropped");
      break;
    case "output_config":
      if (effort === "none") fields["thinking"] ??= { type: "disabled" };
      else fields["output_config"] = { effort: known(claudeEfforts, effort) };
      break;
    case "reasoningConfig":
      fields["reasoningConfig"] =
        effort === "none"
          ? { type: "disabled" }
          : { type: "enabled", maxReasoningEffort: known(novaEfforts, effort) };
      break;
    default:
      fields[model.effort] = effort;
  }
}

function known(efforts: { readonly [effort: string]: string }, effort: string): string {
  return efforts[effort] ?? refuse("reasoning_effort", `"${effort}" is not known`);
}
