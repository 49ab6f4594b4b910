import type { AnswerContext } from "../dialect.ts";
import type { IrBlockEvent, IrEvent, IrTokenChoice } from "../ir/events.ts";
import type { IrUsage } from "../ir/usage.ts";
import type { IrCitation, IrSeal, JsonObject } from "../ir/values.ts";
import type { Emit, Stage } from "../stage.ts";
import { writeError } from "./errors.ts";
import { finishReasonOf } from "./finish-reasons.ts";
import { writeUsage } from "./usage.ts";
import { annotation, imagePart, redactedBlock, thinkingBlock } from "./write-answer-parts.ts";
import { writeLogprobs } from "./write-response.ts";

/** A piece of a call in the chunk that is being made; with its name it is the first. */
interface CallPiece {
  readonly index: number;
  readonly first:
    | { readonly id: string; readonly name: string; readonly kind: "function" | "custom" }
    | undefined;
  text: string;
}

/** What is remembered of one choice. */
class ChoiceState {
  hasRole = false;
  readonly calls = new Map<number, { index: number; kind: "function" | "custom" }>();
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

  // The chunk that is being made.
  #choice = 0;
  #isPending = false;
  #content: string | undefined;
  #reasoning: string | undefined;
  #refusal: string | undefined;
  #calls: CallPiece[] = [];
  #logprobs: IrTokenChoice[] = [];
  /** Other members of the delta, as JSON. */
  #members = "";
  #finish: string | undefined;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(event: IrEvent, emit: Emit<string>): void {
    switch (event.type) {
      case "message-start":
        this.#start(event);
        break;
      case "usage":
        this.#usage = { ...this.#usage, ...event.usage };
        break;
      case "finish":
        this.#turnTo(event.choice, emit);
        this.#cite();
        this.#finish = this.#finishMembers(event);
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
    if (!this.#isPending || this.#isOver) return;
    const delta = this.#delta();
    const logprobs =
      this.#logprobs.length === 0 ? "" : `,"logprobs":${JSON.stringify(writeLogprobs(this.#logprobs))}`;
    const finish = this.#finish ?? '"finish_reason":null';
    const isIdle = delta === "" && this.#finish === undefined && logprobs === "";
    if (!isIdle) emit(`${this.#head}${this.#choice},"delta":{${delta}}${logprobs},${finish}}]}\n\n`);
    this.#isPending = false;
    this.#content = undefined;
    this.#reasoning = undefined;
    this.#refusal = undefined;
    if (this.#calls.length > 0) this.#calls = [];
    if (this.#logprobs.length > 0) this.#logprobs = [];
    this.#members = "";
    this.#finish = undefined;
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
    this.#head = `data: ${JSON.stringify(head).slice(0, -1)},"choices":[{"index":`;
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
    this.#choices[this.#choice] ??= new ChoiceState();
    return this.#choices[this.#choice]!;
  }

  /** A chunk is about one choice. */
  #turnTo(choice: number, emit: Emit<string>): void {
    if (choice !== this.#choice) {
      this.flush(emit);
      this.#choice = choice;
    }
    this.#isPending = true;
  }

  #block(event: IrBlockEvent, state: ChoiceState): void {
    switch (event.type) {
      case "text-delta":
        this.#text(event, state);
        break;
      case "reasoning-delta":
        this.#reasoning = (this.#reasoning ?? "") + event.text;
        state.reasoning += event.text;
        break;
      case "tool-delta":
        this.#callText(event, state);
        break;
      case "tool-start":
        state.calls.set(event.block, { index: state.calls.size, kind: event.kind });
        this.#calls.push({ index: state.calls.size - 1, first: event, text: "" });
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
          this.#list(
            "thinking_blocks",
            state.thinkingBlocks++,
            thinkingBlock(state.reasoning, event.signature),
          );
        state.reasoning = "";
        break;
      case "redacted":
        this.#list("thinking_blocks", state.thinkingBlocks++, redactedBlock(event.data));
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
        this.#context.warn({
          level: "quiet",
          path: "answer",
          message: `${event.part.name} has no form in chat; left out`,
        });
        break;
      case "reasoning-start":
      case "tool-end":
        break;
    }
  }

  /** Chat has no place for the signature of a text or a call but among the thinking. */
  #sign(signature: IrSeal | undefined, state: ChoiceState): void {
    if (signature !== undefined)
      this.#list("thinking_blocks", state.thinkingBlocks++, thinkingBlock(undefined, signature));
  }

  #text({ block, text, logprobs }: Extract<IrEvent, { type: "text-delta" }>, state: ChoiceState): void {
    if (logprobs !== undefined) this.#logprobs.push(...logprobs);
    if (block === state.refusalBlock) {
      this.#refusal = (this.#refusal ?? "") + text;
      return;
    }
    this.#content = this.#content === undefined ? text : this.#content + text;
    state.contentLength += text.length;
    const place = state.texts.get(block);
    if (place !== undefined) place.end = state.contentLength;
  }

  #callText({ block, text }: Extract<IrEvent, { type: "tool-delta" }>, state: ChoiceState): void {
    const index = state.calls.get(block)?.index ?? 0;
    const last = this.#calls.at(-1);
    if (last?.index === index) last.text += text;
    else this.#calls.push({ index, first: undefined, text });
  }

  #audio({ data, transcript }: Extract<IrEvent, { type: "audio-delta" }>, state: ChoiceState): void {
    const id = state.hasAudio ? {} : { id: this.#context.newId("audio_") };
    state.hasAudio = true;
    this.#member("audio", { ...id, data, transcript });
  }

  #media({ media }: Extract<IrEvent, { type: "media" }>, state: ChoiceState): void {
    const image = imagePart(media);
    if (image !== undefined) this.#list("images", state.images++, image);
    else
      this.#context.warn({
        level: "loud",
        path: "answer",
        message: `${media.kind} has no form in chat; left out`,
      });
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
    if (known.length > 0) this.#member("annotations", known);
  }

  #finishMembers({ reason, raw }: Extract<IrEvent, { type: "finish" }>): string {
    const finish = `"finish_reason":${JSON.stringify(finishReasonOf(reason, raw))}`;
    return reason === "malformed" ? `${finish},"native_finish_reason":${JSON.stringify(raw)}` : finish;
  }

  /** Accumulators need an index in every entry that comes after the first. */
  #list(name: string, index: number, entry: JsonObject): void {
    this.#member(name, [index === 0 ? entry : { index, ...entry }]);
  }

  #member(name: string, value: unknown): void {
    this.#members += `,"${name}":${JSON.stringify(value)}`;
  }

  #delta(): string {
    let delta = "";
    if (this.#content !== undefined) delta += `,"content":${JSON.stringify(this.#content)}`;
    if (this.#reasoning !== undefined) delta += `,"reasoning_content":${JSON.stringify(this.#reasoning)}`;
    if (this.#refusal !== undefined) delta += `,"refusal":${JSON.stringify(this.#refusal)}`;
    if (this.#calls.length > 0) delta += `,"tool_calls":[${this.#calls.map(writeCall, this).join(",")}]`;
    delta += this.#members;
    if (delta === "") return delta;
    const state = this.#state();
    if (state.hasRole) return delta.slice(1);
    state.hasRole = true;
    return `"role":"assistant"${delta}`;
  }
}

function writeCall({ index, first, text }: CallPiece): string {
  const piece = JSON.stringify(text);
  if (first === undefined) return `{"index":${index},"function":{"arguments":${piece}}}`;
  const { id, name } = { id: JSON.stringify(first.id), name: JSON.stringify(first.name) };
  return first.kind === "custom"
    ? `{"index":${index},"id":${id},"type":"custom","custom":{"name":${name},"input":${piece}}}`
    : `{"index":${index},"id":${id},"type":"function","function":{"name":${name},"arguments":${piece}}}`;
}
