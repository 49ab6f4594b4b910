import type { IrEvent, IrTokenChoice } from "../ir/events.ts";
import type { IrMedia } from "../ir/parts.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import type { Emit } from "../stage.ts";
import { arrayOf, objectOf, textOf } from "../wire/exact-json.ts";
import { readCitations, type TextBlock } from "./citations.ts";
import { readFinishReason } from "./finish.ts";
import { readLogprobs } from "./logprobs.ts";
import { readMedia } from "./read-media.ts";
import { sealOf } from "./signatures.ts";

/** What the candidates of one answer share: the numbering of blocks, and ids for calls that have none. */
export interface Numbering {
  nextBlock(): number;
  newCallId(): string;
}

/** What Google says of a candidate beside its content, and the name under which it goes on with the finish. */
const remarks = [
  ["safetyRatings", "safety_ratings"],
  ["groundingMetadata", "grounding_metadata"],
  ["citationMetadata", "citation_metadata"],
  ["urlContextMetadata", "url_context_metadata"],
  ["finishMessage", "finish_message"],
] as const;

/** Blocks that come in pieces. */
type Open = "nothing" | "text" | "thought" | "audio";

/**
 * Reads one candidate of an answer, over all events that tell of it, into the events of one choice.
 *
 * - Text, thoughts and audio come in pieces; a run of one kind is one block. A signature closes the block that it signs.
 * - Function calls and the rest come whole.
 * - Grounding comes last and cites earlier text, so citations are told just before the finish.
 */
export class CandidateReader {
  readonly #choice: number;
  readonly #numbering: Numbering;
  #open: Open = "nothing";
  #block = 0;
  #hasCall = false;
  #isFinished = false;
  readonly #texts: TextBlock[] = [];
  readonly #remarks: { [member: string]: Json } = {};

