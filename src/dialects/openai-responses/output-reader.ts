import type { IrEvent, IrTokenChoice } from "../ir/events.ts";
import type { IrSeal, Json, JsonObject } from "../ir/values.ts";
import type { Emit } from "../stage.ts";
import { arrayOf, numberOf, objectOf, textOf } from "../wire/exact-json.ts";

/** Shared by the items of a response: blocks are numbered over all of them. */
export interface Numbering {
  next: number;
  hasCalls: boolean;
}

interface Block {
  readonly kind: "text" | "reasoning" | "tool";
  readonly block: number;
  hasText: boolean;
  isOpen: boolean;
}

/** Reads one item of an output: from its events as they come, and from the item itself when it is done. */
export class OutputReader {
  readonly #numbering: Numbering;
  /** A message has a block for each part of its content; other items have one. */
  readonly #blocks: Block[] = [];
  #isDone = false;

  constructor(numbering: Numbering) {
    this.#numbering = numbering;
  }

  event(type: string, event: JsonObject, emit: Emit<IrEvent>): void {
    if (this.#isDone) return;
    const delta = textOf(event["delta"]) ?? "";
    const part = numberOf(event["content_index"]) ?? 0;
    switch (type) {
      case "response.output_text.delta":
        this.#text(part, false, delta, event["logprobs"], emit);
        break;
      case "response.refusal.delta":
        this.#text(part, true, delta, undefined, emit);
        break;
      case "response.function_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        this.#input(delta, emit);
        break;
      case "response.reasoning_summary_text.delta":
        this.#reason(delta, true, emit);
        break;
      case "response.reasoning_text.delta":
        this.#reason(delta, false, emit);
        break;
      case "response.reasoning_summary_part.added":
        if (this.#blocks[0]?.hasText === true) this.#reason("\n\n", true, emit);
        break;
      case "response.output_text.annotation.added":
        this.#cite(part, objectOf(event["annotation"]) ?? {}, emit);
        break;
      case "response.content_part.done":
        this.#partDone(part, objectOf(event["part"]) ?? {}, emit);
        break;
      case "response.output_item.added":
        this.#added(objectOf(event["item"]) ?? {}, emit);
        break;
      case "response.output_item.done":
        this.done(objectOf(event["item"]) ?? {}, emit);
        break;
      default: // Kinds of events may be added at any time, and those that sum up say nothing new.
    }
  }

  /** The item is complete. What no delta told is told now. */
  done(item: JsonObject, emit: Emit<IrEvent>): void {
    if (this.#isDone) return;
    switch (item["type"]) {
      case "message":
        for (const [index, part] of (arrayOf(item["content"]) ?? []).entries())
          this.#partDone(index, objectOf(part) ?? {}, emit);
        break;
      case "function_call":
      case "custom_tool_call":
        this.#added(item, emit);
        if (this.#blocks[0]?.hasText === false)
          this.#input(textOf(item["arguments"]) ?? textOf(item["input"]) ?? "", emit);
        break;
      case "reasoning":
        this.#reasoningDone(item, emit);
        break;
      default:
        this.#opaque(item, emit);
    }
    for (const block of this.#blocks) if (block?.isOpen === true) this.#close(block, undefined, emit);
    this.#isDone = true;
  }

  #added(item: JsonObject, emit: Emit<IrEvent>): void {
    const type = textOf(item["type"]);
    if ((type !== "function_call" && type !== "custom_tool_call") || this.#blocks[0] !== undefined) return;
    const { block } = this.#open(0, "tool");
    this.#numbering.hasCalls = true;
    const kind = type === "function_call" ? "function" : "custom";
    const id = textOf(item["call_id"]) ?? textOf(item["id"]) ?? "";
    const name = textOf(item["name"]) ?? "";
    emit({ type: "tool-start", id, name, kind, itemId: textOf(item["id"]), choice: 0, block });
  }

  #input(text: string, emit: Emit<IrEvent>): void {
    const open = this.#blocks[0];
    if (open?.kind !== "tool" || text === "") return;
    open.hasText = true;
    emit({ type: "tool-delta", text, choice: 0, block: open.block });
  }

  #text(part: number, isRefusal: boolean, text: string, tokens: Json | undefined, emit: Emit<IrEvent>): void {
    if (text === "") return;
    let open = this.#blocks[part];
    if (open === undefined) {
      open = this.#open(part, "text");
      emit({ type: "text-start", isRefusal, choice: 0, block: open.block });
    }
    if (!open.isOpen) return;
    open.hasText = true;
    emit({ type: "text-delta", text, logprobs: readTokens(tokens), choice: 0, block: open.block });
  }

  #partDone(part: number, content: JsonObject, emit: Emit<IrEvent>): void {
    const isRefusal = content["type"] === "refusal";
    if (this.#blocks[part] === undefined) {
      const text = textOf(isRefusal ? content["refusal"] : content["text"]) ?? "";
      this.#text(part, isRefusal, text, content["logprobs"], emit);
      for (const annotation of arrayOf(content["annotations"]) ?? [])
        this.#cite(part, objectOf(annotation) ?? {}, emit);
    }
    const block = this.#blocks[part];
    if (block?.isOpen === true) this.#close(block, undefined, emit);
  }

  #cite(part: number, annotation: JsonObject, emit: Emit<IrEvent>): void {
    const block = this.#blocks[part]?.block;
    if (block === undefined || annotation["type"] !== "url_citation") return;
    const citation = {
      url: textOf(annotation["url"]),
      title: textOf(annotation["title"]),
      startIndex: numberOf(annotation["start_index"]),
      endIndex: numberOf(annotation["end_index"]),
      extras: { openai: annotation },
    };
    emit({ type: "citation", citation, choice: 0, block });
  }

  #reason(text: string, isSummary: boolean, emit: Emit<IrEvent>): void {
    if (text === "") return;
    const open = this.#blocks[0] ?? this.#startReasoning(isSummary, emit);
    open.hasText = true;
    emit({ type: "reasoning-delta", text, choice: 0, block: open.block });
  }

