import { asObject, asString, isObject, type JsonObject } from "../../../dialects/wire/json.ts";
import type { StreamEvents } from "./events.ts";
import type { Draft, Folded } from "./folded.ts";

/** Events of an Anthropic stream as one message. */
export function foldMessages({ events }: StreamEvents): Folded {
  let message: Draft | undefined;
  const blocks: Draft[] = [];
  const inputs: string[] = [];
  let end: Folded["end"] = "cut";
  for (const event of events) {
    const index = typeof event["index"] === "number" ? event["index"] : 0;
    if (index < 0 || index > 4096) continue;
    switch (event["type"]) {
      case "message_start":
        message = { ...asObject(event["message"]) };
        break;
      case "content_block_start":
        blocks[index] = { ...asObject(event["content_block"]) };
        break;
      case "content_block_delta":
        blocks[index] ??= { type: "text" };
        addDelta(blocks[index], asObject(event["delta"]) ?? {}, inputs, index);
        break;
      case "message_delta":
        message ??= {};
        Object.assign(message, asObject(event["delta"]));
        message["usage"] = mergeUsage(asObject(message["usage"]), asObject(event["usage"]));
        break;
      case "message_stop":
        end = "whole";
        break;
      case "error":
        end = "error";
        break;
    }
  }
  for (const [index, text] of inputs.entries()) if (text) readInput(blocks[index], text);
  return { json: message && { ...message, content: blocks.filter(isObject) }, end };
}

function addDelta(block: Draft, delta: JsonObject, inputs: string[], index: number): void {
  const append = (name: string) => {
    block[name] = (asString(block[name]) ?? "") + (asString(delta[name]) ?? "");
  };
  switch (delta["type"]) {
    case "text_delta":
      append("text");
      break;
    case "thinking_delta":
      append("thinking");
      break;
    case "signature_delta":
      append("signature");
      break;
    case "input_json_delta":
      inputs[index] = (inputs[index] ?? "") + (asString(delta["partial_json"]) ?? "");
      break;
    case "citations_delta":
      block["citations"] = [
        ...(Array.isArray(block["citations"]) ? block["citations"] : []),
        delta["citation"],
      ];
      break;
  }
}

/** A call that was cut keeps its input as the text that came. */
function readInput(block: Draft | undefined, text: string): void {
  if (block === undefined) return;
  try {
    block["input"] = JSON.parse(text);
  } catch {
    block["input"] = text;
  }
}

/** Running totals: what is left out, or 0 among the inputs, stays what it was. */
function mergeUsage(before: JsonObject | undefined, more: JsonObject | undefined): JsonObject {
  const kept = Object.entries(more ?? {}).filter(([name, value]) => value || name === "output_tokens");
  return { ...before, ...Object.fromEntries(kept) };
}
