import type { BackendTarget, WrittenRequest } from "../dialect.ts";
import type { IrRequest } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import { refuse, Warnings } from "../ir/warnings.ts";
import { canThink, effortOf } from "../openai-chat/effort.ts";
import { foreignHeaders } from "../openai-chat/write-request.ts";
import type { ResponsesHost } from "./hosts.ts";
import { writeInput } from "./write-input.ts";
import { writeToolChoice, writeTools } from "./write-tools.ts";

/** Nothing is left at the provider: conversations come whole each time, so reasoning has to come along encrypted. */
export function writeRequest(request: IrRequest, target: BackendTarget<ResponsesHost>): WrittenRequest {
  const warnings = new Warnings();
  refuseUnsayable(request);
  warnDropped(request, warnings);
  const { sampling } = request;
  const tools = writeTools(request.tools, warnings);
  const hasTools = tools.length > 0;
  const body = {
    model: target.model,
    input: writeInput(request.messages, warnings),
    tools: hasTools ? tools : undefined,
    tool_choice: hasTools ? writeToolChoice(request) : undefined,
    parallel_tool_calls: hasTools ? request.parallelToolCalls : undefined,
    text: writeText(request),
    reasoning: writeReasoning(request, target.model, warnings),
    include: writeInclude(request, target.model),
    store: false,
    stream: request.isStream ? true : undefined,
    max_output_tokens: request.maxOutputTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_logprobs: sampling.topLogprobs,
    user: request.user,
    safety_identifier: request.safetyId,
    metadata: request.metadata,
    service_tier: request.serviceTier,
    prompt_cache_key: request.cacheKey,
    previous_response_id: request.previousResponseId,
  };
  return {
    path: target.host.path(target),
    set: [],
    remove: foreignHeaders,
    body: JSON.stringify(body),
    warnings: warnings.list,
  };
}

function refuseUnsayable({ sampling, modalities, audio }: IrRequest): void {
  if ((sampling.n ?? 1) > 1) refuse("n", "the responses API gives one answer");
  if (modalities?.includes("audio") || audio !== undefined)
    refuse("modalities", "the responses API gives no audio");
}

function warnDropped({ sampling, guided, store, extras }: IrRequest, warnings: Warnings): void {
  if (sampling.stop?.length) warnings.loud("stop", "the responses API has no stop sequences; dropped");
  if (guided !== undefined)
    warnings.loud("guided_decoding", "the responses API has nothing like it; dropped");
  if (store === true) warnings.loud("store", "nothing is kept at the provider; dropped");
  warnings.dropped(
    {
      top_k: sampling.topK,
      seed: sampling.seed,
      presence_penalty: sampling.presencePenalty,
      frequency_penalty: sampling.frequencyPenalty,
      logit_bias: sampling.logitBias,
    },
    "the responses API",
  );
  warnings.foreign(extras, "openai", "the responses API");
}

function writeText({ format, verbosity }: IrRequest): object | undefined {
  if (format === undefined && verbosity === undefined) return undefined;
  return { format: format && writeFormat(format), verbosity };
}

function writeFormat(format: NonNullable<IrRequest["format"]>): object {
  if (format.type === "text") return { type: "text" };
  if (format.type === "json") return { type: "json_object" };
  const { schema, name = "response", description, strict } = format;
  return { type: "json_schema", name, schema, description, strict };
}

/** Models that do not think refuse a request that names an effort, so only the client's own word goes to them. */
function writeReasoning({ reasoning }: IrRequest, model: string, warnings: Warnings): JsonObject | undefined {
  if (reasoning === undefined) return undefined;
  const effort = reasoning.effort ?? (canThink(model) ? effortOfMode(reasoning) : undefined);
  if (effort === undefined && reasoning.mode !== undefined)
    warnings.quiet("thinking", `says nothing that ${model} is known to understand; dropped`);
  const isShown = reasoning.show !== undefined && reasoning.show !== "omitted";
  if (effort === undefined && !isShown) return undefined;
  return { ...(effort === undefined ? {} : { effort }), ...(isShown ? { summary: "auto" } : {}) };
}

function effortOfMode({ mode, budgetTokens }: NonNullable<IrRequest["reasoning"]>): string | undefined {
  if (mode === "off") return "none";
  return mode === "on" && budgetTokens !== undefined ? effortOf(budgetTokens) : undefined;
}

function writeInclude({ sampling }: IrRequest, model: string): string[] | undefined {
  const include: string[] = [];
  if (canThink(model)) include.push("reasoning.encrypted_content");
  if (sampling.logprobs === true) include.push("message.output_text.logprobs");
  return include.length > 0 ? include : undefined;
}
