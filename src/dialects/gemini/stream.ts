import type { AnswerContext, WireEvent } from "../dialect.ts";
import type { IrEvent } from "../ir/events.ts";
import type { JsonObject } from "../ir/values.ts";
import type { Emit, Stage } from "../stage.ts";
import { arrayOf, objectOf, parseExact } from "../wire/exact-json.ts";
import { AnswerReader } from "./answer.ts";

/** Reads a stream of Gemini: every event holds an answer of the same shape as a whole one, with what is new. */
export class GeminiStreamReader implements Stage<WireEvent, IrEvent> {
  readonly #answer: AnswerReader;

  constructor(context: AnswerContext) {
    this.#answer = new AnswerReader(context);
  }

  push(event: WireEvent, emit: Emit<IrEvent>): void {
    if (this.#answer.isOver) return;
    if (event.data === "") emit({ type: "keep-alive" });
    else eachBody(event.data, (body) => this.#answer.push(body, emit));
  }

  end(emit: Emit<IrEvent>, isCut: boolean): void {
    this.#answer.end(emit, { isCut, isWhole: false });
  }
}

/** Reads a whole answer; also a stream that was not asked for as events, which is a list. Throws `SyntaxError`. */
export function readResponse(text: string, context: AnswerContext, emit: Emit<IrEvent>): void {
  const answer = new AnswerReader(context);
  eachBody(text, (body) => answer.push(body, emit));
  answer.end(emit, { isCut: false, isWhole: true });
}

/** Hands over each body in a text: one, or a list of them. */
function eachBody(text: string, visit: (body: JsonObject) => void): void {
  // Numbers must survive only where they are arguments.
  const parsed: unknown = text.includes('"functionCall"') ? parseExact(text) : JSON.parse(text);
  const list = arrayOf(parsed);
  if (list === undefined) visit(bodyOf(parsed));
  else for (const item of list) visit(bodyOf(item));
}

function bodyOf(value: unknown): JsonObject {
  const body = objectOf(value);
  if (body === undefined) throw new SyntaxError("an answer of Gemini is an object");
  return body;
}
