import type { IrFormat, IrGuided, IrReasoningSettings, IrRequest, IrSampling } from "../ir/request.ts";
import type { Extras, Json, JsonObject } from "../ir/values.ts";
import type { ClientRequest } from "../passage.ts";
import { hasNumber, hasOddNumber, numberOf, objectOf, parseExact, textOf } from "../wire/exact-json.ts";
import {
  asObject,
  booleanIn,
  integerIn,
  listIn,
  malformed,
  meaningless,
  neededText,
  numberIn,
  objectIn,
  readBody,
  readEach,
  textIn,
  textsIn,
  within,
} from "../wire/grammar.ts";
import { decodeText } from "../wire/text.ts";
import { readMessage } from "./read-messages.ts";
import { readToolChoice, readTools } from "./read-tools.ts";

const endpointPath = "/v1/chat/completions";

/** Reads a chat completion request of OpenAI's API and of the extensions that compatible servers have. */
export function readRequest(request: ClientRequest): IrRequest {
  return readBody(endpointPath, () => readChat(exactBody(request), request));
}

/** Only schemas hold numbers whose text matters: arguments of tool calls are text themselves. */
function exactBody(request: ClientRequest): JsonObject {
  const body = objectOf(request.json) ?? malformed("", "must be an object");
  if (!hasNumber(body["tools"]) && !hasNumber(body["response_format"])) return body;
  const text = decodeText(request.bytes);
  return hasOddNumber(text) ? asObject(parseExact(text)) : body;
}

function readChat(body: JsonObject, { model, isStream, wantsUsage }: ClientRequest): IrRequest {
  const tools = readTools(body);
  return {
    model,
    isStream,
    wantsUsage,
    messages: readEach("messages", listIn(body, "messages") ?? [], readMessage),
    tools,
    toolChoice: tools.length > 0 ? readToolChoice(body) : undefined,
    parallelToolCalls: booleanIn(body, "parallel_tool_calls"),
    format: readFormat(body),
    guided: readGuided(body),
    sampling: readSampling(body),
    maxOutputTokens: integerIn(body, "max_completion_tokens") ?? integerIn(body, "max_tokens"),
    reasoning: readReasoning(body),
    verbosity: textIn(body, "verbosity"),
    modalities: textsIn(body, "modalities"),
    audio: readAudio(body),
    user: textIn(body, "user"),
    safetyId: textIn(body, "safety_identifier"),
    metadata: readMetadata(body),
    serviceTier: textIn(body, "service_tier"),
    cacheKey: textIn(body, "prompt_cache_key"),
    store: booleanIn(body, "store"),
    extras: readExtras(body),
  };
}

export function readSampling(body: JsonObject): IrSampling {
  return {
    temperature: numberIn(body, "temperature"),
    topP: numberIn(body, "top_p"),
    topK: integerIn(body, "top_k"),
    seed: integerIn(body, "seed"),
    presencePenalty: numberIn(body, "presence_penalty"),
    frequencyPenalty: numberIn(body, "frequency_penalty"),
    stop: readStop(body),
    n: integerIn(body, "n"),
    logprobs: booleanIn(body, "logprobs"),
    topLogprobs: integerIn(body, "top_logprobs"),
    logitBias: readLogitBias(body),
  };
}

function readStop(body: JsonObject): readonly string[] | undefined {
  const one = textOf(body["stop"]);
  return one === undefined ? textsIn(body, "stop") : [one];
}

function readLogitBias(body: JsonObject): { readonly [token: string]: number } | undefined {
  const bias = objectIn(body, "logit_bias");
  if (bias === undefined) return undefined;
  const entries = Object.entries(bias).map(([token, value]) => {
    const number = numberOf(value);
    return Number.isInteger(number)
      ? [token, number]
      : malformed(`logit_bias.${token}`, "must be an integer");
  });
  return Object.fromEntries(entries);
}

function readFormat(body: JsonObject): IrFormat | undefined {
  const format = objectIn(body, "response_format");
  if (format === undefined) return undefined;
  return within("response_format", () => {
    const type = neededText(format, "type");
    if (type === "text") return { type };
    if (type === "json_object") return { type: "json" };
    if (type !== "json_schema") return malformed("type", `"${type}" is not known`);
    const wanted = objectIn(format, "json_schema") ?? malformed("json_schema", "is required");
    return {
      type: "json-schema",
      schema: objectOf(wanted["schema"]) ?? meaningless("json_schema.schema", "must be an object"),
      name: textIn(wanted, "name"),
      description: textIn(wanted, "description"),
      strict: booleanIn(wanted, "strict"),
    };
  });
}

function readGuided(body: JsonObject): IrGuided | undefined {
  const json = body["guided_json"] ?? undefined;
  const regex = textIn(body, "guided_regex");
  const choice = textsIn(body, "guided_choice");
  return json === undefined && regex === undefined && choice === undefined
    ? undefined
    : { json, regex, choice };
}

const thinkingModes = { enabled: "on", disabled: "off", adaptive: "adaptive" } as const;

function readReasoning(body: JsonObject): IrReasoningSettings | undefined {
  const effort = textIn(body, "reasoning_effort");
  const thinking = objectIn(body, "thinking");
  if (thinking === undefined) return effort === undefined ? undefined : { effort };
  return within("thinking", () => {
    const type = neededText(thinking, "type");
    if (!Object.hasOwn(thinkingModes, type)) malformed("type", `"${type}" is not known`);
    const mode = thinkingModes[type as keyof typeof thinkingModes];
    return {
      effort,
      mode,
      budgetTokens: integerIn(thinking, "budget_tokens"),
      show: textIn(thinking, "display"),
    };
  });
}

function readAudio(body: JsonObject): IrRequest["audio"] {
  const audio = objectIn(body, "audio");
  if (audio === undefined) return undefined;
  return { voice: textOf(audio["voice"]), format: textOf(audio["format"]) };
}

function readMetadata(body: JsonObject): IrRequest["metadata"] {
  const metadata = objectIn(body, "metadata");
  if (metadata === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(metadata).filter((entry): entry is [string, string] => textOf(entry[1]) !== undefined),
  );
}

/** `google`: safetySettings, generationConfig and the handle of a cache as Vertex takes them, and `includeThoughts` of the thinking extension. */
function readExtras(body: JsonObject): Extras {
  const { safetySettings, generationConfig, cached_content: cachedContent } = body;
  const includeThoughts = objectOf(body["thinking"])?.["includeThoughts"];
  const google: { [member: string]: Json } = {};
  if (safetySettings !== undefined && safetySettings !== null) google["safetySettings"] = safetySettings;
  if (generationConfig !== undefined && generationConfig !== null)
    google["generationConfig"] = generationConfig;
  if (cachedContent !== undefined && cachedContent !== null) google["cached_content"] = cachedContent;
  if (includeThoughts !== undefined) google["includeThoughts"] = includeThoughts;
  return Object.keys(google).length === 0 ? {} : { google };
}
