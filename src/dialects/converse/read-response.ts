import { ExchangeFailure } from "../../model/failure.ts";
import type { AnswerContext } from "../dialect.ts";
import type { IrEvent } from "../ir/events.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import type { Emit } from "../stage.ts";
import { arrayOf, objectOf, parseExactObject, textOf } from "../wire/exact-json.ts";
import { AnswerEvents } from "./answer-events.ts";
import {
  isServerTool,
  opaquePart,
  readCitation,
  readMedia,
  readServiceTier,
  readStopSequence,
  readUsage,
} from "./read-parts.ts";

/** Reads a whole answer of Converse into the events of a stream. Throws `ExchangeFailure` if it has no message. */
export function readResponse(text: string, context: AnswerContext, emit: Emit<IrEvent>): void {
  const body = parseExactObject(text);
  const message = objectOf(objectOf(body?.["output"])?.["message"]);
  if (body === undefined || message === undefined) throw noMessage(body);
  const events = new AnswerEvents(context);
  events.start(emit, readServiceTier(body));
  for (const [index, item] of (arrayOf(message["content"]) ?? []).entries()) {
    const block = objectOf(item);
    if (block === undefined) continue;
    readBlock(block, index, events, emit);
    events.stop(index, emit);
  }
  events.finish(textOf(body["stopReason"]), readStopSequence(body), emit);
  const usage = readUsage(objectOf(body["usage"]));
  if (usage !== undefined) emit({ type: "usage", usage });
  emit({ type: "message-end" });
}

function noMessage(body: JsonObject | undefined): ExchangeFailure {
  const stopReason = textOf(body?.["stopReason"]);
  const why = stopReason === undefined ? "" : `; its stop reason is "${stopReason}"`;
  return new ExchangeFailure("bad_upstream_answer", `Bedrock's answer has no message${why}`);
}

function readBlock(block: JsonObject, index: number, events: AnswerEvents, emit: Emit<IrEvent>): void {
  const [[name, value] = ["", null]] = Object.entries(block);
  const inner = objectOf(value);
  if (name === "text") events.text(index, textOf(value) ?? "", emit);
  else if (inner === undefined) return;
  else if (name === "toolUse" && !isServerTool(inner)) readToolUse(inner, index, events, emit);
  else if (name === "reasoningContent") readReasoning(inner, index, events, emit);
  else if (name === "citationsContent") readCited(inner, index, events, emit);
  else {
    const isMedia = name === "image" || name === "audio";
    const media = isMedia ? readMedia(name, inner["format"], objectOf(inner["source"])) : undefined;
    if (media !== undefined) events.media(index, media, emit);
    else events.opaque(index, opaquePart(name, block), emit);
  }
}

function readToolUse(toolUse: JsonObject, index: number, events: AnswerEvents, emit: Emit<IrEvent>): void {
  events.tool(index, textOf(toolUse["toolUseId"]) ?? "", textOf(toolUse["name"]) ?? "", emit);
  const input: Json = toolUse["input"] ?? {};
  events.input(index, JSON.stringify(input), emit);
}

function readReasoning(content: JsonObject, index: number, events: AnswerEvents, emit: Emit<IrEvent>): void {
  const redacted = textOf(content["redactedContent"]);
  if (redacted !== undefined) events.redacted(index, redacted, emit);
  const reasoning = objectOf(content["reasoningText"]);
  events.reasoning(index, textOf(reasoning?.["text"]) ?? "", emit);
  events.signature(index, textOf(reasoning?.["signature"]) ?? "", emit);
}

function readCited(content: JsonObject, index: number, events: AnswerEvents, emit: Emit<IrEvent>): void {
  for (const item of arrayOf(content["content"]) ?? [])
    events.text(index, textOf(objectOf(item)?.["text"]) ?? "", emit);
  for (const item of arrayOf(content["citations"]) ?? []) {
    const citation = objectOf(item);
    if (citation !== undefined) events.citation(index, (end) => readCitation(citation, end), emit);
  }
}
