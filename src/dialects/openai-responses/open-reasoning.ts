import type { JsonObject } from "../ir/values.ts";
import { reasoningItem, summaryPart } from "./items.ts";
import { OpenItem } from "./open-item.ts";

/** Reasoning, shown as a summary of one part. Without text it has none, and only gives back what is encrypted. */
export class OpenReasoning extends OpenItem {
  encrypted: string | undefined;
  #head = "";
  #text = "";

  delta(text: string): string {
    const started = this.#text === "" ? this.#startSummary() : "";
    this.#text += text;
    return started + this.log.delta(this.#head, text);
  }

  protected override write(): JsonObject {
    return reasoningItem(this.id, this.#text, this.encrypted);
  }

  protected override endContent(): string {
    if (this.#text === "") return "";
    const text = this.#text;
    return (
      this.log.write("response.reasoning_summary_text.done", { ...this.#place(), text }) +
      this.log.write("response.reasoning_summary_part.done", { ...this.#place(), part: summaryPart(text) })
    );
  }

  #startSummary(): string {
    this.#head = this.log.headOf("response.reasoning_summary_text.delta", this.#place());
    return this.log.write("response.reasoning_summary_part.added", {
      ...this.#place(),
      part: summaryPart(""),
    });
  }

  #place(): JsonObject {
    return { item_id: this.id, output_index: this.index, summary_index: 0 };
  }
}
