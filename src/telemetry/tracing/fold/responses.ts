import { asObject, asString, isObject, type JsonObject } from "../../../dialects/wire/json.ts";
import type { StreamEvents } from "./events.ts";
import type { Draft, Folded } from "./folded.ts";

/** Events of a stream of responses as one response: the one in its last event, or what came before it was cut. */
export function foldResponses({ events }: StreamEvents): Folded {
  let response: JsonObject | undefined;
  const items: Draft[] = [];
  for (const event of events) {
    response = asObject(event["response"]) ?? response;
    switch (event["type"]) {
      case "response.completed":
        return { json: response, end: "whole" };
      case "response.incomplete":
        return { json: response, end: "incomplete" };
      case "response.failed":
      case "error":
        return { json: response, end: "error" };
      default:
        addItem(items, event);
    }
  }
  return { json: response && { ...response, output: items.filter(isObject) }, end: "cut" };
}

function addItem(items: Draft[], event: JsonObject): void {
  const index = event["output_index"];
  if (typeof index !== "number" || index < 0 || index > 4096) return;
  const item = asObject(event["item"]);
  if (item !== undefined) items[index] = { ...item };
  else if (event["type"] === "response.output_text.delta") addText(items, index, event);
  else if (event["type"] === "response.function_call_arguments.delta" && items[index] !== undefined) {
    const { arguments: before } = items[index];
    items[index] = {
      ...items[index],
      arguments: (asString(before) ?? "") + (asString(event["delta"]) ?? ""),
    };
  }
}

function addText(items: Draft[], index: number, event: JsonObject): void {
  items[index] ??= { type: "message", role: "assistant" };
  const item = items[index];
  const content = Array.isArray(item["content"]) ? [...item["content"]] : [];
  const part = Number(event["content_index"] ?? 0);
  if (!(part >= 0 && part < 1024)) return;
  const text = asString(asObject(content[part])?.["text"]) ?? "";
  content[part] = { type: "output_text", text: text + (asString(event["delta"]) ?? "") };
  item["content"] = content.filter(isObject);
}
