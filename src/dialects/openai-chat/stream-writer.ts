import type { AnswerContext } from "../dialect.ts";
import type { IrBlockEvent, IrEvent } from "../ir/events.ts";
import type { IrUsage } from "../ir/usage.ts";
import type { IrCitation, IrSeal } from "../ir/values.ts";
import type { Emit, Stage } from "../stage.ts";
import { flatten } from "../wire/text.ts";
import { ChunkDraft } from "./chunk-draft.ts";
import { writeError } from "./errors.ts";
import { writeUsage } from "./usage.ts";
import { annotation, imagePart, redactedBlock, thinkingBlock } from "./write-answer-parts.ts";

/** What is remembered of one choice. */
class ChoiceState {
  hasRole = false;
  /** The index of each call by its block. */
  readonly calls = new Map<number, number>();
  /** Where each text block stands in the content. */
  readonly texts = new Map<number, { start: number; end: number }>();
  contentLength = 0;
  refusalBlock = -1;
  reasoning = "";
  thinkingBlocks = 0;
  images = 0;
  hasAudio = false;
  readonly citations: { readonly block: number; readonly citation: IrCitation }[] = [];
}

/**
 * Writes an answer as chunks of a chat completion.
 *
 * What one upstream event gave goes out as one chunk, on `flush`. Clients' accumulators want: `role`, and a call's id,
 * type and name, once; call indexes without gaps; an `index` in every list entry but a first one; one finish_reason a
 * choice; usage in the very last chunk.
 */
export class ChatStreamWriter implements Stage<IrEvent, string> {
  readonly #context: AnswerContext;
  readonly #choices: ChoiceState[] = [];
  /** A chunk up to its choices; empty until the message starts. */
  #head = "";
  #usage: IrUsage | undefined;
  #isOver = false;

  readonly #draft = new ChunkDraft();

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(event: IrEvent, emit: Emit<string>): void {
    switch (event.type) {
      case "message-start":
        this.#start(event);
        break;
      case "usage":
        this.#usage = Object.assign(this.#usage ?? {}, event.usage);
        break;
      case "finish":
        this.#turnTo(event.choice, emit);
        this.#cite();
        this.#draft.finish(event);
        break;
      case "message-end":
        this.flush(emit);
        this.#end(event.serviceTier, emit);
        break;
      case "error":
        this.flush(emit);
        this.#isOver = true;
        emit(writeError(event.error, "stream"));
        break;
      case "keep-alive":
        emit(
          this.#head === "" ? ": keep-alive\n\n" : `${this.#head}0,"delta":{},"finish_reason":null}]}\n\n`,
        );
        break;
      case "warning":
        break;
      default:
        this.#turnTo(event.choice, emit);
        this.#block(event, this.#state());
    }
  }

  flush(emit: Emit<string>): void {
    if (this.#isOver || !this.#draft.isPending) return;
    const chunk = this.#draft.take(this.#head, !this.#state().hasRole);
    if (chunk === undefined) return;
    this.#state().hasRole ||= this.#draft.hadContent;
    emit(chunk);
  }

  end(): void {}

  #start(event: Extract<IrEvent, { type: "message-start" }>): void {
    const { createdAt = Math.floor(this.#context.nowMs() / 1000), serviceTier } = event;
    const head = {
      id: event.id || this.#context.newId("chatcmpl-"),
      object: "chat.completion.chunk",
      created: createdAt,
      model: this.#context.requestModel,
      ...(serviceTier === undefined ? {} : { service_tier: serviceTier }),
    };
    this.#head = flatten(`data: ${JSON.stringify(head).slice(0, -1)},"choices":[{"index":`);
  }

  #end(serviceTier: string | undefined, emit: Emit<string>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#usage !== undefined && this.#context.wantsUsage) {
      if (this.#head === "") this.#start({ type: "message-start" });
      const head = this.#head.slice(0, this.#head.lastIndexOf('{"index":'));
      const tier = serviceTier === undefined ? "" : `,"service_tier":${JSON.stringify(serviceTier)}`;
      emit(`${head}]${tier},"usage":${JSON.stringify(writeUsage(this.#usage))}}\n\n`);
    }
    emit("data: [DONE]\n\n");
  }

  #state(): ChoiceState {
    this.#choices[this.#draft.choice] ??= new ChoiceState();
    return this.#choices[this.#draft.choice]!;
  }

