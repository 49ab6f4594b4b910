import { invokeBetas } from "../anthropic/betas.ts";
import { fitToModel } from "../anthropic/fit-request.ts";
import type { BackendTarget, WrittenRequest } from "../dialect.ts";
import type { IrEvent } from "../ir/events.ts";
import type { IrFormat, IrRequest } from "../ir/request.ts";
import { SchemaToolRepair, schemaToolName } from "../ir/schema-tool.ts";
import { plainNames, ToolNames } from "../ir/tool-names.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { Warnings } from "../ir/warnings.ts";
import type { Stage } from "../stage.ts";
import { pathSegment } from "../wire/path.ts";
import { readBedrockModel } from "./bedrock-model.ts";
import { DocumentNames } from "./document-names.ts";
import type { ConverseHost } from "./host.ts";
import type { ConverseRequest, InferenceConfig, ToolConfig } from "./types.ts";
import { writeConversation } from "./write-messages.ts";
import { writeReasoningSettings } from "./write-reasoning.ts";
import { nativeToolChoice, toolSpec, writeToolConfig } from "./write-tools.ts";
import { refuse, type Writing } from "./writing.ts";

type Target = BackendTarget<ConverseHost>;
type JsonSchemaFormat = Extract<IrFormat, { type: "json-schema" }>;

const toolNameRule = plainNames(64);
/** Of Anthropic clients; Bedrock has its own ways to say these things. */
export const anthropicHeaders = [
  "anthropic-version",
  "anthropic-beta",
  "anthropic-dangerous-direct-browser-access",
] as const;

/** Writes a request to Bedrock's Converse, or ConverseStream for a stream. */
export function writeRequest(request: IrRequest, target: Target): WrittenRequest {
  const writing = startWriting(request, target.model);
  const { model, warnings } = writing;
  const fitting = model.isClaude ? fitToModel(request, target.model, warnings) : request;
  const action = request.isStream ? "converse-stream" : "converse";
  return {
    path: `/model/${pathSegment(target.model)}/${action}`,
    set: [],
    remove: anthropicHeaders,
    body: JSON.stringify(writeBody(fitting, target, writing)),
    warnings: warnings.list,
  };
}

/** What the answer needs to look as if nothing had been changed on the way. */
export function repairs(request: IrRequest, target: Target): Stage<IrEvent, IrEvent>[] {
  const stages = new ToolNames(request, toolNameRule).repairs();
  const format = emulatedFormat(request, target.model);
  return format === undefined ? stages : [...stages, new SchemaToolRepair(schemaToolName(request, format))];
}

/** One for each request that is written. */
export function startWriting(request: IrRequest, model: string): Writing {
  return {
    model: readBedrockModel(model),
    warnings: new Warnings(),
    toolNames: new ToolNames(request, toolNameRule),
    documentNames: new DocumentNames(),
    callIds: new Set(),
  };
}

function writeBody(request: IrRequest, target: Target, writing: Writing): ConverseRequest {
  refuseUnsayable(request);
  warnDropped(request, writing.warnings);
  const { system, messages } = writeConversation(request, writing);
  const { format } = request;
  if (format?.type === "json") system.push({ text: "Answer with one JSON object and nothing else." });
  // In the order of the reference's bytes, which its own tests compare.
  const body: ConverseRequest = {
    additionalModelRequestFields: undefined,
    inferenceConfig: writeInference(request),
    messages,
    outputConfig: undefined,
    serviceTier: writeServiceTier(request.serviceTier),
    system: undefined,
    toolConfig: writeToolConfig(request, writing),
  };
  if (format?.type === "json-schema") {
    const emulated = emulatedFormat(request, target.model);
    if (emulated !== undefined) body.toolConfig = withSchemaTool(body.toolConfig, request, emulated);
    else if (!writing.model.needsSchemaTool) body.outputConfig = writeOutputConfig(format);
    if (emulated !== undefined && isThinking(request))
      system.push({ text: `Give your answer by calling the tool ${schemaToolName(request, emulated)}.` });
  }
  if (system.length > 0) body.system = system;
  writeModelFields(body, request, target, writing);
  return { ...body, ...awsMembers(request) };
}

function refuseUnsayable({ sampling, modalities, previousResponseId }: IrRequest): void {
  if (sampling.n !== undefined && sampling.n > 1) refuse("n", "Bedrock gives one choice");
  const modality = modalities?.find((wanted) => wanted !== "text");
  if (modality !== undefined) refuse("modalities", `Bedrock gives no ${modality}`);
  if (previousResponseId !== undefined)
    refuse("previous_response_id", "answers are not kept; send the whole conversation");
}

