import { ExchangeFailure } from "../../model/failure.ts";
import type { AnswerContext, WireEvent } from "../dialect.ts";
import { streamCut } from "../ir/error.ts";
import type { IrEvent } from "../ir/events.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import type { Emit, Stage } from "../stage.ts";
import { arrayOf, numberOf, objectOf, parseObject, textOf } from "../wire/exact-json.ts";
import type { Numbering } from "./call-reader.ts";
import { ChoiceReader } from "./choice-reader.ts";
import { readErrorObject } from "./errors.ts";
import { readUsage } from "./usage.ts";

/** Reads a whole completion as the one chunk that it could have been: its messages are deltas. */
export function readResponse(text: string, context: AnswerContext, emit: Emit<IrEvent>): void {
  const body = objectOf(JSON.parse(text));
  if (
    body === undefined ||
    (arrayOf(body["choices"]) === undefined && readErrorObject(body, undefined) === undefined)
  ) {
    throw new ExchangeFailure("bad_upstream_answer", "The upstream's answer is not a chat completion");
  }
  const reader = new ChunkReader(context);
  reader.start(body, emit);
  reader.chunk(body, emit);
  reader.done(emit);
}

export function streamReader(context: AnswerContext): Stage<WireEvent, IrEvent> {
  return new ChunkReader(context);
}

/**
 * Reads a chat completion, chunk by chunk, of OpenAI and of servers that are compatible more or less.
 *
 * - A choice ends with its finish_reason, the answer with `[DONE]` or, where a server sends none, with a clean end of
 *   the stream after every choice has ended.
 * - Usage may ride on any chunk; the last report counts.
 * - An `error` instead of choices ends the answer.
 */
class ChunkReader implements Stage<WireEvent, IrEvent> {
  readonly #context: AnswerContext;
  readonly #choices: ChoiceReader[] = [];
  readonly #numbering: Numbering = { next: 0 };
  #hasStarted = false;
  #isOver = false;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(wire: WireEvent, emit: Emit<IrEvent>): void {
    if (this.#isOver) return;
    if (wire.data === "") emit({ type: "keep-alive" });
    else if (wire.data === "[DONE]") this.done(emit);
    else {
      const chunk = parseObject(wire.data);
      if (chunk !== undefined) this.chunk(chunk, emit);
      else emit(unreadable());
    }
  }

  end(emit: Emit<IrEvent>, isCut: boolean): void {
    const choices = this.#choices.filter((choice) => choice !== undefined);
    const isComplete = !isCut && choices.length > 0 && choices.every((choice) => choice.hasFinished);
    if (isComplete) this.done(emit);
    else this.#end({ type: "error", error: streamCut() }, emit);
  }

  chunk(chunk: JsonObject, emit: Emit<IrEvent>): void {
    const error = chunk["error"] === undefined ? undefined : readErrorObject(chunk, undefined);
    if (error !== undefined) {
      this.#end({ type: "error", error }, emit);
      return;
    }
    const choices = arrayOf(chunk["choices"]) ?? [];
    // Azure's first chunk has no choices, no id and no model.
    if (choices.length > 0) this.start(chunk, emit);
    for (const [position, item] of choices.entries()) {
      const choice = objectOf(item);
      if (choice !== undefined) this.#choice(choiceIndex(choice["index"], position)).read(choice, emit);
    }
    const usage = objectOf(chunk["usage"]);
    if (usage !== undefined) emit({ type: "usage", usage: readUsage(usage) });
  }

  /** The server said that it is done. */
  done(emit: Emit<IrEvent>): void {
    if (this.#isOver) return;
    this.start({}, emit);
    for (const choice of this.#choices) choice?.finish(undefined, emit);
    this.#end({ type: "message-end" }, emit);
  }

  start(chunk: JsonObject, emit: Emit<IrEvent>): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    emit({
      type: "message-start",
      id: textOf(chunk["id"]) || undefined,
      model: textOf(chunk["model"]) || undefined,
      createdAt: createdAt(chunk),
      serviceTier: textOf(chunk["service_tier"]),
    });
  }

  #choice(index: number): ChoiceReader {
    this.#choices[index] ??= new ChoiceReader(index, this.#numbering, this.#context);
    return this.#choices[index];
  }

  #end(event: IrEvent, emit: Emit<IrEvent>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    emit(event);
  }
}

/** More choices than anybody can ask for are a mistake, and would make a long list. */
const maxChoices = 1024;

function choiceIndex(index: Json | undefined, position: number): number {
  const number = numberOf(index) ?? position;
  return Number.isInteger(number) && number >= 0 && number < maxChoices ? number : position;
}

/** Some servers send fractions. */
function createdAt(chunk: JsonObject): number | undefined {
  const created = numberOf(chunk["created"]);
  return created === undefined ? undefined : Math.floor(created);
}

function unreadable(): IrEvent {
  const warning = {
    level: "loud",
    path: "stream",
    message: "the upstream sent a chunk that is no JSON; left out",
  } as const;
  return { type: "warning", warning };
}
