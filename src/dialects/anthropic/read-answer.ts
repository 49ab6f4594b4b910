import { ExchangeFailure } from "../../model/failure.ts";
import type { WireEvent } from "../dialect.ts";
import { type IrError, streamCut } from "../ir/error.ts";
import type { IrEvent } from "../ir/events.ts";
import type { JsonObject } from "../ir/values.ts";
import type { Emit, Stage } from "../stage.ts";
import { readAwsException } from "../wire/aws-errors.ts";
import {
  arrayOf,
  hasNumber,
  numberOf,
  objectOf,
  parseExact,
  parseExactObject,
  parseObject,
  textOf,
} from "../wire/exact-json.ts";
import { BlockReader } from "./block-reader.ts";
import { readErrorEvent } from "./errors.ts";
import { readStopReason } from "./stop-reasons.ts";
import { AnthropicUsage } from "./usage.ts";

/** Reads a whole message as the stream that it could have been. */
export function readMessage(text: string, emit: Emit<IrEvent>): void {
  const message = parseMessage(text);
  const content = arrayOf(message?.["content"]);
  const reader = new MessageReader();
  if (message?.["type"] === "error") reader.event({ ...message, type: "error" }, emit);
  else if (message === undefined || content === undefined) {
    throw new ExchangeFailure("bad_upstream_answer", "The upstream's answer is not a message");
  } else {
    reader.event({ type: "message_start", message }, emit);
    for (const [index, block] of content.entries()) {
      reader.event({ type: "content_block_start", index, content_block: block }, emit);
      reader.event({ type: "content_block_stop", index }, emit);
    }
    const { stop_reason = null, stop_sequence = null } = message;
    reader.event({ type: "message_delta", delta: { stop_reason, stop_sequence } }, emit);
    reader.event({ type: "message_stop" }, emit);
  }
}

/** Blocks with inputs keep the text of their numbers. */
function parseMessage(text: string): JsonObject | undefined {
  const message = objectOf(JSON.parse(text));
  return hasNumber(message?.["content"]) ? objectOf(parseExact(text)) : message;
}

/**
 * Reads one message of Anthropic's API.
 *
 * - Order: `message_start`, blocks by `index` (start, deltas, stop), `message_delta`, `message_stop`; `ping` anywhere.
 * - Usage: running totals; each report replaces what it names.
 * - The first of `message_stop`, an `error` event and an exception of the framing ends the message.
 *
 * @see https://docs.anthropic.com/en/api/messages-streaming, read 2026-11
 */
export class MessageReader implements Stage<WireEvent, IrEvent> {
  readonly #usage = new AnthropicUsage();
  readonly #blocks = new BlockReader();
  #hasStarted = false;
  #isOver = false;
  #stopReason: string | undefined;
  #stopSequence: string | undefined;

  push(wire: WireEvent, emit: Emit<IrEvent>): void {
    if (this.#isOver) return;
    if (wire.isException) this.#end({ type: "error", error: readAwsException(wire) }, emit);
    else if (wire.data === "") emit({ type: "keep-alive" });
    else if (!this.#blocks.plainDelta(wire.data, emit)) {
      const event = readJson(wire.data);
      if (event !== undefined) this.event(event, emit);
      else this.#end({ type: "error", error: unreadable() }, emit);
    }
  }

  end(emit: Emit<IrEvent>): void {
    this.#end({ type: "error", error: streamCut() }, emit);
  }

  event(event: JsonObject, emit: Emit<IrEvent>): void {
    switch (event["type"]) {
      case "content_block_delta":
        this.#start({}, emit);
        this.#blocks.delta(indexOf(event), objectOf(event["delta"]) ?? {}, emit);
        break;
      case "content_block_start":
        this.#start({}, emit);
        this.#blocks.start(indexOf(event), objectOf(event["content_block"]) ?? {}, emit);
        break;
      case "content_block_stop":
        this.#blocks.stop(indexOf(event), emit);
        break;
      case "message_start":
        this.#start(objectOf(event["message"]) ?? {}, emit);
        break;
      case "message_delta":
        this.#messageDelta(event, emit);
        break;
      case "message_stop":
        this.#stop(emit);
        break;
      case "ping":
        emit({ type: "keep-alive" });
        break;
      case "error":
        this.#end({ type: "error", error: readErrorEvent(event) }, emit);
        break;
      default: // Kinds of events may be added at any time.
    }
  }

  #start(message: JsonObject, emit: Emit<IrEvent>): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    emit({ type: "message-start", id: textOf(message["id"]), model: textOf(message["model"]) });
    const usage = objectOf(message["usage"]);
    if (usage !== undefined) emit({ type: "usage", usage: this.#usage.whole(usage) });
  }

  #messageDelta(event: JsonObject, emit: Emit<IrEvent>): void {
    const delta = objectOf(event["delta"]);
    this.#stopReason = textOf(delta?.["stop_reason"]) ?? this.#stopReason;
    this.#stopSequence = textOf(delta?.["stop_sequence"]) ?? this.#stopSequence;
    const usage = objectOf(event["usage"]);
    if (usage !== undefined) emit({ type: "usage", usage: this.#usage.update(usage) });
  }

  #stop(emit: Emit<IrEvent>): void {
    this.#start({}, emit);
    this.#blocks.stopAll(emit);
    const raw = this.#stopReason;
    emit({ type: "finish", choice: 0, reason: readStopReason(raw), raw, stopSequence: this.#stopSequence });
    this.#end({ type: "message-end" }, emit);
  }

  #end(event: IrEvent, emit: Emit<IrEvent>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    emit(event);
  }
}

function indexOf(event: JsonObject): number {
  return numberOf(event["index"]) ?? 0;
}

/** Only blocks that come whole hold numbers whose text matters; arguments come as text. */
function readJson(data: string): JsonObject | undefined {
  const event = parseObject(data);
  return event?.["type"] === "content_block_start" ? parseExactObject(data) : event;
}

/** Leaving it out would make a hole in the answer that nobody sees. */
function unreadable(): IrError {
  const message = "The upstream sent an event that is no JSON";
  return { kind: "upstream", status: 502, type: "BadGateway", isUnnamed: true, message };
}
