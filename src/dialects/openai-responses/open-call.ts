import type { JsonObject } from "../ir/values.ts";
import { type ClientTool, unwrapFreeForm } from "./client-tools.ts";
import type { EventLog } from "./event-log.ts";
import { callItem, type ItemStatus } from "./items.ts";
import { OpenItem } from "./open-item.ts";

/** A call of a tool, whose input grows. The text for a free-form tool is told at its end, when it can be unwrapped. */
export class OpenCall extends OpenItem {
  readonly #callId: string;
  readonly #tool: ClientTool;
  readonly #head: string;
  #input = "";

  constructor(index: number, id: string, log: EventLog, callId: string, tool: ClientTool) {
    super(index, id, log);
    this.#callId = callId;
    this.#tool = tool;
    this.#head = log.headOf(`${this.#event}.delta`, this.#place());
  }

  delta(text: string): string {
    this.#input += text;
    return this.#tool.isFreeForm ? "" : this.log.delta(this.#head, text);
  }

  protected override write(status: ItemStatus): JsonObject {
    return callItem(this.id, this.#callId, this.#tool, this.#said(), status);
  }

  protected override endContent(): string {
    const said = this.#said();
    if (!this.#tool.isFreeForm) {
      const { name } = this.#tool;
      return this.log.write(`${this.#event}.done`, { ...this.#place(), name, arguments: said });
    }
    const delta = said === "" ? "" : this.log.delta(this.#head, said);
    return delta + this.log.write(`${this.#event}.done`, { ...this.#place(), input: said });
  }

  get #event(): string {
    return this.#tool.isFreeForm ? "response.custom_tool_call_input" : "response.function_call_arguments";
  }

  #said(): string {
    return this.#tool.isFreeForm ? unwrapFreeForm(this.#input) : this.#input;
  }

  #place(): JsonObject {
    return { item_id: this.id, output_index: this.index };
  }
}
