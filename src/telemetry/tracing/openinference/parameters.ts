import { isObject, type JsonObject } from "../../../dialects/wire/json.ts";
import type { Attributes } from "../attributes.ts";
import type { Hide } from "./hide.ts";

/** Writes the request without its content, as JSON. Where inputs are hidden only what cannot hold any is left. */
export function putParameters(
  attributes: Attributes,
  body: JsonObject,
  without: readonly string[],
  hide: Hide,
  name = "llm.invocation_parameters",
): void {
  if (hide.invocationParameters) return;
  const kept = Object.fromEntries(Object.entries(body).filter(([member]) => !without.includes(member)));
  attributes[name] = JSON.stringify(hide.inputs ? (withoutContent(kept) ?? {}) : kept);
}

/** Members whose texts are one of a few words. */
const wordMembers = new Set([
  "background",
  "effort",
  "encoding_format",
  "format",
  "mode",
  "model",
  "moderation",
  "output_format",
  "quality",
  "reasoning_effort",
  "response_format",
  "service_tier",
  "size",
  "stream_format",
  "style",
  "tool_choice",
  "truncation",
  "type",
  "verbosity",
  "voice",
]);

/** Numbers, switches and the words of a few members. Texts that anybody could have written anything into are left out. */
function withoutContent(value: JsonObject): JsonObject | undefined {
  const kept: { [member: string]: unknown } = {};
  for (const [member, inner] of Object.entries(value)) {
    if (typeof inner === "number" || typeof inner === "boolean") kept[member] = inner;
    else if (typeof inner === "string") {
      if (wordMembers.has(member) && (member === "model" || /^[\w.:-]{1,32}$/.test(inner)))
        kept[member] = inner;
    } else if (isObject(inner) && parameterObjects.has(member)) {
      const rest = withoutContent(inner);
      if (rest !== undefined) kept[member] = rest;
    }
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}

/** Objects whose members are the API's own words. */
const parameterObjects = new Set(["reasoning", "stream_options", "thinking"]);