  /** A chunk is about one choice. */
  #turnTo(choice: number, emit: Emit<string>): void {
    if (choice !== this.#draft.choice) {
      this.flush(emit);
      this.#draft.choice = choice;
    }
    this.#draft.isPending = true;
  }

  #block(event: IrBlockEvent, state: ChoiceState): void {
    switch (event.type) {
      case "text-delta":
        this.#text(event, state);
        break;
      case "reasoning-delta":
        this.#draft.addReasoning(event.text);
        state.reasoning += event.text;
        break;
      case "tool-delta":
        this.#draft.addToCall(state.calls.get(event.block) ?? 0, event.text);
        break;
      case "tool-start":
        this.#draft.startCall(state.calls.size, event);
        state.calls.set(event.block, state.calls.size);
        this.#sign(event.signature, state);
        break;
      case "text-start":
        if (event.isRefusal) state.refusalBlock = event.block;
        else state.texts.set(event.block, { start: state.contentLength, end: state.contentLength });
        break;
      case "text-end":
        this.#sign(event.signature, state);
        break;
      case "reasoning-end":
        if (event.signature !== undefined)
          this.#draft.list(
            "thinking_blocks",
            state.thinkingBlocks++,
            thinkingBlock(state.reasoning, event.signature),
          );
        state.reasoning = "";
        break;
      case "redacted":
        this.#draft.list("thinking_blocks", state.thinkingBlocks++, redactedBlock(event.data));
        break;
      case "audio-delta":
        this.#audio(event, state);
        break;
      case "media":
        this.#media(event, state);
        break;
      case "citation":
        state.citations.push(event);
        break;
      case "opaque":
        this.#leaveOut("quiet", event.part.name);
        break;
      case "reasoning-start":
      case "tool-end":
        break;
    }
  }

  /** Chat has no place for the signature of a text or a call but among the thinking. */
  #sign(signature: IrSeal | undefined, state: ChoiceState): void {
    if (signature !== undefined)
      this.#draft.list("thinking_blocks", state.thinkingBlocks++, thinkingBlock(undefined, signature));
  }

  #text({ block, text, logprobs }: Extract<IrEvent, { type: "text-delta" }>, state: ChoiceState): void {
    if (logprobs !== undefined) this.#draft.addLogprobs(logprobs);
    if (block === state.refusalBlock) {
      this.#draft.addRefusal(text);
      return;
    }
    this.#draft.addContent(text);
    state.contentLength += text.length;
    const place = state.texts.get(block);
    if (place !== undefined) place.end = state.contentLength;
  }

  #audio({ data, transcript }: Extract<IrEvent, { type: "audio-delta" }>, state: ChoiceState): void {
    const id = state.hasAudio ? {} : { id: this.#context.newId("audio_") };
    state.hasAudio = true;
    this.#draft.member("audio", { ...id, data, transcript });
  }

  #media({ media }: Extract<IrEvent, { type: "media" }>, state: ChoiceState): void {
    const image = imagePart(media);
    if (image !== undefined) this.#draft.list("images", state.images++, image);
    else this.#leaveOut("loud", media.kind);
  }

  /** Citations name text that may have gone out long ago; they come together, by offset, before the finish. */
  #cite(): void {
    const state = this.#state();
    const entries = state.citations.map(({ block, citation }) => {
      const place = state.texts.get(block) ?? { start: 0, end: state.contentLength };
      const { startIndex, endIndex } = citation;
      const end = endIndex === undefined ? place.end : place.start + endIndex;
      return annotation(citation, place.start + (startIndex ?? 0), end);
    });
    const known = entries.filter((entry) => entry !== undefined);
    if (known.length > 0) this.#draft.member("annotations", known);
  }

  #leaveOut(level: "quiet" | "loud", name: string): void {
    this.#context.warn({ level, path: "answer", message: `${name} has no form in chat; left out` });
  }
}
