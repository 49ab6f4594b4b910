import type { IrEvent } from "../ir/events.ts";
import type { IrCitation, IrSeal, JsonObject } from "../ir/values.ts";
import type { Emit } from "../stage.ts";
import { arrayOf, objectOf, textOf } from "../wire/exact-json.ts";
import { PlainDelta } from "../wire/plain-delta.ts";

/** A block that is open: Anthropic numbers them itself, but numbers may have gaps. */
interface OpenBlock {
  readonly kind: "text" | "reasoning" | "tool";
  readonly block: number;
  signature: IrSeal | undefined;
  /** A call whose input has begun. */
  hasInput: boolean;
}

type TextKind = "text" | "reasoning";

/** How deltas of text are written: their type, and the member that holds the text. */
const textForms = { text: ["text_delta", "text"], reasoning: ["thinking_delta", "thinking"] } as const;

/** Reads the content blocks of a message. What a server leaves out (a start, an input) is made up, so that order holds. */
export class BlockReader {
  readonly #open = new Map<number, OpenBlock>();
  #next = 0;
  /** Deltas like the last one that was a text. */
  #plain: PlainDelta | undefined;
  #plainIndex = -1;
  #plainKind: TextKind = "text";

  /** Reads the event if it is one more piece of the same text and can be read without parsing. */
  plainDelta(json: string, emit: Emit<IrEvent>): boolean {
    const text = this.#plain?.textIn(json);
    if (text !== undefined) this.#text(this.#plainIndex, this.#plainKind, text, emit);
    return text !== undefined;
  }

  start(index: number, block: JsonObject, emit: Emit<IrEvent>): void {
    this.stop(index, emit);
    switch (block["type"]) {
      case "text":
        this.#openAs(index, "text", emit);
        this.delta(index, { type: "text_delta", text: block["text"] ?? "" }, emit);
        for (const citation of arrayOf(block["citations"]) ?? [])
          this.delta(index, { type: "citations_delta", citation }, emit);
        break;
      case "thinking":
        this.#openAs(index, "reasoning", emit);
        this.delta(index, { type: "thinking_delta", thinking: block["thinking"] ?? "" }, emit);
        this.delta(index, { type: "signature_delta", signature: block["signature"] ?? "" }, emit);
        break;
      case "tool_use":
        this.#startTool(index, block, emit);
        break;
      case "redacted_thinking":
        emit({ type: "redacted", data: seal(textOf(block["data"]) ?? ""), choice: 0, block: this.#next++ });
        break;
      default: {
        const name = textOf(block["type"]) ?? "unknown";
        const part = { type: "opaque", family: "anthropic", name, block } as const;
        emit({ type: "opaque", part, choice: 0, block: this.#next++ });
      }
    }
  }

  #openAs(index: number, kind: TextKind, emit: Emit<IrEvent>): OpenBlock {
    const open: OpenBlock = { kind, block: this.#next++, signature: undefined, hasInput: false };
    this.#open.set(index, open);
    const { block } = open;
    if (kind === "text") emit({ type: "text-start", isRefusal: false, choice: 0, block });
    else emit({ type: "reasoning-start", isSummary: false, choice: 0, block });
    return open;
  }

  /** A whole answer has its input here; a stream sends it in deltas, behind an empty object. */
  #startTool(index: number, tool: JsonObject, emit: Emit<IrEvent>): void {
    const block = this.#next++;
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

  delta(index: number, delta: JsonObject, emit: Emit<IrEvent>): void {
    switch (delta["type"]) {
      case "text_delta":
        this.#text(index, "text", textOf(delta["text"]) ?? "", emit);
        break;
      case "input_json_delta": {
        const open = this.#open.get(index);
        if (open?.kind === "tool") this.#input(open, textOf(delta["partial_json"]) ?? "", emit);
        break;
      }
      case "thinking_delta":
        this.#text(index, "reasoning", textOf(delta["thinking"]) ?? "", emit);
        break;
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

  #text(index: number, kind: TextKind, text: string, emit: Emit<IrEvent>): void {
    if (this.#plainIndex !== index || this.#plainKind !== kind) this.#learn(index, kind);
    const { block } = this.#blockOf(index, kind, emit);
    if (text === "") return;
    if (kind === "text") emit({ type: "text-delta", text, logprobs: undefined, choice: 0, block });
    else emit({ type: "reasoning-delta", text, choice: 0, block });
  }

  #learn(index: number, kind: TextKind): void {
    const [type, member] = textForms[kind];
    const head = `{"type":"content_block_delta","index":${index},"delta":{"type":"${type}","${member}":"`;
    this.#plain = new PlainDelta(head, " *} *}");
    this.#plainIndex = index;
    this.#plainKind = kind;
  }

  /** Some servers leave starts out; a block's first delta says what it is. */
  #blockOf(index: number, kind: TextKind, emit: Emit<IrEvent>): OpenBlock {
    const open = this.#open.get(index);
    if (open?.kind === kind) return open;
    this.stop(index, emit);
    return this.#openAs(index, kind, emit);
  }

  stop(index: number, emit: Emit<IrEvent>): void {
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

  stopAll(emit: Emit<IrEvent>): void {
    for (const index of this.#open.keys()) this.stop(index, emit);
  }
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