  constructor(choice: number, numbering: Numbering) {
    this.#choice = choice;
    this.#numbering = numbering;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  push(candidate: JsonObject, emit: Emit<IrEvent>): void {
    let logprobs = readLogprobs(candidate["logprobsResult"]);
    for (const item of arrayOf(objectOf(candidate["content"])?.["parts"]) ?? []) {
      const part = objectOf(item);
      if (part === undefined) continue;
      const text = textOf(part["text"]);
      if (text === undefined && this.#pushWhole(part, emit)) continue;
      if (part["thought"] === true) this.#pushThought(text ?? "", emit);
      else if (text) {
        this.#pushText(text, logprobs, emit);
        logprobs = undefined;
      }
      const signature = textOf(part["thoughtSignature"]);
      if (signature) this.#sign(signature, emit);
    }
    this.#remark(candidate);
    const word = textOf(candidate["finishReason"]);
    if (word) this.finish(word, emit);
  }

  /** A prompt that was blocked: a refusal instead of an answer. */
  refuse(reason: string, message: string, emit: Emit<IrEvent>): void {
    const at = { choice: this.#choice, block: this.#numbering.nextBlock() };
    emit({ type: "text-start", isRefusal: true, ...at });
    emit({ type: "text-delta", text: message, ...at });
    emit({ type: "text-end", ...at });
    this.#isFinished = true;
    emit({ type: "finish", choice: this.#choice, reason: "content-filter", raw: reason });
  }

  /**
   * Ends the choice; `word` is Google's. Some servers say STOP with every event: the first one counts, and what comes
   * after it still goes on, since to lose text would be worse.
   */
  finish(word: string | undefined, emit: Emit<IrEvent>): void {
    this.#close(undefined, emit);
    if (this.#isFinished) return;
    this.#isFinished = true;
    const choice = this.#choice;
    const grounding = objectOf(this.#remarks["grounding_metadata"]);
    if (grounding !== undefined) {
      for (const placed of readCitations(grounding, this.#texts))
        emit({ type: "citation", choice, ...placed });
    }
    const reason = readFinishReason(word, this.#hasCall);
    const extras = Object.keys(this.#remarks).length === 0 ? undefined : { google: this.#remarks };
    emit({ type: "finish", choice, reason, raw: word, extras });
  }

  #pushText(text: string, logprobs: readonly IrTokenChoice[] | undefined, emit: Emit<IrEvent>): void {
    if (this.#open !== "text") this.#startText(emit);
    this.#texts.at(-1)!.text += text;
    emit({ type: "text-delta", text, logprobs, choice: this.#choice, block: this.#block });
  }

  #startText(emit: Emit<IrEvent>): void {
    const block = this.#start("text", emit);
    this.#texts.push({ block, text: "" });
    emit({ type: "text-start", isRefusal: false, choice: this.#choice, block });
  }

  /** What Gemini shows of its thoughts is a summary. */
  #pushThought(text: string, emit: Emit<IrEvent>): void {
    if (text === "") return;
    const choice = this.#choice;
    if (this.#open !== "thought") {
      emit({ type: "reasoning-start", isSummary: true, choice, block: this.#start("thought", emit) });
    }
    emit({ type: "reasoning-delta", text, choice, block: this.#block });
  }

  #start(kind: Open, emit: Emit<IrEvent>): number {
    this.#close(undefined, emit);
    this.#open = kind;
    this.#block = this.#numbering.nextBlock();
    return this.#block;
  }

  /** A signature may come with what it signs, or alone after it; where nothing is open, it gets an empty text. */
  #sign(signature: string, emit: Emit<IrEvent>): void {
    if (this.#open !== "text" && this.#open !== "thought") this.#startText(emit);
    this.#close(signature, emit);
  }

  #close(signature: string | undefined, emit: Emit<IrEvent>): void {
    const open = this.#open;
    this.#open = "nothing";
    if (open !== "text" && open !== "thought") return;
    const type = open === "text" ? "text-end" : "reasoning-end";
    const at = { choice: this.#choice, block: this.#block };
    emit(signature === undefined ? { type, ...at } : { type, signature: sealOf(signature), ...at });
  }

  /** Parts that come whole, and are signed themselves. False for a part that is nothing but a signature. */
  #pushWhole(part: JsonObject, emit: Emit<IrEvent>): boolean {
    const kind = Object.keys(part).find((member) => member !== "thought" && member !== "thoughtSignature");
    if (kind === undefined) return false;
    const call = objectOf(part["functionCall"]);
    const media = readMedia(part);
    if (call !== undefined) this.#pushCall(call, textOf(part["thoughtSignature"]), emit);
    else if (media !== undefined) this.#pushMedia(media, emit);
    else {
      const block = this.#start("nothing", emit);
      const opaque = { type: "opaque", family: "google", name: kind, block: part } as const;
      emit({ type: "opaque", part: opaque, choice: this.#choice, block });
    }
    return true;
  }

  #pushCall(call: JsonObject, signature: string | undefined, emit: Emit<IrEvent>): void {
    this.#hasCall = true;
    const at = { choice: this.#choice, block: this.#start("nothing", emit) };
    const id = textOf(call["id"]) || this.#numbering.newCallId();
    const name = textOf(call["name"]) ?? "";
    const seal = signature ? { signature: sealOf(signature) } : {};
    emit({ type: "tool-start", id, name, kind: "function", ...seal, ...at });
    emit({ type: "tool-delta", text: JSON.stringify(call["args"] ?? {}), ...at });
    emit({ type: "tool-end", ...at });
  }

  /** Speech is streamed: pieces of one recording. */
  #pushMedia(media: IrMedia, emit: Emit<IrEvent>): void {
    const choice = this.#choice;
    if (media.kind !== "audio" || media.source.type !== "base64") {
      emit({ type: "media", media, choice, block: this.#start("nothing", emit) });
      return;
    }
    if (this.#open !== "audio") this.#start("audio", emit);
    emit({ type: "audio-delta", data: media.source.data, transcript: "", choice, block: this.#block });
  }

  #remark(candidate: JsonObject): void {
    for (const [member, name] of remarks) {
      const remark = candidate[member];
      if (remark !== undefined && !(Array.isArray(remark) && remark.length === 0))
        this.#remarks[name] = remark;
    }
  }
}
