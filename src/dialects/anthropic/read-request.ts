import type {
  IrFormat,
  IrMessage,
  IrReasoningSettings,
  IrRequest,
  IrTool,
  IrToolChoice,
} from "../ir/request.ts";
import type { Extras, JsonObject } from "../ir/values.ts";
import type { ClientRequest } from "../passage.ts";
import { arrayOf, hasNumber, hasOddNumber, objectOf, parseExact, textOf } from "../wire/exact-json.ts";
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
import { readCache, readMessage, readSystem } from "./read-messages.ts";

/** Reads a request of Anthropic's Messages API. */
export function readRequest(request: ClientRequest): IrRequest {
  return readBody("/v1/messages", () => {
    const body = readableBody(request);
    return { ...readMessages(body, request), maxOutputTokens: readMaxTokens(body) };
  });
}

/** Reads a request to count tokens: the same body, but nothing is written, so that it has no limit. */
export function readCountRequest(request: ClientRequest): IrRequest {
  return readBody("/v1/messages/count_tokens", () => readMessages(readableBody(request), request));
}

/** A body that is handed on as it is: every number in it keeps its text. */
export function exactBody({ bytes, json }: ClientRequest): JsonObject {
  const text = decodeText(bytes);
  return asObject(hasOddNumber(text) ? parseExact(text) : (json as JsonObject));
}

/** A body to read: inputs of tools and schemas keep the text of their numbers, and most bodies have no number there. */
function readableBody({ bytes, json }: ClientRequest): JsonObject {
  const body = objectOf(json) ?? malformed("", "must be an object");
  if (!hasNumber(body["tools"]) && !hasNumber(body["output_config"]) && !hasInputNumber(body)) return body;
  const text = decodeText(bytes);
  return hasOddNumber(text) ? asObject(parseExact(text)) : body;
}

function hasInputNumber(body: JsonObject): boolean {
  return (arrayOf(body["messages"]) ?? []).some((message) =>
    arrayOf(objectOf(message)?.["content"])?.some((block) => hasNumber(objectOf(block)?.["input"])),
  );
}

function readMessages(body: JsonObject, { model, isStream, wantsUsage }: ClientRequest): IrRequest {
  const tools = readEach("tools", listIn(body, "tools") ?? [], (item) => readTool(asObject(item)));
  const choice = objectIn(body, "tool_choice");
  return {
    model,
    isStream,
    wantsUsage,
    messages: readConversation(body),
    tools,
    toolChoice: choice === undefined ? undefined : within("tool_choice", () => readToolChoice(choice)),
    parallelToolCalls: choice?.["disable_parallel_tool_use"] === true ? false : undefined,
    format: readFormat(body),
    sampling: {
      temperature: numberIn(body, "temperature"),
      topP: numberIn(body, "top_p"),
      topK: integerIn(body, "top_k"),
      stop: textsIn(body, "stop_sequences"),
    },
    reasoning: readReasoning(body),
    user: textOf(objectIn(body, "metadata")?.["user_id"]),
    serviceTier: readServiceTier(body),
    extras: readExtras(body),
  };
}

/** The API requires it, and other providers cannot be asked to guess it. */
function readMaxTokens(body: JsonObject): number {
  const tokens = numberIn(body, "max_tokens") ?? malformed("max_tokens", "is required");
  return Math.trunc(tokens);
}

function readConversation(body: JsonObject): readonly IrMessage[] {
  const system = within("system", () => readSystem(body["system"]));
  const messages = readEach("messages", listIn(body, "messages") ?? [], readMessage);
  return system.length === 0 ? messages : [{ role: "system", voice: "system", parts: system }, ...messages];
}

/** `standard_only` is what OpenAI calls `default`. */
function readServiceTier(body: JsonObject): string | undefined {
  const tier = textIn(body, "service_tier");
  return tier === "standard_only" ? "default" : tier;
}

function readTool(tool: JsonObject): IrTool {
  const type = textIn(tool, "type") || "custom";
  const name = neededText(tool, "name");
  if (type !== "custom") {
    const kind = type.startsWith("web_search_") ? "web-search" : "other";
    return { type: "server", kind, family: "anthropic", name, options: tool };
  }
  return {
    type: "function",
    name,
    description: textIn(tool, "description"),
    parameters: objectIn(tool, "input_schema"),
    strict: booleanIn(tool, "strict"),
    cache: readCache(tool),
  };
}

const choiceModes = { auto: "auto", any: "required", none: "none" } as const;

/** A type that nobody knows reads as none. */
function readToolChoice(choice: JsonObject): IrToolChoice | undefined {
  const type = neededText(choice, "type");
  if (type === "tool") return { mode: "required", names: [neededText(choice, "name")] };
  return Object.hasOwn(choiceModes, type)
    ? { mode: choiceModes[type as keyof typeof choiceModes] }
    : undefined;
}

function readFormat(body: JsonObject): IrFormat | undefined {
  const format = objectOf(objectIn(body, "output_config")?.["format"]) ?? objectIn(body, "output_format");
  if (format === undefined) return undefined;
  if (format["type"] !== "json_schema")
    return meaningless("output_config.format.type", "only json_schema is known");
  const schema =
    objectOf(format["schema"]) ?? meaningless("output_config.format.schema", "must be an object");
  return { type: "json-schema", schema };
}

const thinkingModes = { enabled: "on", disabled: "off", adaptive: "adaptive" } as const;

function readReasoning(body: JsonObject): IrReasoningSettings | undefined {
  const effort = textOf(objectIn(body, "output_config")?.["effort"]);
  const thinking = objectIn(body, "thinking");
  if (thinking === undefined) return effort === undefined ? undefined : { effort };
  return within("thinking", () => {
    const type = neededText(thinking, "type");
    const mode = Object.hasOwn(thinkingModes, type)
      ? thinkingModes[type as keyof typeof thinkingModes]
      : undefined;
    return {
      effort,
      mode,
      budgetTokens: integerIn(thinking, "budget_tokens"),
      show: textIn(thinking, "display"),
      isShown: mode === "on",
    };
  });
}

/** What only Anthropic has, so that others can say that they leave it out. */
const ownMembers = ["container", "context_management", "mcp_servers"];

function readExtras(body: JsonObject): Extras {
  const anthropic = Object.fromEntries(
    ownMembers.flatMap((name) => {
      const value = body[name];
      const isEmpty = value === undefined || value === null || arrayOf(value)?.length === 0;
      return isEmpty ? [] : [[name, value]];
    }),
  );
  return Object.keys(anthropic).length === 0 ? {} : { anthropic };
}