function warnDropped(request: IrRequest, warnings: Warnings): void {
  const { sampling } = request;
  warnings.dropped(
    {
      seed: sampling.seed,
      presence_penalty: sampling.presencePenalty,
      frequency_penalty: sampling.frequencyPenalty,
      logit_bias: sampling.logitBias,
      logprobs: sampling.logprobs,
      guided_decoding: request.guided,
      verbosity: request.verbosity,
      user: request.user ?? request.safetyId,
      metadata: request.metadata,
      prompt_cache_key: request.cacheKey,
      store: request.store,
    },
    "Bedrock",
  );
  warnings.foreign(request.extras, "aws", "Bedrock");
}

function writeInference({ sampling, maxOutputTokens }: IrRequest): InferenceConfig {
  return {
    maxTokens: maxOutputTokens,
    temperature: sampling.temperature,
    topP: sampling.topP,
    stopSequences: sampling.stop?.length === 0 ? undefined : sampling.stop,
  };
}

/** Bedrock chooses by itself what other APIs call `auto`. */
function writeServiceTier(tier: string | undefined): { type: string } | undefined {
  if (tier === undefined || tier === "" || tier === "auto" || tier === "scale") return undefined;
  return { type: tier === "standard_only" ? "default" : tier };
}

function isThinking({ reasoning }: IrRequest): boolean {
  return reasoning?.mode === "on" || reasoning?.mode === "adaptive";
}

function writeOutputConfig({ schema, name, description }: JsonSchemaFormat): JsonObject {
  const jsonSchema: { [member: string]: Json } = { schema: JSON.stringify(schema) };
  if (name !== undefined) jsonSchema["name"] = name;
  if (description !== undefined) jsonSchema["description"] = description;
  return { textFormat: { type: "json_schema", structure: { jsonSchema } } };
}

/** The schema that a model without structured output gets as a tool. Who insists on a call gets a call and no answer. */
function emulatedFormat({ format, toolChoice }: IrRequest, model: string): JsonSchemaFormat | undefined {
  if (format?.type !== "json-schema" || toolChoice?.mode === "required") return undefined;
  return readBedrockModel(model).needsSchemaTool ? format : undefined;
}

/** Thinking forbids to force a tool, so then the model is only asked to call it. */
function withSchemaTool(
  config: ToolConfig | undefined,
  request: IrRequest,
  format: JsonSchemaFormat,
): ToolConfig {
  const name = schemaToolName(request, format);
  const own = config?.tools ?? [];
  const isOnly = own.length === 0 || request.tools.length === 0 || request.toolChoice?.mode === "none";
  return {
    tools: [...own, toolSpec(name, format.schema, format.description ?? "Gives the answer.")],
    toolChoice: isThinking(request) ? { auto: {} } : isOnly ? { tool: { name } } : { any: {} },
  };
}

/** What goes into the model's own request, past Converse. */
function writeModelFields(
  body: ConverseRequest,
  request: IrRequest,
  { host, headers }: Target,
  { model, warnings }: Writing,
): void {
  const fields: { [member: string]: Json } = {
    ...(request.extras.aws?.["additionalModelRequestFields"] as JsonObject | undefined),
    ...writeReasoningSettings(request.reasoning, model, warnings),
  };
  if (request.sampling.topK !== undefined) fields["top_k"] = request.sampling.topK;
  const betas = model.isClaude ? invokeBetas(headers.get("anthropic-beta")) : [];
  if (betas.length > 0) fields["anthropic_beta"] = betas;
  if (request.parallelToolCalls === false && body.toolConfig !== undefined) {
    if (model.canLimitCalls && host.hasNativeToolChoice) {
      // Both choices at once are refused.
      fields["tool_choice"] = nativeToolChoice(body.toolConfig.toolChoice);
      body.toolConfig = { tools: body.toolConfig.tools };
    } else warnings.quiet("parallel_tool_calls", "this model cannot be limited to one call at a time");
  }
  if (Object.keys(fields).length > 0) body.additionalModelRequestFields = fields;
}

const awsMemberNames = [
  "guardrailConfig",
  "requestMetadata",
  "performanceConfig",
  "promptVariables",
  "additionalModelResponseFieldPaths",
] as const;

/** Converse's own members, for clients that know where they speak to. */
function awsMembers({ extras }: IrRequest): JsonObject {
  const members: { [member: string]: Json } = {};
  for (const name of awsMemberNames) {
    const value = extras.aws?.[name];
    if (value !== undefined) members[name] = value;
  }
  return members;
}
