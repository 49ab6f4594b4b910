import type { AnswerContext } from "../dialect.ts";
import type { IrBlockEvent, IrEvent } from "../ir/events.ts";
import { markSeal } from "../ir/seals.ts";
import type { IrUsage } from "../ir/usage.ts";
import type { IrSeal, JsonObject } from "../ir/values.ts";
import type { Emit, Stage } from "../stage.ts";
import { flatten } from "../wire/text.ts";
import { writeError } from "./errors.ts";
import { stopReasonOf } from "./stop-reasons.ts";
import { writeKnownUsage } from "./usage.ts";

type Finish = Extract<IrEvent, { type: "finish" }>;

/**
 * Writes an answer as Anthropic's stream events. Needs one block open at a time (`inOrder`).
 *
 * - `message_start` waits for the end of the upstream event it comes from, whose usage it takes along.
 * - Blocks of text and thinking open with their first delta, so that empty ones do not show.
 * - The closing pair waits for `message-end`, since providers report usage last.
 * - After an `error` event nothing follows.
 */
export class MessageStreamWriter implements Stage<IrEvent, string> {
  readonly #context: AnswerContext;
  #start: Extract<IrEvent, { type: "message-start" }> | undefined;
  #hasStarted = false;
  #isOver = false;
  #usage: IrUsage = {};
  #finish: Finish | undefined;
  #isRefusal = false;
  /** The index of the next block; the open one is before it. */
  #next = 0;
  #isOpen = false;
  /** A delta of the open block up to its text, as it is the same each time. */
  #head = "";

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(event: IrEvent, emit: Emit<string>): void {
    if (this.#isOver) return;
    switch (event.type) {
      case "message-start":
        this.#start = event;
        break;
      case "usage":
        Object.assign(this.#usage, event.usage);
        break;
      case "finish":
        this.#finish = event;
        break;
      case "message-end":
        this.#end(emit);
        break;
      case "error":
        this.#isOver = true;
        emit(writeError(event.error, "stream"));
        break;
      case "keep-alive":
        emit(this.#hasStarted ? written("ping", {}) : ": ping\n\n");
        break;
      case "warning":
        break;
      default:
        this.#block(event, emit);
    }
  }

  flush(emit: Emit<string>): void {
    if (this.#start !== undefined && !this.#isOver) this.#begin(emit);
  }

  end(): void {}

  #begin(emit: Emit<string>): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    const message = {
      id: this.#start?.id || this.#context.newId("msg_"),
      type: "message",
      role: "assistant",
      model: this.#start?.model || this.#context.requestModel,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: writeKnownUsage(this.#usage),
    };
    this.#start = undefined;
    emit(written("message_start", { message }));
  }

  #end(emit: Emit<string>): void {
    this.#begin(emit);
    this.#close(emit);
    this.#isOver = true;
    const { reason = "stop", stopSequence } = this.#finish ?? {};
    const stop_reason = stopReasonOf[reason === "stop" && this.#isRefusal ? "refusal" : reason];
    const delta = { stop_reason, stop_sequence: stopSequence ?? null };
    emit(written("message_delta", { delta, usage: writeKnownUsage(this.#usage) }));
    emit(written("message_stop", {}));
  }

  #block(event: IrBlockEvent, emit: Emit<string>): void {
    switch (event.type) {
      case "text-delta":
        if (event.text === "") break;
        if (!this.#isOpen) this.#open({ type: "text", text: "" }, "text_delta", "text", emit);
        emit(`${this.#head}${JSON.stringify(event.text)}}}\n\n`);
        break;
      case "tool-delta":
        if (event.text !== "") emit(`${this.#head}${JSON.stringify(event.text)}}}\n\n`);
        break;
      case "reasoning-delta":
        if (event.text === "") break;
        if (!this.#isOpen) this.#openThinking(emit);
        emit(`${this.#head}${JSON.stringify(event.text)}}}\n\n`);
        break;
      case "tool-start":
        if (event.signature !== undefined) this.#sign(event.signature, emit);
        this.#open(
          { type: "tool_use", id: event.id, name: event.name, input: {} },
          "input_json_delta",
          "partial_json",
          emit,
        );
        break;
      case "reasoning-end":
        if (event.signature === undefined) this.#close(emit);
        else this.#sign(event.signature, emit);
        break;
      case "text-start":
        this.#isRefusal ||= event.isRefusal;
        break;
      case "text-end":
      case "tool-end":
        this.#close(emit);
        break;
      case "redacted":
        this.#whole({ type: "redacted_thinking", data: markSeal(event.data, "anthropic") }, emit);
        break;
      case "opaque":
        if (event.part.family === "anthropic") this.#whole(event.part.block, emit);
        else this.#leaveOut("quiet", `${event.part.name} means something to ${event.part.family} only`);
        break;
      case "citation": {
        const citation = event.citation.extras?.anthropic;
        if (citation !== undefined && this.#isOpen) this.#delta({ type: "citations_delta", citation }, emit);
        break;
      }
      case "media":
        this.#leaveOut("loud", `${event.media.kind} has no form in Anthropic's API`);
        break;
      case "audio-delta":
        this.#leaveOut("loud", "audio has no form in Anthropic's API");
        break;
      case "reasoning-start":
        break;
    }
  }

  #openThinking(emit: Emit<string>): void {
    this.#open({ type: "thinking", thinking: "", signature: "" }, "thinking_delta", "thinking", emit);
  }

  /** Ends a thinking block with its signature; one that said nothing is opened for it. */
  #sign(seal: IrSeal, emit: Emit<string>): void {
    if (!this.#isOpen) this.#openThinking(emit);
    this.#delta({ type: "signature_delta", signature: markSeal(seal, "anthropic") }, emit);
    this.#close(emit);
  }

  #open(content_block: JsonObject, delta: string, member: string, emit: Emit<string>): void {
    this.#begin(emit);
    this.#close(emit);
    const index = this.#next++;
    this.#isOpen = true;
    this.#head = flatten(
      `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"${delta}","${member}":`,
    );
    emit(written("content_block_start", { index, content_block }));
  }

  #whole(block: JsonObject, emit: Emit<string>): void {
    this.#open(block, "", "", emit);
    this.#close(emit);
  }

  #delta(delta: JsonObject, emit: Emit<string>): void {
    emit(written("content_block_delta", { index: this.#next - 1, delta }));
  }

  #close(emit: Emit<string>): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    emit(written("content_block_stop", { index: this.#next - 1 }));
  }

  #leaveOut(level: "quiet" | "loud", message: string): void {
    this.#context.warn({ level, path: "answer", message: `${message}; left out` });
  }
}

function written(type: string, members: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
}