  #startReasoning(isSummary: boolean, emit: Emit<IrEvent>): Block {
    const open = this.#open(0, "reasoning");
    emit({ type: "reasoning-start", isSummary, choice: 0, block: open.block });
    return open;
  }

  #reasoningDone(item: JsonObject, emit: Emit<IrEvent>): void {
    const summary = textsOf(item["summary"]);
    const text = summary === "" ? textsOf(item["content"]) : summary;
    if (this.#blocks[0] === undefined) this.#reason(text, summary !== "", emit);
    const value = textOf(item["encrypted_content"]) ?? "";
    if (value === "") return;
    const open = this.#blocks[0] ?? this.#startReasoning(true, emit);
    this.#close(open, { value, form: "text", family: "openai", itemId: textOf(item["id"]) }, emit);
  }

  #opaque(item: JsonObject, emit: Emit<IrEvent>): void {
    const name = textOf(item["type"]);
    if (name === undefined) return;
    const part = { type: "opaque", family: "openai", name, block: item } as const;
    emit({ type: "opaque", part, choice: 0, block: this.#numbering.next++ });
  }

  #open(part: number, kind: Block["kind"]): Block {
    const block = { kind, block: this.#numbering.next++, hasText: false, isOpen: true };
    this.#blocks[part] = block;
    return block;
  }

  #close(open: Block, signature: IrSeal | undefined, emit: Emit<IrEvent>): void {
    open.isOpen = false;
    const { block, kind } = open;
    if (kind === "text") emit({ type: "text-end", choice: 0, block });
    else if (kind === "tool") emit({ type: "tool-end", choice: 0, block });
    else emit({ type: "reasoning-end", signature, choice: 0, block });
  }
}

function textsOf(parts: Json | undefined): string {
  return (arrayOf(parts) ?? []).map((part) => textOf(objectOf(part)?.["text"]) ?? "").join("\n\n");
}

function readTokens(tokens: Json | undefined): readonly IrTokenChoice[] | undefined {
  const list = arrayOf(tokens);
  if (list === undefined || list.length === 0) return undefined;
  return list.map((item) => {
    const token = objectOf(item) ?? {};
    const top = (arrayOf(token["top_logprobs"]) ?? []).map((other) => readToken(objectOf(other) ?? {}));
    return { ...readToken(token), top };
  });
}

function readToken(token: JsonObject) {
  const bytes = arrayOf(token["bytes"])?.map((byte) => numberOf(byte) ?? 0);
  return { token: textOf(token["token"]) ?? "", logprob: numberOf(token["logprob"]) ?? 0, bytes };
}
