import type { IrAnswerPart, IrText, IrToolCall, IrToolResult, IrUserPart } from "../ir/parts.ts";
import type { IrMessage } from "../ir/request.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { arrayOf, objectOf, parseObject, textOf } from "../wire/exact-json.ts";
import {
  asObject,
  listIn,
  malformed,
  neededObject,
  neededText,
  readEach,
  textIn,
  within,
} from "../wire/grammar.ts";
import {
  readAnswerPart,
  readCache,
  readTextPart,
  readThinkingBlocks,
  readToolPart,
  readUserPart,
  reasoning,
} from "./read-parts.ts";

export function readMessage(item: Json): IrMessage {
  const message = asObject(item);
  const role = neededText(message, "role");
  switch (role) {
    case "system":
    case "developer":
      return { role: "system", voice: role, parts: readContent(message, readTextPart) };
    case "user":
      return {
        role,
        parts: message["content"] === null ? [] : readContent<IrUserPart>(message, readUserPart),
      };
    case "assistant":
      return { role, parts: readAnswer(message), isOrderKnown: false };
    case "tool":
      return { role: "user", parts: [readToolResult(message)] };
    default:
      return malformed("role", `"${role}" is not known`);
  }
}

/** A string, or a list of parts; null is for user and assistant only. */
function readContent<Part>(message: JsonObject, readPart: (item: Json) => Part): (Part | IrText)[] {
  const content = message["content"];
  if (content === undefined) return [];
  const text = textOf(content);
  if (text !== undefined) return [{ type: "text", text }];
  const parts = arrayOf(content) ?? malformed("content", "must be a string or an array of parts");
  return readEach("content", parts, readPart);
}

function readToolResult(message: JsonObject): IrToolResult {
  return {
    type: "tool-result",
    callId: textIn(message, "tool_call_id") ?? "",
    isError: saysError(textOf(message["content"])),
    parts: readContent(message, readToolPart),
    cache: readCache(message),
  };
}

/** Chat has no member for it; a JSON object with a filled `error` is how tools say that they failed. */
function saysError(content: string | undefined): boolean {
  if (content === undefined || !content.includes('"error"')) return false;
  return Boolean(parseObject(content)?.["error"]);
}

/** Reasoning first, then content, then calls: the order that providers with blocks want. */
function readAnswer(message: JsonObject): IrAnswerPart[] {
  const content = readAnswerContent(message["content"]);
  const refusal = textIn(message, "refusal");
  if (refusal !== undefined && refusal !== "") content.push({ type: "text", text: refusal, isRefusal: true });
  const hasReasoning = content.some((part) => part.type === "reasoning" || part.type === "redacted");
  return [...(hasReasoning ? [] : readReasoning(message)), ...content, ...readCalls(message)];
}

function readAnswerContent(content: Json | undefined): IrAnswerPart[] {
  if (content === undefined || content === null) return [];
  const text = textOf(content);
  if (text !== undefined) return [{ type: "text", text }];
  const one = objectOf(content);
  if (one !== undefined) return [within("content", () => readAnswerPart(one))];
  return readEach(
    "content",
    arrayOf(content) ?? malformed("content", "must be a string or an array of parts"),
    readAnswerPart,
  );
}

function readReasoning(message: JsonObject): IrAnswerPart[] {
  const text = textOf(message["reasoning_content"]) ?? textOf(message["reasoning"]);
  const blocks = listIn(message, "thinking_blocks") ?? [];
  if (blocks.length > 0) return readThinkingBlocks(blocks, text).map(beside);
  return text === undefined || text === "" ? [] : [beside(reasoning(text, undefined))];
}

function beside<P extends IrAnswerPart>(part: P): P {
  return part.type === "reasoning" ? { ...part, isBeside: true } : part;
}

function readCalls(message: JsonObject): IrToolCall[] {
  return readEach("tool_calls", listIn(message, "tool_calls") ?? [], (item) => readCall(asObject(item)));
}

function readCall(call: JsonObject): IrToolCall {
  const id = textIn(call, "id") ?? "";
  const cache = readCache(call);
  if (call["type"] === "custom") {
    const custom = neededObject(call, "custom");
    return {
      type: "tool-call",
      kind: "custom",
      id,
      name: neededText(custom, "name"),
      input: textIn(custom, "input") ?? "",
      cache,
    };
  }
  const named = neededObject(call, "function");
  const input = textIn(named, "arguments", "function.") ?? "";
  return { type: "tool-call", kind: "function", id, name: neededText(named, "name"), input, cache };
}
