import type { BackendTarget, WrittenRequest } from "../dialect.ts";
import type { IrEvent } from "../ir/events.ts";
import type { IrFormat, IrReasoningSettings, IrRequest } from "../ir/request.ts";
import { SchemaToolRepair, schemaToolName } from "../ir/schema-tool.ts";
import { ToolNames } from "../ir/tool-names.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { refuse, Warnings } from "../ir/warnings.ts";
import type { Stage } from "../stage.ts";
import { fitToModel } from "./fit-request.ts";
import type { AnthropicHost } from "./hosts.ts";
import { abilitiesOf, usualMaxTokens } from "./models.ts";
import { writeMessages } from "./write-messages.ts";
import { PartWriting } from "./write-parts.ts";
import { toolNameRule, writeToolChoice, writeTools } from "./write-tools.ts";

type Body = { [member: string]: Json };
type Target = BackendTarget<AnthropicHost>;

export function writeRequest(asked: IrRequest, target: Target): WrittenRequest {
  const warnings = new Warnings();
  const request = fitToModel(asked, target.model, warnings);
  refuseUnsayable(request);
  warnDropped(request, warnings);
  const names = new ToolNames(request, toolNameRule);
  const writing = new PartWriting(target.host, warnings, (name) => names.write(name));
  const { system, messages } = writeMessages(request.messages, writing);
  const body: Body = {};
  const mode = thinkingMode(request, target.model);
  body["max_tokens"] = maxTokens(request, target.model, mode);
  setIf(body, "messages", nonEmpty(messages));
  const tools = writeTools(request, names, target.host, warnings);
  setIf(body, "tools", nonEmpty(tools));
  if (tools.length > 0) setIf(body, "tool_choice", writeToolChoice(request, names));
  writeSampling(body, request);
  writeThinking(body, { ...request.reasoning, mode }, target.model, warnings);
  writeFormat(body, request, target.model, system);
  setIf(body, "system", nonEmpty(system));
  Object.assign(body, target.host.envelope(target, request.isStream));
  return {
    path: target.host.path(target, request.isStream),
    ...target.host.headers(target.headers),
    body: JSON.stringify(body),
    warnings: warnings.list,
  };
}

/** What the answer needs to look as if nothing had been changed on the way. */
export function repairs(request: IrRequest, target: Target): Stage<IrEvent, IrEvent>[] {
  const stages = new ToolNames(request, toolNameRule).repairs();
  const format = emulatedFormat(request, target.model);
  return format === undefined ? stages : [...stages, new SchemaToolRepair(schemaToolName(request, format))];
}

function setIf(body: Body, name: string, value: Json | undefined): void {
  if (value !== undefined) body[name] = value;
}

function nonEmpty(list: JsonObject[]): JsonObject[] | undefined {
  return list.length > 0 ? list : undefined;
}

function refuseUnsayable({ sampling, modalities, previousResponseId }: IrRequest): void {
  const { n, temperature } = sampling;
  if (n !== undefined && n > 1) refuse("n", "Claude gives one choice");
  if (temperature !== undefined && (temperature < 0 || temperature > 1)) {
    refuse("temperature", `${temperature.toFixed(2)} is outside of the 0.00 to 1.00 that Claude takes`);
  }
  if (modalities?.includes("audio")) refuse("modalities", "Claude gives no audio");
  if (previousResponseId !== undefined)
    refuse("previous_response_id", "answers are not kept; send the whole conversation");
}

function warnDropped(request: IrRequest, warnings: Warnings): void {
  const { sampling, guided, extras } = request;
  warnings.dropped(
    {
      seed: sampling.seed,
      presence_penalty: sampling.presencePenalty,
      frequency_penalty: sampling.frequencyPenalty,
      logit_bias: sampling.logitBias,
      logprobs: sampling.logprobs,
      guided_decoding: guided,
      verbosity: request.verbosity,
      user: request.user ?? request.safetyId,
      metadata: request.metadata,
      prompt_cache_key: request.cacheKey,
      store: request.store,
    },
    "Claude",
  );
  warnings.foreign(extras, "anthropic", "Claude");
}

/** For an answer beside all that is thought. */
const roomToAnswer = 4096;

/**
 * Anthropic wants a limit; most APIs do without. A budget for thinking is a part of it, so a limit of our own leaves room
 * for both.
 */
