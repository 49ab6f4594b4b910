import type { AnswerContext } from "../dialect.ts";
import type { IrEvent, IrTokenChoice } from "../ir/events.ts";
import type { IrSeal, Json, JsonObject } from "../ir/values.ts";
import type { Emit } from "../stage.ts";
import { readUrl } from "../wire/data-url.ts";
import { arrayOf, numberOf, objectOf, textOf } from "../wire/exact-json.ts";
import { CallReader, type Numbering } from "./call-reader.ts";
import { readFinishReason } from "./finish-reasons.ts";
import { readLogprobs } from "./logprobs.ts";

/**
 * Reads one choice from its deltas. Text and reasoning end when anything else comes; calls, which may interleave, end
 * with the choice. A call waits until it has a name.
 */
export class ChoiceReader {
  readonly #index: number;
  readonly #numbering: Numbering;
  readonly #calls: CallReader;
  #open: "text" | "refusal" | "reasoning" | undefined;
  #block = 0;
  /** The last text block, which citations are about. */
  #textBlock = -1;
  #audioBlock = -1;
  #reasoning = "";
  #signature: IrSeal | undefined;
  hasFinished = false;

  constructor(index: number, numbering: Numbering, context: AnswerContext) {
    this.#index = index;
    this.#numbering = numbering;
    this.#calls = new CallReader(index, numbering, context);
  }

  /** A choice of a chunk, or of a whole answer. */
  read(choice: JsonObject, emit: Emit<IrEvent>): void {
    if (this.hasFinished) return;
    const delta = objectOf(choice["delta"]) ?? objectOf(choice["message"]);
    if (delta !== undefined) this.#delta(delta, readLogprobs(choice["logprobs"]), emit);
    const reason = textOf(choice["finish_reason"]);
    if (reason !== undefined && reason !== "") this.finish(reason, emit);
  }

  /** `word`: undefined where the server ended without one. */
  finish(word: string | undefined, emit: Emit<IrEvent>): void {
    if (this.hasFinished) return;
    this.hasFinished = true;
    this.#close(emit);
    this.#calls.end(emit);
    emit({
      type: "finish",
      choice: this.#index,
      reason: readFinishReason(word ?? "stop", this.#calls.hasAny),
      raw: word,
    });
  }

  #delta(delta: JsonObject, logprobs: readonly IrTokenChoice[] | undefined, emit: Emit<IrEvent>): void {
    this.#readReasoning(delta, emit);
    const { content, refusal } = delta;
    if (typeof content === "string") this.#text("text", content, logprobs, emit);
    else if (content !== undefined && content !== null) this.#contentParts(arrayOf(content) ?? [], emit);
    if (typeof refusal === "string") this.#text("refusal", refusal, undefined, emit);
    for (const [position, item] of (arrayOf(delta["tool_calls"]) ?? []).entries())
      this.#call(objectOf(item) ?? {}, position, emit);
    const legacy = objectOf(delta["function_call"]);
    if (legacy !== undefined) this.#call({ function: legacy }, 0, emit);
    this.#media(delta, emit);
  }

