import type { IrEvent } from "../ir/events.ts";
import type { IrRequest } from "../ir/request.ts";
import { ToolNames } from "../ir/tool-names.ts";
import type { Emit, Stage } from "../stage.ts";
import { functionNames } from "./writing.ts";

/** What undoes in the answer what `writeRequest` changed in the request. */
export function repairs(request: IrRequest): Stage<IrEvent, IrEvent>[] {
  const stages = new ToolNames(request, functionNames).repairs();
  if (request.guided?.choice !== undefined) stages.push(new EdgeTrimmer(blanks));
  else if (request.guided?.regex) stages.push(new EdgeTrimmer(quotes));
  return stages;
}

/** What to take off the ends of an answer, in characters. */
interface Edges {
  headLength(text: string): number;
  tailLength(text: string): number;
  /** Any number of pieces may come off an end, not just one character. */
  readonly isRepeated: boolean;
}

/** A choice among words comes with blanks around it. */
const blanks: Edges = {
  headLength: (text) => text.length - text.trimStart().length,
  tailLength: (text) => text.length - text.trimEnd().length,
  isRepeated: true,
};
/** A pattern is asked for as a JSON string, so the text comes in quotes. */
const quotes: Edges = {
  headLength: (text) => (text.startsWith('"') ? 1 : 0),
  tailLength: (text) => (text.endsWith('"') ? 1 : 0),
  isRepeated: false,
};

/** Takes something off the two ends of each choice's text, whatever its pieces; holds back only what may be the end. */
class EdgeTrimmer implements Stage<IrEvent, IrEvent> {
  readonly #edges: Edges;
  /** By choice: whether the head is over, and what is held back. */
  readonly #choices = new Map<number, { isInside: boolean; held: string }>();

  constructor(edges: Edges) {
    this.#edges = edges;
  }

  push(event: IrEvent, emit: Emit<IrEvent>): void {
    if (event.type !== "text-delta") {
      emit(event);
      return;
    }
    const text = this.#trim(event.choice, event.text);
    if (text !== "" || event.logprobs !== undefined) emit({ ...event, text });
  }

  end(): void {}

  #trim(choice: number, piece: string): string {
    const { headLength, tailLength, isRepeated } = this.#edges;
    const state = this.#choices.get(choice) ?? { isInside: false, held: "" };
    this.#choices.set(choice, state);
    let text = piece;
    if (!state.isInside && text !== "") {
      text = text.slice(headLength(text));
      state.isInside = text !== "" || !isRepeated;
    }
    if (text === "") return "";
    const tail = tailLength(text);
    if (isRepeated && tail === text.length) {
      state.held += text;
      return "";
    }
    const passed = state.held + text.slice(0, text.length - tail);
    state.held = text.slice(text.length - tail);
    return passed;
  }
}
