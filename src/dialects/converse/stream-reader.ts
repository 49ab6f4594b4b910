import type { AnswerContext, WireEvent } from "../dialect.ts";
import { streamCut } from "../ir/error.ts";
import type { IrEvent } from "../ir/events.ts";
import type { JsonObject } from "../ir/values.ts";
import type { Emit, Stage } from "../stage.ts";
import { readAwsException } from "../wire/aws-errors.ts";
import { numberOf, objectOf, parseObject, textOf } from "../wire/exact-json.ts";
import { PlainDelta } from "../wire/plain-delta.ts";
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

/**
 * Reads a ConverseStream answer.
 *
 * - Order: messageStart; blocks by `contentBlockIndex` (start, deltas, stop), where text and reasoning come without a
 *   start; messageStop; metadata with the usage.
 * - The answer is over with the metadata. A clean end after messageStop will do; an end before it is an error.
 * - Without an index a start begins the next block, and anything else is about the first.
 * - Exception frames and broken framing end the answer as an error.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html, read 2026-11
 */
export class ConverseStreamReader implements Stage<WireEvent, IrEvent> {
  readonly #events: AnswerEvents;
  /** Formats of images whose block has begun. */
  readonly #imageFormats = new Map<number, unknown>();
  readonly #requestId: string | undefined;
  /** Deltas like the last one that was a text. */
  #plain: PlainDelta | undefined;
  #plainIndex = -1;
  #lastIndex = -1;
  #hasStopped = false;
  #isOver = false;

  constructor(context: AnswerContext) {
    this.#events = new AnswerEvents(context);
    this.#requestId = context.answerHeaders.get("x-amzn-requestid") ?? undefined;
  }

  push(frame: WireEvent, emit: Emit<IrEvent>): void {
    if (this.#isOver) return;
    if (frame.isException) {
      this.#isOver = true;
      emit({ type: "error", error: { ...readAwsException(frame), requestId: this.#requestId } });
      return;
    }
    if (this.#readPlain(frame, emit)) return;
    const payload = parseObject(frame.data);
    if (payload !== undefined) this.#read(frame.event, payload, emit);
    else emit({ type: "warning", warning: unreadable(frame.event) });
  }

  end(emit: Emit<IrEvent>, isCut: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#hasStopped && !isCut) emit({ type: "message-end" });
    else emit({ type: "error", error: streamCut() });
  }

  /** Reads the frame if it is one more piece of the same text and can be read without parsing. */
  #readPlain(frame: WireEvent, emit: Emit<IrEvent>): boolean {
    if (this.#hasStopped || frame.event !== "contentBlockDelta") return false;
    const text = this.#plain?.textIn(frame.data);
    if (text !== undefined) this.#events.text(this.#plainIndex, text, emit);
    return text !== undefined;
  }

  #read(event: string | undefined, payload: JsonObject, emit: Emit<IrEvent>): void {
    if (this.#hasStopped && event !== "metadata") return;
    switch (event) {
      case "contentBlockDelta":
        this.#readDelta(this.#indexOf(payload, 0), objectOf(payload["delta"]) ?? {}, emit);
        break;
      case "contentBlockStart":
        this.#readStart(this.#indexOf(payload, this.#lastIndex + 1), objectOf(payload["start"]) ?? {}, emit);
        break;
      case "contentBlockStop":
        this.#events.stop(this.#indexOf(payload, 0), emit);
        break;
      case "messageStart":
        this.#events.start(emit);
        break;
      case "messageStop":
        this.#readStop(payload, emit);
        break;
      case "metadata":
        this.#readMetadata(payload, emit);
        break;
      default: // What Bedrock will invent some day.
    }
  }

  #indexOf(payload: JsonObject, otherwise: number): number {
    const index = numberOf(payload["contentBlockIndex"]) ?? otherwise;
    this.#lastIndex = Math.max(this.#lastIndex, index);
    return index;
  }

  #readStart(index: number, start: JsonObject, emit: Emit<IrEvent>): void {
    const toolUse = objectOf(start["toolUse"]);
    const toolResult = objectOf(start["toolResult"]);
    if (toolUse !== undefined && !isServerTool(toolUse))
      this.#events.tool(index, textOf(toolUse["toolUseId"]) ?? "", textOf(toolUse["name"]) ?? "", emit);
    else if (toolUse !== undefined) this.#events.opaque(index, opaquePart("toolUse", start), emit);
    else if (toolResult !== undefined) this.#events.opaque(index, opaquePart("toolResult", start), emit);
    else if (start["image"] !== undefined)
      this.#imageFormats.set(index, objectOf(start["image"])?.["format"]);
  }

  #readDelta(index: number, delta: JsonObject, emit: Emit<IrEvent>): void {
    const text = textOf(delta["text"]);
    if (text !== undefined) {
      this.#learn(index);
      this.#events.text(index, text, emit);
      return;
    }
    const toolUse = objectOf(delta["toolUse"]);
    if (toolUse !== undefined) this.#events.input(index, textOf(toolUse["input"]) ?? "", emit);
    const reasoning = objectOf(delta["reasoningContent"]);
    if (reasoning !== undefined) this.#readReasoning(index, reasoning, emit);
    const citation = objectOf(delta["citation"]);
    if (citation !== undefined) this.#events.citation(index, (end) => readCitation(citation, end), emit);
    const image = objectOf(delta["image"]);
    const media = image && readMedia("image", this.#imageFormats.get(index), objectOf(image["source"]));
    if (media !== undefined) this.#events.media(index, media, emit);
  }

  /** Frames are padded by a member of random length. */
  #learn(index: number): void {
    if (this.#plainIndex === index) return;
    this.#plainIndex = index;
    const head = `{"contentBlockIndex":${index},"delta":{"text":"`;
    this.#plain = new PlainDelta(head, '}(?:,"p":"[a-zA-Z0-9]*")?}');
  }

  #readReasoning(index: number, reasoning: JsonObject, emit: Emit<IrEvent>): void {
    this.#events.reasoning(index, textOf(reasoning["text"]) ?? "", emit);
    this.#events.signature(index, textOf(reasoning["signature"]) ?? "", emit);
    const redacted = textOf(reasoning["redactedContent"]);
    if (redacted !== undefined) this.#events.redacted(index, redacted, emit);
  }

  #readStop(payload: JsonObject, emit: Emit<IrEvent>): void {
    this.#hasStopped = true;
    this.#events.finish(textOf(payload["stopReason"]), readStopSequence(payload), emit);
  }

  #readMetadata(payload: JsonObject, emit: Emit<IrEvent>): void {
    const usage = readUsage(objectOf(payload["usage"]));
    if (usage !== undefined) emit({ type: "usage", usage });
    if (!this.#hasStopped) return;
    this.#isOver = true;
    emit({ type: "message-end", serviceTier: readServiceTier(payload) });
  }
}

function unreadable(event: string | undefined) {
  return {
    level: "loud",
    path: event ?? "frame",
    message: "Bedrock sent a frame that is not JSON; left out",
  } as const;
}
