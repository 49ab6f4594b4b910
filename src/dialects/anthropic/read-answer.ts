import { ExchangeFailure } from "../../model/failure.ts";
import type { WireEvent } from "../dialect.ts";
import { streamCut } from "../ir/error.ts";
import type { IrEvent } from "../ir/events.ts";
import type { IrCitation, IrSeal, JsonObject } from "../ir/values.ts";
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

/** A block that is open: Anthropic numbers them itself, but numbers may have gaps. */
interface OpenBlock {
  readonly kind: "text" | "reasoning" | "tool";
  readonly block: number;
  signature: IrSeal | undefined;
  /** A call whose input has begun. */
  hasInput: boolean;
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
  readonly #open = new Map<number, OpenBlock>();
  #blocks = 0;
  #hasStarted = false;
  #isOver = false;
  #stopReason: string | undefined;
  #stopSequence: string | undefined;

  push(wire: WireEvent, emit: Emit<IrEvent>): void {
    if (this.#isOver) return;
    if (wire.isException) this.#end({ type: "error", error: readAwsException(wire) }, emit);
    else if (wire.data === "") emit({ type: "keep-alive" });
    else {
      const event = readJson(wire.data);
      if (event !== undefined) this.event(event, emit);
      else emit(unreadable());
    }
  }

  end(emit: Emit<IrEvent>): void {
    this.#end({ type: "error", error: streamCut() }, emit);
  }

  event(event: JsonObject, emit: Emit<IrEvent>): void {
    switch (event["type"]) {
      case "content_block_delta":
        this.#delta(numberOf(event["index"]) ?? 0, objectOf(event["delta"]) ?? {}, emit);
        break;
      case "content_block_start":
        this.#startBlock(numberOf(event["index"]) ?? 0, objectOf(event["content_block"]) ?? {}, emit);
        break;
      case "content_block_stop":
        this.#stopBlock(numberOf(event["index"]) ?? 0, emit);
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
    for (const index of this.#open.keys()) this.#stopBlock(index, emit);
    const raw = this.#stopReason;
    emit({ type: "finish", choice: 0, reason: readStopReason(raw), raw, stopSequence: this.#stopSequence });
    this.#end({ type: "message-end" }, emit);
  }

  #end(event: IrEvent, emit: Emit<IrEvent>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    emit(event);
  }

  #startBlock(index: number, block: JsonObject, emit: Emit<IrEvent>): void {
    this.#start({}, emit);
    this.#stopBlock(index, emit);
    switch (block["type"]) {
      case "text":
        this.#openBlock(index, "text", emit);
        this.#delta(index, { type: "text_delta", text: block["text"] ?? "" }, emit);
        for (const citation of arrayOf(block["citations"]) ?? [])
          this.#delta(index, { type: "citations_delta", citation }, emit);
        break;
      case "thinking":
        this.#openBlock(index, "reasoning", emit);
        this.#delta(index, { type: "thinking_delta", thinking: block["thinking"] ?? "" }, emit);
        this.#delta(index, { type: "signature_delta", signature: block["signature"] ?? "" }, emit);
        break;
      case "tool_use":
        this.#startTool(index, block, emit);
        break;
      case "redacted_thinking":
        emit({ type: "redacted", data: seal(textOf(block["data"]) ?? ""), choice: 0, block: this.#blocks++ });
        break;
      default: {
        const name = textOf(block["type"]) ?? "unknown";
        const part = { type: "opaque", family: "anthropic", name, block } as const;
        emit({ type: "opaque", part, choice: 0, block: this.#blocks++ });
      }
    }
  }

  #openBlock(index: number, kind: "text" | "reasoning", emit: Emit<IrEvent>): OpenBlock {
    this.#start({}, emit);
    const open: OpenBlock = { kind, block: this.#blocks++, signature: undefined, hasInput: false };
    this.#open.set(index, open);
    const { block } = open;
    if (kind === "text") emit({ type: "text-start", isRefusal: false, choice: 0, block });
    else emit({ type: "reasoning-start", isSummary: false, choice: 0, block });
    return open;
  }

  /** A whole answer has its input here; a stream sends it in deltas, behind an empty object. */
  #startTool(index: number, tool: JsonObject, emit: Emit<IrEvent>): void {
    const block = this.#blocks++;
    const open: OpenBlock = { kind: "tool", block, signature: undefined, hasInput: false };
    this.#open.set(index, open);
    const { id, name } = { id: textOf(tool["id"]) ?? "", name: textOf(tool["name"]) ?? "" };
    emit({ type: "tool-start", id, name, kind: "function", choice: 0, block });
    const input = objectOf(tool["input"]);
    if (input !== undefined && Object.keys(input).length > 0) this.#input(open, JSON.stringify(input), emit);
  }

  #input(open: OpenBlock, text: string, emit: Emit<IrEvent>): void {
    if (text !== "") open.hasInput = true;
    emit({ type: "tool-delta", text, choice: 0, block: open.block });
  }

  #delta(index: number, delta: JsonObject, emit: Emit<IrEvent>): void {
    switch (delta["type"]) {
      case "text_delta": {
        const { block } = this.#blockOf(index, "text", emit);
        const text = textOf(delta["text"]) ?? "";
        if (text !== "") emit({ type: "text-delta", text, logprobs: undefined, choice: 0, block });
        break;
      }
      case "input_json_delta": {
        const open = this.#open.get(index);
        if (open?.kind === "tool") this.#input(open, textOf(delta["partial_json"]) ?? "", emit);
        break;
      }
      case "thinking_delta": {
        const { block } = this.#blockOf(index, "reasoning", emit);
        const text = textOf(delta["thinking"]) ?? "";
        if (text !== "") emit({ type: "reasoning-delta", text, choice: 0, block });
        break;
      }
      case "signature_delta": {
        const signature = textOf(delta["signature"]) ?? "";
        if (signature !== "") this.#blockOf(index, "reasoning", emit).signature = seal(signature);
        break;
      }
      case "citations_delta": {
        const citation = readCitation(objectOf(delta["citation"]) ?? {});
        emit({ type: "citation", citation, choice: 0, block: this.#blockOf(index, "text", emit).block });
        break;
      }
      default:
    }
  }

  /** Some servers leave starts out; a block's first delta says what it is. */
  #blockOf(index: number, kind: "text" | "reasoning", emit: Emit<IrEvent>): OpenBlock {
    const open = this.#open.get(index);
    if (open?.kind === kind) return open;
    this.#stopBlock(index, emit);
    return this.#openBlock(index, kind, emit);
  }

  #stopBlock(index: number, emit: Emit<IrEvent>): void {
    const open = this.#open.get(index);
    if (open === undefined) return;
    this.#open.delete(index);
    const { block, kind, signature } = open;
    if (kind === "text") emit({ type: "text-end", choice: 0, block });
    else if (kind === "tool") {
      if (!open.hasInput) this.#input(open, "{}", emit);
      emit({ type: "tool-end", choice: 0, block });
    } else emit({ type: "reasoning-end", signature, choice: 0, block });
  }
}

/** Only blocks that come whole hold numbers whose text matters; arguments come as text. */
function readJson(data: string): JsonObject | undefined {
  const event = parseObject(data);
  return event?.["type"] === "content_block_start" ? parseExactObject(data) : event;
}

function unreadable(): IrEvent {
  const warning = {
    level: "loud",
    path: "stream",
    message: "the upstream sent an event that is no JSON; left out",
  } as const;
  return { type: "warning", warning };
}

function seal(value: string): IrSeal {
  return { value, form: "text", family: "anthropic" };
}

function readCitation(citation: JsonObject): IrCitation {
  return {
    url: textOf(citation["url"]),
    title: textOf(citation["title"]) ?? textOf(citation["document_title"]),
    citedText: textOf(citation["cited_text"]),
    extras: { anthropic: citation },
  };
}
