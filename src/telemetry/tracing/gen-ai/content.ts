/** What conversations hold, in the shapes that OpenTelemetry gives messages and their parts. */
import { asObject, asString, isObject, type JsonObject } from "../../../dialects/wire/json.ts";
import { listIn } from "../attributes.ts";

type Part = { readonly type: string; readonly [member: string]: unknown };

interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
  readonly finish_reason?: unknown;
}

export const textPart = (content: unknown): Part => ({ type: "text", content: asString(content) ?? "" });

/** Messages of chat completions, also those of an answer. */
export function chatMessage(message: JsonObject, finishReason?: unknown): Message {
  const parts: Part[] = [];
  const role = asString(message["role"]) ?? "";
  const reasoning = asString(message["reasoning_content"]) ?? asString(message["reasoning"]);
  if (reasoning) parts.push({ type: "reasoning", content: reasoning });
  if (role === "tool") {
    parts.push({ type: "tool_call_response", id: message["tool_call_id"], response: message["content"] });
  } else parts.push(...contentParts(message["content"]));
  for (const call of listIn(message["tool_calls"])) {
    const called = isObject(call) ? asObject(call["function"]) : undefined;
    if (!isObject(call) || called === undefined) continue;
    parts.push({ type: "tool_call", id: call["id"], name: called["name"], arguments: called["arguments"] });
  }
  return { role, parts, ...(finishReason !== undefined && { finish_reason: finishReason }) };
}

/** A text, or parts of chat's, Anthropic's or the kind of responses. Of pictures and sound only that they were there. */
export function contentParts(content: unknown): Part[] {
  if (typeof content === "string") return content === "" ? [] : [textPart(content)];
  return listIn(content).flatMap((part) => (isObject(part) ? (readPart(part) ?? []) : []));
}

function readPart(part: JsonObject): Part | undefined {
  switch (part["type"]) {
    case "text":
    case "input_text":
    case "output_text":
      return textPart(part["text"]);
    case "refusal":
      return textPart(part["refusal"]);
    case "image_url":
    case "image":
    case "input_image":
      return { type: "image" };
    case "input_audio":
      return { type: "audio" };
    case "thinking":
      return { type: "reasoning", content: part["thinking"] };
    case "tool_use":
      return {
        type: "tool_call",
        id: part["id"],
        name: part["name"],
        arguments: JSON.stringify(part["input"] ?? {}),
      };
    case "tool_result":
      return { type: "tool_call_response", id: part["tool_use_id"], response: part["content"] };
    default:
      return undefined;
  }
}

/** Items of responses as messages: each is one, except that those of kinds without a message are left out. */
export function itemMessage(item: JsonObject): Message | undefined {
  switch (item["type"]) {
    case undefined:
    case "message":
      return { role: asString(item["role"]) ?? "", parts: contentParts(item["content"]) };
    case "function_call":
      return {
        role: "assistant",
        parts: [{ type: "tool_call", id: item["call_id"], name: item["name"], arguments: item["arguments"] }],
      };
    case "custom_tool_call":
      return {
        role: "assistant",
        parts: [{ type: "tool_call", id: item["call_id"], name: item["name"], arguments: item["input"] }],
      };
    case "function_call_output":
    case "custom_tool_call_output":
      return {
        role: "tool",
        parts: [{ type: "tool_call_response", id: item["call_id"], response: item["output"] }],
      };
    case "reasoning": {
      const texts = listIn(item["summary"]).flatMap((part) =>
        isObject(part) ? (asString(part["text"]) ?? []) : [],
      );
      return { role: "assistant", parts: [{ type: "reasoning", content: texts.join("\n") }] };
    }
    default:
      return undefined;
  }
}

/** Tools of any of the three APIs. */
export function toolDefinition(tool: JsonObject): object {
  const own = asObject(tool["function"]) ?? tool;
  const type = asString(tool["type"]);
  const isFunction = type === undefined || type === "" || type === "custom";
  const definition = {
    type: isFunction ? "function" : type,
    name: own["name"],
    description: own["description"],
    parameters: own["parameters"] ?? own["input_schema"],
  };
  return Object.fromEntries(Object.entries(definition).filter(([, value]) => value !== undefined));
}