function maxTokens(
  { maxOutputTokens, reasoning }: IrRequest,
  model: string,
  mode: IrReasoningSettings["mode"],
): number {
  if (maxOutputTokens !== undefined) return maxOutputTokens;
  const budget = mode === "on" ? (reasoning?.budgetTokens ?? 0) : 0;
  return Math.max(usualMaxTokens(model), budget + roomToAnswer);
}

/**
 * Who asks to be shown reasoning, in an API that has no switch for it, wants a model that reasons. One that decides itself
 * how long does, if nothing else of the request forbids it.
 */
function thinkingMode(
  { reasoning, sampling, toolChoice }: IrRequest,
  model: string,
): IrReasoningSettings["mode"] {
  if (reasoning?.mode !== undefined || reasoning?.show === undefined) return reasoning?.mode;
  const isForbidden =
    reasoning.effort === "none" ||
    toolChoice?.mode === "required" ||
    [sampling.temperature, sampling.topP, sampling.topK].some((setting) => setting !== undefined);
  return !isForbidden && abilitiesOf(model).hasAdaptive ? "adaptive" : undefined;
}

function writeSampling(body: Body, { sampling, serviceTier }: IrRequest): void {
  setIf(body, "temperature", sampling.temperature);
  setIf(body, "top_p", sampling.topP);
  setIf(body, "top_k", sampling.topK);
  setIf(body, "stop_sequences", sampling.stop);
  if (serviceTier === "auto") body["service_tier"] = "auto";
  else if (serviceTier === "default") body["service_tier"] = "standard_only";
}

const efforts: { readonly [effort: string]: string } = {
  minimal: "low",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "xhigh",
  max: "max",
};

function writeThinking(body: Body, reasoning: IrReasoningSettings, model: string, warnings: Warnings): void {
  const { effort, mode, budgetTokens, show } = reasoning;
  const display = show === undefined ? {} : { display: show };
  if (mode === "on")
    body["thinking"] = {
      type: "enabled",
      ...(budgetTokens === undefined ? {} : { budget_tokens: budgetTokens }),
      ...display,
    };
  else if (mode === "adaptive") body["thinking"] = { type: "adaptive", ...display };
  else if (mode === "off") body["thinking"] = { type: "disabled" };
  if (effort === undefined) return;
  if (!abilitiesOf(model).hasEffort) warnings.quiet("reasoning_effort", `${model} has no effort; dropped`);
  else if (effort === "none") body["thinking"] ??= { type: "disabled" };
  else
    body["output_config"] = {
      effort: efforts[effort] ?? refuse("reasoning_effort", `"${effort}" is not known`),
    };
}

/** The schema that a model without structured output gets as a tool. */
function emulatedFormat({ format, toolChoice }: IrRequest, model: string) {
  if (format?.type !== "json-schema" || abilitiesOf(model).hasSchema) return undefined;
  // Who insists on a call gets a call, and no answer that a schema could be about.
  return toolChoice?.mode === "required" ? undefined : format;
}

function writeFormat(body: Body, request: IrRequest, model: string, system: JsonObject[]): void {
  const { format } = request;
  if (format === undefined || format.type === "text") return;
  if (format.type === "json") {
    system.push({ type: "text", text: "Answer with one JSON object and nothing else." });
    return;
  }
  const emulated = emulatedFormat(request, model);
  if (emulated !== undefined) offerSchemaTool(body, request, emulated, system);
  else if (abilitiesOf(model).hasSchema) {
    const config = body["output_config"] as JsonObject | undefined;
    body["output_config"] = { ...config, format: { type: "json_schema", schema: format.schema } };
  }
}

/** Thinking forbids to force a tool, so then the model is only asked to call it. */
function offerSchemaTool(
  body: Body,
  request: IrRequest,
  format: Extract<IrFormat, { type: "json-schema" }>,
  system: JsonObject[],
): void {
  const name = schemaToolName(request, format);
  const own = (body["tools"] as JsonObject[] | undefined) ?? [];
  const tools = request.toolChoice?.mode === "none" ? [] : own;
  const description = format.description ?? "Gives the answer.";
  body["tools"] = [...tools, { name, description, input_schema: format.schema }];
  if (request.reasoning?.mode === "on" || request.reasoning?.mode === "adaptive") {
    body["tool_choice"] = { type: "auto" };
    system.push({ type: "text", text: `Give your answer by calling the tool ${name}.` });
  } else body["tool_choice"] = tools.length === 0 ? { type: "tool", name } : { type: "any" };
}
