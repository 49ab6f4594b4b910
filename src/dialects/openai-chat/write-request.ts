import type { BackendTarget, WrittenRequest } from "../dialect.ts";
import type { IrFormat, IrReasoningSettings, IrRequest, IrTool, IrToolChoice } from "../ir/request.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { refuse, Warnings } from "../ir/warnings.ts";
import { canThink, effortOf } from "./effort.ts";
import type { ChatHost } from "./hosts.ts";
import { writeMessages } from "./write-messages.ts";

type Members = { [member: string]: Json };

/** Headers of Anthropic's API that mean nothing here. */
const foreignHeaders = ["anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access"];

export function writeRequest(request: IrRequest, target: BackendTarget<ChatHost>): WrittenRequest {
  const warnings = new Warnings();
  if (request.previousResponseId !== undefined) {
    refuse("previous_response_id", "answers are not kept; send the whole conversation");
  }
  const body: Members = { model: target.model };
  const messages = writeMessages(request.messages, warnings);
  if (messages.length > 0) body["messages"] = messages;
  writeTools(body, request, target.model, warnings);
  writeSampling(body, request);
  writeFormat(body, request.format);
  writeReasoning(body, request.reasoning, target.model, warnings);
  writeSettings(body, request);
  if (request.isStream) {
    body["stream"] = true;
    body["stream_options"] = { include_usage: true };
  }
  warnings.dropped({ top_k: request.sampling.topK }, "chat");
  warnings.foreign(request.extras, "openai", "chat");
  return {
    path: target.host.path(target),
    set: [],
    remove: foreignHeaders,
    body: JSON.stringify(body),
    warnings: warnings.list,
  };
}

function setAll(body: Members, members: { readonly [name: string]: Json | undefined }): void {
  for (const name in members) {
    const value = members[name];
    if (value !== undefined) body[name] = value;
  }
}

function writeSampling(body: Members, { sampling, guided, maxOutputTokens }: IrRequest): void {
  setAll(body, {
    max_completion_tokens: maxOutputTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    stop: sampling.stop,
    seed: sampling.seed,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    n: sampling.n,
    logprobs: sampling.logprobs,
    top_logprobs: sampling.topLogprobs,
    logit_bias: sampling.logitBias,
    guided_json: guided?.json,
    guided_regex: guided?.regex,
    guided_choice: guided?.choice,
  });
}

function writeSettings(body: Members, request: IrRequest): void {
  setAll(body, {
    verbosity: request.verbosity,
    modalities: request.modalities,
    audio:
      request.audio === undefined
        ? undefined
        : { voice: request.audio.voice ?? null, format: request.audio.format ?? null },
    user: request.user,
    safety_identifier: request.safetyId,
    metadata: request.metadata,
    service_tier: request.serviceTier,
    prompt_cache_key: request.cacheKey,
    store: request.store,
  });
}

function writeFormat(body: Members, format: IrFormat | undefined): void {
  if (format === undefined) return;
  if (format.type !== "json-schema")
    body["response_format"] = { type: format.type === "json" ? "json_object" : "text" };
  else {
    const json_schema: Members = { name: format.name ?? "response", schema: format.schema };
    setAll(json_schema, { description: format.description, strict: format.strict });
    body["response_format"] = { type: "json_schema", json_schema };
  }
}

/**
 * An effort that the client named goes out as it is. A budget is an effort only for models that are known to think:
 * clients send one with every request, and models that do not think refuse the whole request for it.
 */
function writeReasoning(
  body: Members,
  reasoning: IrReasoningSettings | undefined,
  model: string,
  warnings: Warnings,
): void {
  if (reasoning === undefined) return;
  const { effort, mode, budgetTokens } = reasoning;
  if (effort !== undefined) body["reasoning_effort"] = effort;
  else if (mode === "on" && budgetTokens !== undefined && canThink(model))
    body["reasoning_effort"] = effortOf(budgetTokens);
  else if (mode !== undefined)
    warnings.quiet("thinking", `says nothing that ${model} is known to understand; dropped`);
}

function writeTools(body: Members, request: IrRequest, model: string, warnings: Warnings): void {
  const tools: JsonObject[] = [];
  for (const tool of request.tools) {
    if (tool.type === "server") writeServerTool(body, tool, model, warnings);
    else tools.push(writeTool(tool));
  }
  if (tools.length === 0) return;
  body["tools"] = tools;
  setAll(body, {
    tool_choice: writeToolChoice(request.toolChoice),
    parallel_tool_calls: request.parallelToolCalls,
  });
}

function writeTool(tool: Exclude<IrTool, { type: "server" }>): JsonObject {
  if (tool.type === "custom") return tool.options;
  const definition: Members = { name: tool.name };
  setAll(definition, { description: tool.description, parameters: tool.parameters, strict: tool.strict });
  return { type: "function", function: definition };
}

/** Web search is an option of models made for it; other models refuse the request, so they answer without. */
function writeServerTool(
  body: Members,
  tool: Extract<IrTool, { type: "server" }>,
  model: string,
  warnings: Warnings,
): void {
  if (tool.kind === "web-search" && model.includes("search")) {
    const location = tool.options["user_location"];
    body["web_search_options"] =
      tool.family === "openai"
        ? tool.options
        : location === undefined
          ? {}
          : { user_location: approximate(location) };
  } else if (tool.kind === "web-search" || tool.family === "anthropic") {
    warnings.loud(`tools.${tool.name}`, `${model} has no such tool; left out`);
  } else refuse(`tools.${tool.name}`, "chat has no such tool");
}

/** Anthropic has a flat location of type `approximate`, OpenAI an object by that name. */
function approximate(location: Json): Json {
  if (typeof location !== "object" || location === null || Array.isArray(location)) return location;
  const { type: _, ...place } = location as JsonObject;
  return { type: "approximate", approximate: place };
}

function writeToolChoice(choice: IrToolChoice | undefined): Json | undefined {
  if (choice?.names === undefined) return choice?.mode;
  const tools = choice.names.map((name) => ({ type: "function", function: { name } }));
  if (choice.mode === "required" && tools.length === 1) return tools[0];
  return { type: "allowed_tools", allowed_tools: { mode: choice.mode, tools } };
}
