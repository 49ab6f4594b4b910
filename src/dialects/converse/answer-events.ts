import type { AnswerContext } from "../dialect.ts";
import type { IrEvent, IrFinishReason } from "../ir/events.ts";
import type { IrMedia, IrOpaque } from "../ir/parts.ts";
import type { Family, IrCitation, IrSeal } from "../ir/values.ts";
import type { Emit } from "../stage.ts";
import { readBedrockModel } from "./bedrock-model.ts";

/** A block that is open. `index` is Converse's number, `block` ours; a `hidden` one has been told of and has no deltas. */
interface OpenBlock {
  readonly kind: "text" | "reasoning" | "tool" | "hidden";
  readonly index: number;
  readonly block: number;
  /** Characters of text or arguments so far. */
  length: number;
  signature: string | undefined;
}

const finishReasons: { readonly [stopReason: string]: IrFinishReason } = {
  end_turn: "stop",
  stop_sequence: "stop-sequence",
  max_tokens: "length",
  model_context_window_exceeded: "context-window",
  tool_use: "tool-calls",
  content_filtered: "content-filter",
  guardrail_intervened: "content-filter",
  malformed_model_output: "malformed",
  malformed_tool_use: "malformed",
};

/**
 * Makes the events of one answer out of what Converse says, whole or piece by piece.
 *
 * Converse numbers its blocks, announces only some of them, and may go from one kind to another within a number. So a
 * block opens with the first that is said of it, and a change of kind closes it and opens the next.
 */
export class AnswerEvents {
  readonly #id: string | undefined;
  readonly #sealFamily: Family | undefined;
  readonly #open = new Map<number, OpenBlock>();
  /** The block that was spoken of last, so that the next delta of it needs no search. */
  #last: OpenBlock | undefined;
  #blocks = 0;
  #hasStarted = false;
  #hasCalls = false;

  constructor({ answerHeaders, requestModel }: AnswerContext) {
    this.#id = answerHeaders.get("x-amzn-requestid") ?? undefined;
    this.#sealFamily = readBedrockModel(requestModel).sealFamily;
  }

  /** Converse names neither the answer nor the model. */
  start(emit: Emit<IrEvent>, serviceTier?: string): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    emit({ type: "message-start", id: this.#id, serviceTier });
  }

  text(index: number, text: string, emit: Emit<IrEvent>): void {
    if (text === "") return;
    const open = this.#openOf(index, "text", emit);
    open.length += text.length;
    emit({ type: "text-delta", text, choice: 0, block: open.block });
  }

  reasoning(index: number, text: string, emit: Emit<IrEvent>): void {
    if (text === "") return;
    const open = this.#openOf(index, "reasoning", emit);
    emit({ type: "reasoning-delta", text, choice: 0, block: open.block });
  }

  signature(index: number, signature: string, emit: Emit<IrEvent>): void {
    if (signature === "") return;
    const open = this.#openOf(index, "reasoning", emit);
    open.signature = (open.signature ?? "") + signature;
  }

  redacted(index: number, data: string, emit: Emit<IrEvent>): void {
    const block = this.#openHidden(index, emit);
    emit({ type: "redacted", data: this.#seal(data, "base64"), choice: 0, block });
  }

  tool(index: number, id: string, name: string, emit: Emit<IrEvent>): void {
    this.#hasCalls = true;
    const { block } = this.#begin(index, "tool", emit);
    emit({ type: "tool-start", id, name, kind: "function", choice: 0, block });
  }

  /** Arguments of an announced tool; of any other block they mean nothing. */
  input(index: number, text: string, emit: Emit<IrEvent>): void {
    const open = this.#open.get(index);
    if (open?.kind !== "tool" || text === "") return;
    open.length += text.length;
    emit({ type: "tool-delta", text, choice: 0, block: open.block });
  }

  /** What a citation supports is the text of its block so far. */
  citation(index: number, read: (endIndex: number) => IrCitation, emit: Emit<IrEvent>): void {
    const open = this.#openOf(index, "text", emit);
    emit({ type: "citation", citation: read(open.length), choice: 0, block: open.block });
  }

  media(index: number, media: IrMedia, emit: Emit<IrEvent>): void {
    const block = this.#openHidden(index, emit);
    emit({ type: "media", media, choice: 0, block });
  }

  /** A block that clients of other APIs cannot be shown; deltas of it are not told. */
  opaque(index: number, part: IrOpaque, emit: Emit<IrEvent>): void {
    const block = this.#openHidden(index, emit);
    emit({ type: "opaque", part, choice: 0, block });
  }

  stop(index: number, emit: Emit<IrEvent>): void {
    const open = this.#open.get(index);
    if (open !== undefined) this.#close(open, emit);
  }

  /** Some models say `end_turn` although they call tools. */
  finish(stopReason: string | undefined, stopSequence: string | undefined, emit: Emit<IrEvent>): void {
    this.start(emit);
    for (const open of [...this.#open.values()]) this.#close(open, emit);
    const reason = finishReasons[stopReason ?? ""] ?? "stop";
    const isCalling = reason === "stop" && this.#hasCalls;
    emit({
      type: "finish",
      choice: 0,
      reason: isCalling ? "tool-calls" : reason,
      raw: stopReason,
      stopSequence,
    });
  }

  #openOf(index: number, kind: "text" | "reasoning", emit: Emit<IrEvent>): OpenBlock {
    const last = this.#last;
    if (last !== undefined && last.index === index && last.kind === kind) return last;
    const open = this.#open.get(index);
    if (open?.kind === kind) {
      this.#last = open;
      return open;
    }
    const begun = this.#begin(index, kind, emit);
    if (kind === "text") emit({ type: "text-start", isRefusal: false, choice: 0, block: begun.block });
    else emit({ type: "reasoning-start", isSummary: false, choice: 0, block: begun.block });
    return begun;
  }

  #openHidden(index: number, emit: Emit<IrEvent>): number {
    return this.#begin(index, "hidden", emit).block;
  }

  #begin(index: number, kind: OpenBlock["kind"], emit: Emit<IrEvent>): OpenBlock {
    this.start(emit);
    this.stop(index, emit);
    const open = { kind, index, block: this.#blocks++, length: 0, signature: undefined };
    this.#open.set(index, open);
    this.#last = open;
    return open;
  }

  #close({ kind, index, block, length, signature }: OpenBlock, emit: Emit<IrEvent>): void {
    this.#open.delete(index);
    if (this.#last?.index === index) this.#last = undefined;
    if (kind === "text") emit({ type: "text-end", choice: 0, block });
    else if (kind === "reasoning") {
      const seal = signature === undefined ? undefined : this.#seal(signature, "text");
      emit({ type: "reasoning-end", signature: seal, choice: 0, block });
    } else if (kind === "tool") {
      // A tool without arguments is called with nothing at all, where clients expect JSON.
      if (length === 0) emit({ type: "tool-delta", text: "{}", choice: 0, block });
      emit({ type: "tool-end", choice: 0, block });
    }
  }

  #seal(value: string, form: IrSeal["form"]): IrSeal {
    return { value, form, family: this.#sealFamily };
  }
}