  #text(
    kind: "text" | "refusal",
    text: string,
    logprobs: readonly IrTokenChoice[] | undefined,
    emit: Emit<IrEvent>,
  ): void {
    if (text === "") return;
    const choice = this.#index;
    if (this.#open !== kind) {
      this.#openBlock(kind, emit);
      this.#textBlock = this.#block;
      emit({ type: "text-start", isRefusal: kind === "refusal", choice, block: this.#block });
    }
    emit({ type: "text-delta", text, logprobs, choice, block: this.#block });
  }

  /** Content as a list of parts, as some servers give it. */
  #contentParts(parts: readonly Json[], emit: Emit<IrEvent>): void {
    for (const part of parts.map(objectOf)) {
      if (part?.["type"] === "thinking") {
        const inner = arrayOf(part["thinking"])?.map((item) => textOf(objectOf(item)?.["text"]) ?? "");
        this.#reason(inner?.join("") ?? textOf(part["thinking"]) ?? "", undefined, emit);
      } else this.#text("text", textOf(part?.["text"]) ?? "", undefined, emit);
    }
  }

  /** `thinking_blocks` say more than `reasoning_content`, which then holds the same text. */
  #readReasoning(delta: JsonObject, emit: Emit<IrEvent>): void {
    const blocks = arrayOf(delta["thinking_blocks"]) ?? [];
    const content = delta["reasoning_content"] ?? delta["reasoning"];
    if (blocks.length === 0 && (content === undefined || content === null)) return;
    const hasText = blocks.some((block) => textOf(objectOf(block)?.["thinking"]));
    if (!hasText && typeof content === "string") this.#reason(content, undefined, emit);
    else if (!hasText) this.#reasoningObject(objectOf(content), emit);
    for (const block of blocks.map(objectOf)) {
      const data = textOf(block?.["data"]);
      if (block?.["type"] === "redacted_thinking" && data !== undefined) this.#redacted(data, emit);
      else this.#reason(this.#unread(textOf(block?.["thinking"]) ?? ""), textOf(block?.["signature"]), emit);
    }
  }

  /** Forms of old gateways: `{text, signature}` in deltas, `{reasoningContent: {reasoningText}}` in messages. */
  #reasoningObject(object: JsonObject | undefined, emit: Emit<IrEvent>): void {
    const outer = objectOf(object?.["reasoningContent"]) ?? object;
    const text = objectOf(outer?.["reasoningText"]) ?? outer;
    const redacted = textOf(outer?.["redactedContent"]);
    if (redacted !== undefined) this.#redacted(redacted, emit);
    else this.#reason(textOf(text?.["text"]) ?? "", textOf(text?.["signature"]), emit);
  }

  /** A closing entry repeats the text of its block; it is not read twice. */
  #unread(text: string): string {
    return text !== "" && text === this.#reasoning ? "" : text;
  }

  #reason(text: string, signature: string | undefined, emit: Emit<IrEvent>): void {
    const hasSignature = signature !== undefined && signature !== "";
    if (text === "" && !hasSignature) return;
    const choice = this.#index;
    if (this.#open !== "reasoning") {
      this.#openBlock("reasoning", emit);
      emit({ type: "reasoning-start", isSummary: false, choice, block: this.#block });
    }
    if (text !== "") {
      this.#reasoning += text;
      emit({ type: "reasoning-delta", text, choice, block: this.#block });
    }
    if (!hasSignature) return;
    this.#signature = { value: signature, form: "text" };
    this.#close(emit);
  }

  #redacted(data: string, emit: Emit<IrEvent>): void {
    this.#close(emit);
    emit({
      type: "redacted",
      data: { value: data, form: "text" },
      choice: this.#index,
      block: this.#numbering.next++,
    });
  }

  #openBlock(kind: "text" | "refusal" | "reasoning", emit: Emit<IrEvent>): void {
    this.#close(emit);
    this.#open = kind;
    this.#block = this.#numbering.next++;
  }

  #close(emit: Emit<IrEvent>): void {
    const kind = this.#open;
    if (kind === undefined) return;
    this.#open = undefined;
    const [choice, block] = [this.#index, this.#block];
    if (kind !== "reasoning") {
      emit({ type: "text-end", choice, block });
      return;
    }
    emit({ type: "reasoning-end", signature: this.#signature, choice, block });
    this.#signature = undefined;
    this.#reasoning = "";
  }

  #call(piece: JsonObject, position: number, emit: Emit<IrEvent>): void {
    this.#close(emit);
    this.#calls.read(piece, position, emit);
  }

  #media(delta: JsonObject, emit: Emit<IrEvent>): void {
    const audio = objectOf(delta["audio"]);
    if (audio !== undefined) this.#audio(audio, emit);
    for (const image of arrayOf(delta["images"]) ?? [])
      this.#image(textOf(objectOf(objectOf(image)?.["image_url"])?.["url"]), emit);
    for (const annotation of arrayOf(delta["annotations"]) ?? [])
      this.#cite(objectOf(annotation) ?? {}, emit);
  }

  #audio(audio: JsonObject, emit: Emit<IrEvent>): void {
    const data = textOf(audio["data"]) ?? "";
    const transcript = textOf(audio["transcript"]) ?? "";
    if (data === "" && transcript === "") return;
    this.#close(emit);
    if (this.#audioBlock === -1) this.#audioBlock = this.#numbering.next++;
    emit({ type: "audio-delta", data, transcript, choice: this.#index, block: this.#audioBlock });
  }

  #image(url: string | undefined, emit: Emit<IrEvent>): void {
    const read = url === undefined ? undefined : readUrl(url);
    if (read === undefined) return;
    this.#close(emit);
    const media = { type: "media", kind: "image", ...read } as const;
    emit({ type: "media", media, choice: this.#index, block: this.#numbering.next++ });
  }

  #cite(annotation: JsonObject, emit: Emit<IrEvent>): void {
    const cited = objectOf(annotation["url_citation"]);
    if (cited === undefined || this.#textBlock === -1) return;
    const citation = {
      url: textOf(cited["url"]),
      title: textOf(cited["title"]),
      startIndex: numberOf(cited["start_index"]),
      endIndex: numberOf(cited["end_index"]),
      extras: { openai: annotation },
    };
    emit({ type: "citation", citation, choice: this.#index, block: this.#textBlock });
  }
}
