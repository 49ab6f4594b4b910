import type { IrTokenChoice } from "../ir/events.ts";
import type { IrCitation, IrSeal, JsonObject } from "../ir/values.ts";
import { numberingBehind } from "./event-log.ts";
import {
  annotationOf,
  type ItemStatus,
  logprobsOf,
  messageItem,
  type RefusalContent,
  refusalContent,
  type TextContent,
  textContent,
} from "./items.ts";
import { OpenItem } from "./open-item.ts";

const withoutLogprobs = numberingBehind(',"logprobs":[]');

/** Texts in a row: a message with a part for each. A part stays open until the next one, since citations come late. */
export class OpenMessage extends OpenItem {
  /** The text block that is being written. */
  block = -1;
  /** Signatures of the texts, which follow the message. */
  readonly seals: IrSeal[] = [];
  readonly #content: (TextContent | RefusalContent)[] = [];
  /** By their block. */
  readonly #texts = new Map<number, TextContent>();
  #isPartOpen = false;
  /** A delta of the open part up to its text. */
  #head = "";
  #text = "";

  startPart(block: number, isRefusal: boolean): string {
    const ended = this.endContent();
    const part = isRefusal ? refusalContent() : textContent();
    this.block = block;
    this.#isPartOpen = true;
    this.#text = "";
    this.#content.push(part);
    if (part.type === "output_text") this.#texts.set(block, part);
    const place = this.#place();
    this.#head = this.log.headOf(isRefusal ? "response.refusal.delta" : "response.output_text.delta", place);
    return ended + this.log.write("response.content_part.added", { ...place, part });
  }

  delta(text: string, tokens: readonly IrTokenChoice[] | undefined): string {
    this.#text += text;
    const part = this.#content.at(-1);
    if (part?.type !== "output_text") return this.log.delta(this.#head, text);
    if (tokens === undefined || tokens.length === 0) return this.log.delta(this.#head, text, withoutLogprobs);
    const logprobs = logprobsOf(tokens);
    part.logprobs.push(...logprobs);
    return this.log.delta(this.#head, text, numberingBehind(`,"logprobs":${JSON.stringify(logprobs)}`));
  }

  /** A citation of a part that is closed shows in the last event only. */
  cite(block: number, citation: IrCitation): string {
    const part = this.#texts.get(block);
    const isOpen = this.#isPartOpen && block === this.block;
    const annotation = annotationOf(citation, isOpen ? this.#text.length : (part?.text.length ?? 0));
    if (part === undefined || annotation === undefined) return "";
    const annotation_index = part.annotations.push(annotation) - 1;
    const members = { ...this.#place(), annotation_index, annotation };
    return isOpen ? this.log.write("response.output_text.annotation.added", members) : "";
  }

  protected override write(status: ItemStatus): JsonObject {
    if (this.#isPartOpen) this.#fill();
    return messageItem(this.id, this.#content, status);
  }

  protected override endContent(): string {
    if (!this.#isPartOpen) return "";
    const part = this.#fill();
    this.#isPartOpen = false;
    const place = this.#place();
    const said =
      part.type === "refusal"
        ? this.log.write("response.refusal.done", { ...place, refusal: part.refusal })
        : this.log.write("response.output_text.done", { ...place, text: part.text, logprobs: part.logprobs });
    return said + this.log.write("response.content_part.done", { ...place, part });
  }

  #place(): JsonObject {
    return { item_id: this.id, output_index: this.index, content_index: this.#content.length - 1 };
  }

  /** The open part gets the text that it has so far. */
  #fill(): TextContent | RefusalContent {
    const part = this.#content.at(-1)!;
    if (part.type === "refusal") part.refusal = this.#text;
    else part.text = this.#text;
    return part;
  }
}
