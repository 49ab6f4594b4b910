import type { IrFormat, IrMessage, IrReasoningSettings, IrRequest, IrSampling } from "../ir/request.ts";
import type { Extras, Json, JsonObject } from "../ir/values.ts";
import type { ClientRequest } from "../passage.ts";
import { arrayOf, objectOf, textOf } from "../wire/exact-json.ts";
import {
  booleanIn,
  integerIn,
  malformed,
  meaningless,
  neededText,
  numberIn,
  objectIn,
  readBody,
  textIn,
  textsIn,
  within,
} from "../wire/grammar.ts";
import { bodyOf } from "./body.ts";
import { clientToolsOf } from "./client-tools.ts";
import { readInput } from "./read-items.ts";
import { insistOn, isOfflineSearch, readToolChoice, readTools } from "./read-tools.ts";

/** Reads a request of OpenAI's responses API, as far as a backend without a memory can serve it. */
export function readRequest(request: ClientRequest): IrRequest {
  return readBody("/v1/responses", () => readResponses(request));
}

/** Reads a request to count the tokens of an input. */
export function readCountRequest(request: ClientRequest): IrRequest {
  return readBody("/v1/responses/input_tokens", () => readResponses(request));
}

function readResponses(request: ClientRequest): IrRequest {
  const body = bodyOf(request);
  refuseUnavailable(body);
  const { model, isStream, wantsUsage } = request;
  const known = clientToolsOf(request);
  const offered = readTools(body, known);
  const toolChoice = offered.length > 0 ? readToolChoice(body, known) : undefined;
  return {
    model,
    isStream,
    wantsUsage,
    messages: [...readInstructions(body), ...readInput(body["input"], known)],
    tools: insistOn(toolChoice?.names, offered),
    toolChoice,
    parallelToolCalls: booleanIn(body, "parallel_tool_calls"),
    format: readFormat(body),
    sampling: readSampling(body),
    maxOutputTokens: integerIn(body, "max_output_tokens"),
    reasoning: readReasoning(body),
    verbosity: textIn(objectIn(body, "text") ?? {}, "verbosity"),
    user: textIn(body, "user"),
    safetyId: textIn(body, "safety_identifier"),
    metadata: readMetadata(body),
    serviceTier: textIn(body, "service_tier"),
    cacheKey: textIn(body, "prompt_cache_key"),
    extras: readExtras(body),
  };
}

/** What needs OpenAI's memory or machinery, and would be another request without. */
const unavailable: { readonly [member: string]: string } = {
  previous_response_id: "responses are not kept here; send the whole conversation as input",
  conversation: "conversations are not kept here; send the whole conversation as input",
  background: "responses are not kept here, so none can be fetched later",
  prompt: "stored prompts exist at OpenAI only; send them as instructions and input",
  moderation: "this backend has no moderation; leave it out or moderate beforehand",
};

function refuseUnavailable(body: JsonObject): void {
  for (const member in unavailable) {
    const value = body[member] ?? false;
    if (value !== false) meaningless(member, unavailable[member]!);
  }
  if ((integerIn(body, "n") ?? 1) > 1) meaningless("n", "this API gives one answer");
  if (body["messages"] !== undefined)
    malformed("messages", "is not known here; input takes the conversation");
}

function readInstructions(body: JsonObject): IrMessage[] {
  const text = textIn(body, "instructions") ?? "";
  return text === "" ? [] : [{ role: "system", voice: "system", parts: [{ type: "text", text }] }];
}

function readSampling(body: JsonObject): IrSampling {
  const topLogprobs = integerIn(body, "top_logprobs");
  const include = textsIn(body, "include");
  const logprobs = include?.includes("message.output_text.logprobs") || (topLogprobs ?? 0) > 0 || undefined;
  return { temperature: numberIn(body, "temperature"), topP: numberIn(body, "top_p"), logprobs, topLogprobs };
}

function readFormat(body: JsonObject): IrFormat | undefined {
  const format = objectOf(objectIn(body, "text")?.["format"]);
  if (format === undefined) return undefined;
  return within("text.format", () => {
    const type = neededText(format, "type");
    if (type === "text") return { type };
    if (type === "json_object") return { type: "json" };
    if (type !== "json_schema") return malformed("type", `"${type}" is not known`);
    return {
      type: "json-schema",
      schema: objectOf(format["schema"]) ?? meaningless("schema", "must be an object"),
      name: textIn(format, "name"),
      description: textIn(format, "description"),
      strict: booleanIn(format, "strict"),
    };
  });
}

/** How long a summary shall be is OpenAI's to know; others show one or none. */
function readReasoning(body: JsonObject): IrReasoningSettings | undefined {
  const reasoning = objectIn(body, "reasoning");
  if (reasoning === undefined) return undefined;
  const effort = textIn(reasoning, "effort");
  const summary = textIn(reasoning, "summary") ?? textIn(reasoning, "generate_summary");
  return { effort, show: summary === undefined ? undefined : "summarized" };
}

function readMetadata(body: JsonObject): IrRequest["metadata"] {
  const metadata = objectIn(body, "metadata");
  if (metadata === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(metadata).filter((entry): entry is [string, string] => textOf(entry[1]) !== undefined),
  );
}

/** What changes an answer and what only OpenAI has, so that others can say that they leave it out. */
function readExtras(body: JsonObject): Extras {
  const openai: { [member: string]: Json } = {};
  if (body["store"] === true) openai["store"] = true;
  if (body["truncation"] === "auto") openai["truncation"] = "auto";
  if (arrayOf(body["context_management"])?.length) openai["context_management"] = body["context_management"]!;
  const maxToolCalls = body["max_tool_calls"] ?? null;
  if (maxToolCalls !== null) openai["max_tool_calls"] = maxToolCalls;
  if (arrayOf(body["tools"])?.some(isOfflineSearch)) openai["external_web_access"] = false;
  return Object.keys(openai).length === 0 ? {} : { openai };
}
