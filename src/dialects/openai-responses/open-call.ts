import type { IrToolCall } from "../ir/parts.ts";
import type { JsonObject } from "../ir/values.ts";
import type { EventLog } from "./event-log.ts";
import { callItem, type ItemStatus } from "./items.ts";
import { OpenItem } from "./open-item.ts";

type Call = Pick<IrToolCall, "id" | "name" | "kind">;

/** A call of a tool, whose input grows. */
export class OpenCall extends OpenItem {
  readonly #call: Call;
  readonly #head: string;
  #input = "";

  constructor(index: number, id: string, log: EventLog, call: Call) {
    super(index, id, log);
    this.#call = call;
    this.#head = log.headOf(`${eventOf[call.kind]}.delta`, this.#place());
  }

  delta(text: string): string {
    this.#input += text;
    return this.log.delta(this.#head, text, "");
  }

  protected override write(status: ItemStatus): JsonObject {
    return callItem(this.id, this.#call, this.#input, status);
  }

  protected override endContent(): string {
    const { kind, name } = this.#call;
    const said = kind === "custom" ? { input: this.#input } : { name, arguments: this.#input };
    return this.log.write(`${eventOf[kind]}.done`, { ...this.#place(), ...said });
  }

  #place(): JsonObject {
    return { item_id: this.id, output_index: this.index };
  }
}

const eventOf = {
  function: "response.function_call_arguments",
  custom: "response.custom_tool_call_input",
} as const;
