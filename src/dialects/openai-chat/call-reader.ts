import type { AnswerContext } from "../dialect.ts";
import type { IrEvent } from "../ir/events.ts";
import type { JsonObject } from "../ir/values.ts";
import type { Emit } from "../stage.ts";
import { numberOf, objectOf, textOf } from "../wire/exact-json.ts";

/** Numbers of blocks run over all choices. */
export interface Numbering {
  next: number;
}

interface Call {
  /** -1 until the call has a name; what it gets until then waits. */
  block: number;
  id: string;
  name: string;
  waiting: string;
  readonly kind: "function" | "custom";
}

/** Reads the tool calls of one choice. They may interleave, end together with the choice, and wait until they have a name. */
export class CallReader {
  readonly #choice: number;
  readonly #numbering: Numbering;
  readonly #context: AnswerContext;
  readonly #calls: Call[] = [];
  /** The call of each index, which some servers use again for the next call. */
  readonly #callAt = new Map<number, Call>();

  constructor(choice: number, numbering: Numbering, context: AnswerContext) {
    this.#choice = choice;
    this.#numbering = numbering;
    this.#context = context;
  }

  get hasAny(): boolean {
    return this.#calls.length > 0;
  }

  /** `position`: in the list, for servers that do not number their calls. */
  read(piece: JsonObject, position: number, emit: Emit<IrEvent>): void {
    const custom = objectOf(piece["custom"]);
    const named = objectOf(piece["function"]) ?? custom ?? {};
    const id = textOf(piece["id"]) ?? "";
    const call = this.#callFor(
      numberOf(piece["index"]) ?? position,
      id,
      custom === undefined ? "function" : "custom",
    );
    if (call.id === "") call.id = id;
    if (call.block === -1) call.name = textOf(named["name"]) ?? "";
    const text = textOf(named["arguments"]) ?? textOf(named["input"]) ?? "";
    if (call.block !== -1) emit({ type: "tool-delta", text, choice: this.#choice, block: call.block });
    else if (call.name === "") call.waiting += text;
    else {
      call.waiting += text;
      this.#start(call, emit);
    }
  }

  /** Another id at an index is another call: some servers number all their calls 0. */
  #callFor(index: number, id: string, kind: Call["kind"]): Call {
    const known = this.#callAt.get(index);
    if (known !== undefined && (id === "" || known.id === "" || known.id === id)) return known;
    const call: Call = { block: -1, id, name: "", waiting: "", kind };
    this.#callAt.set(index, call);
    this.#calls.push(call);
    return call;
  }

  #start(call: Call, emit: Emit<IrEvent>): void {
    const choice = this.#choice;
    const block = this.#numbering.next++;
    call.block = block;
    call.id ||= this.#context.newId("call_");
    emit({ type: "tool-start", id: call.id, name: call.name, kind: call.kind, choice, block });
    if (call.waiting !== "") emit({ type: "tool-delta", text: call.waiting, choice, block });
  }

  end(emit: Emit<IrEvent>): void {
    for (const call of this.#calls) {
      if (call.block === -1) this.#start(call, emit);
      emit({ type: "tool-end", choice: this.#choice, block: call.block });
    }
  }
}
