import type { IrAnswerPart, IrReasoning, IrRedacted, IrToolCall, IrToolResult } from "../ir/parts.ts";
import type { IrMessage } from "../ir/request.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { arrayOf, objectOf, textOf } from "../wire/exact-json.ts";
import { asObject, listIn, malformed, meaningless, neededText, readEach, textIn } from "../wire/grammar.ts";
import { type ClientTools, wrapFreeForm } from "./client-tools.ts";
import { readAnswerPart, readContent, readInputPart, readTextPart } from "./read-parts.ts";
import { readSealed } from "./seals.ts";

/**
 * Reads a conversation out of a list of items: what the model said or did in a row, in messages, thoughts and calls of
 * their own, is one message of the assistant's.
 */
export function readInput(input: Json | undefined, known: ClientTools): IrMessage[] {
  if (input === undefined || input === null) return [];
  const text = textOf(input);
  if (text !== undefined) return [{ role: "user", parts: [{ type: "text", text }] }];
  const items = arrayOf(input) ?? malformed("input", "must be a string or an array of items");
  const messages: IrMessage[] = [];
  let answer: IrAnswerPart[] | undefined;
  readEach("input", items, (item) => {
    const read = readItem(asObject(item), known);
    if ("role" in read) {
      answer = undefined;
      messages.push(read);
    } else if (answer === undefined) {
      answer = [...read.parts];
      messages.push({ role: "assistant", parts: answer, isOrderKnown: true });
    } else answer.push(...read.parts);
  });
  return messages;
}

/** What an item is: a message, or a part of the assistant's. */
type ReadItem = Exclude<IrMessage, { role: "assistant" }> | { readonly parts: readonly IrAnswerPart[] };

/** What tools that run at OpenAI left behind; the model can do without. */
const traces = new Set([
  "web_search_call",
  "file_search_call",
  "code_interpreter_call",
  "image_generation_call",
  "mcp_list_tools",
  "mcp_approval_request",
  "mcp_call",
  "tool_search_call",
  "tool_search_output",
]);

function readItem(item: JsonObject, known: ClientTools): ReadItem {
  const type = textIn(item, "type") ?? (item["role"] === undefined ? "item_reference" : "message");
  switch (type) {
    case "message":
      return readMessage(item);
    case "function_call":
      return { parts: [readCall(item, textIn(item, "arguments") ?? "", known)] };
    case "custom_tool_call":
      return { parts: [readCall(item, wrapFreeForm(textIn(item, "input") ?? ""), known)] };
    case "function_call_output":
    case "custom_tool_call_output":
      return { role: "user", parts: [readResult(item)] };
    case "reasoning":
      return { parts: [readReasoning(item)] };
    case "item_reference":
      return meaningless("", "items are not kept here; send the item itself instead of a reference to it");
    default:
      if (traces.has(type)) return { parts: [{ type: "opaque", family: "openai", name: type, block: item }] };
      return meaningless("type", `"${type}" means something to OpenAI only`);
  }
}

function readMessage(item: JsonObject): ReadItem {
  const role = neededText(item, "role");
  const content = item["content"];
  switch (role) {
    case "user":
      return { role, parts: readContent(content, "content", readInputPart) };
    case "assistant":
      return { parts: readContent(content, "content", readAnswerPart) };
    case "system":
    case "developer":
      return { role: "system", voice: role, parts: readContent(content, "content", readTextPart) };
    default:
      return malformed("role", `"${role}" is not known`);
  }
}

function readCall(item: JsonObject, input: string, known: ClientTools): IrToolCall {
  return {
    type: "tool-call",
    id: neededText(item, "call_id"),
    itemId: textIn(item, "id"),
    name: known.flatName(textIn(item, "namespace"), neededText(item, "name")),
    kind: "function",
    input,
  };
}

function readResult(item: JsonObject): IrToolResult {
  const parts = readContent(item["output"], "output", readInputPart);
  return { type: "tool-result", callId: neededText(item, "call_id"), parts };
}

/** Some servers give their thoughts as content, OpenAI a summary of them. */
function readReasoning(item: JsonObject): IrReasoning | IrRedacted {
  const summary = readTexts(item, "summary");
  const isSummary = summary.length > 0;
  const text = (isSummary ? summary : readTexts(item, "content")).join("\n\n");
  return readSealed({ id: textIn(item, "id"), text, isSummary }, textIn(item, "encrypted_content"));
}

function readTexts(item: JsonObject, name: string): string[] {
  return (listIn(item, name) ?? [])
    .map((part) => textOf(objectOf(part)?.["text"]))
    .filter((text) => text !== undefined);
}
