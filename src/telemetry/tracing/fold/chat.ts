import { asObject, asString, isObject, type JsonObject } from "../../../dialects/wire/json.ts";
import { listIn } from "../attributes.ts";
import type { StreamEvents } from "./events.ts";
import type { Draft, Folded } from "./folded.ts";

/** The first chunk's count for these, all chunks' for the text. */
const fromFirst = ["id", "object", "created", "service_tier", "system_fingerprint"];
/** Members of a delta that are pieces of one text. */
const texts = ["content", "refusal", "reasoning_content", "reasoning"];

/** Chat chunks as one answer: all choices, their texts, tool calls and reasons to finish. */
export function foldChat({ events, isDone }: StreamEvents): Folded {
  const choices: Draft[] = [];
  const answer: Draft = {};
  let hasError = false;
  for (const chunk of events) {
    if (chunk["error"] !== undefined) hasError = true;
    for (const name of fromFirst) answer[name] ??= chunk[name];
    answer["model"] ||= chunk["model"];
    answer["usage"] = chunk["usage"] ?? answer["usage"];
    for (const part of listIn(chunk["choices"])) if (isObject(part)) addChoice(choices, part);
  }
  const isFinished = choices.length > 0 && choices.every((choice) => choice["finish_reason"] !== undefined);
  if (choices.length === 0 && answer["id"] === undefined) answer["model"] = undefined;
  const json = events.length === 0 ? undefined : { ...answer, choices: choices.filter(isObject) };
  return { json, end: hasError ? "error" : isDone || isFinished ? "whole" : "cut" };
}

function addChoice(choices: Draft[], part: JsonObject): void {
  const index = typeof part["index"] === "number" ? part["index"] : 0;
  // A list must not become as long as a number in it says.
  if (index < 0 || index > 1024) return;
  choices[index] ??= { index, message: { role: "assistant" } satisfies Draft };
  const choice = choices[index];
  const message = choice["message"] as Draft;
  if (part["finish_reason"] !== null && part["finish_reason"] !== undefined)
    choice["finish_reason"] = part["finish_reason"];
  const delta = asObject(part["delta"]);
  if (delta === undefined) return;
  for (const name in delta) {
    const value = delta[name];
    if (value === null || value === "") continue;
    if (name === "tool_calls") addCalls(message, listIn(value));
    else if (texts.includes(name)) message[name] = (asString(message[name]) ?? "") + (asString(value) ?? "");
    else message[name] = value;
  }
}

/** Pieces of one call come under one index; only the first names it. */
function addCalls(message: Draft, pieces: readonly unknown[]): void {
  message["tool_calls"] ??= [];
  const calls = message["tool_calls"] as Draft[];
  for (const piece of pieces) {
    if (!isObject(piece)) continue;
    const index = typeof piece["index"] === "number" ? piece["index"] : calls.length;
    if (index < 0 || index > 1024) continue;
    while (calls.length <= index)
      calls.push({ id: "", type: "function", function: { name: "", arguments: "" } });
    const call = calls[index]!;
    const own = call["function"] as Draft;
    const more = asObject(piece["function"]);
    if (asString(piece["id"])) call["id"] = piece["id"];
    if (asString(more?.["name"])) own["name"] = more?.["name"];
    own["arguments"] = (asString(own["arguments"]) ?? "") + (asString(more?.["arguments"]) ?? "");
  }
}
