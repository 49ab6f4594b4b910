import type { AnswerContext } from "../dialect.ts";
import { streamCut } from "../ir/error.ts";
import type { IrEvent } from "../ir/events.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import type { Emit } from "../stage.ts";
import { arrayOf, numberOf, objectOf, textOf } from "../wire/exact-json.ts";
import { CandidateReader, type Numbering } from "./candidate.ts";
import { readErrorInStream } from "./errors.ts";
import { readUsage } from "./usage.ts";

/**
 * Reads one answer of Gemini, whole or in events of the same shape, into IR events.
 *
 * - Candidates: by their `index`, which is left out where it is 0, else by their place.
 * - Usage: running totals, often with every event; each report replaces the last.
 * - End: there is no terminal event. A body that ends after content is complete, a connection that breaks is not, unless
 *   every candidate had said why it ended.
 * - Errors: an `error` object ends the message.
 *
 * @see https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference, read 2026-11
 */
export class AnswerReader {
  readonly #context: AnswerContext;
  readonly #candidates: CandidateReader[] = [];
  readonly #numbering: Numbering;
  #isStarted = false;
  #isOver = false;

  constructor(context: AnswerContext) {
    this.#context = context;
    let blocks = 0;
    this.#numbering = { nextBlock: () => blocks++, newCallId: () => context.newId("call_") };
  }

  /** An error ended it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  push(body: JsonObject, emit: Emit<IrEvent>): void {
    if (this.#isOver) return;
    const error = objectOf(body["error"]);
    if (error !== undefined) {
      this.#isOver = true;
      emit({ type: "error", error: readErrorInStream(error) });
      return;
    }
    if (!this.#isStarted) this.#start(body, emit);
    // Before the content: Anthropic's clients take the input from the message's start.
    const metadata = objectOf(body["usageMetadata"]);
    const usage = metadata === undefined ? undefined : readUsage(metadata);
    if (usage !== undefined) emit({ type: "usage", usage });
    const candidates = arrayOf(body["candidates"]);
    if (candidates !== undefined) this.#pushCandidates(candidates, emit);
    this.#refuseBlocked(body, emit);
  }

  /** `isWhole`: the body was complete, so that an answer without anything in it is meant. */
  end(emit: Emit<IrEvent>, { isCut, isWhole }: { isCut: boolean; isWhole: boolean }): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const candidates = this.#candidates.filter((candidate) => candidate !== undefined);
    const isComplete = candidates.length > 0 && candidates.every((candidate) => candidate.isFinished);
    const isEmpty = candidates.length === 0 && !isWhole;
    if (isEmpty || (isCut && !isComplete)) {
      emit({ type: "error", error: streamCut() });
      return;
    }
    for (const candidate of candidates) candidate.finish(undefined, emit);
    emit({ type: "message-end" });
  }

  #start(body: JsonObject, emit: Emit<IrEvent>): void {
    this.#isStarted = true;
    const created = Date.parse(textOf(body["createTime"]) ?? "");
    emit({
      type: "message-start",
      id: textOf(body["responseId"]),
      model: textOf(body["modelVersion"]) ?? this.#context.requestModel,
      createdAt: Number.isNaN(created) ? undefined : Math.floor(created / 1000),
    });
  }

  #pushCandidates(candidates: readonly Json[], emit: Emit<IrEvent>): void {
    for (const [place, item] of candidates.entries()) {
      const candidate = objectOf(item);
      if (candidate === undefined) continue;
      this.#candidate(indexOf(candidate) ?? defaultIndex(candidates, place)).push(candidate, emit);
    }
  }

  #candidate(index: number): CandidateReader {
    this.#candidates[index] ??= new CandidateReader(index, this.#numbering);
    return this.#candidates[index];
  }

  /** A prompt that Google refused has a reason instead of candidates. */
  #refuseBlocked(body: JsonObject, emit: Emit<IrEvent>): void {
    const feedback = objectOf(body["promptFeedback"]);
    const reason = textOf(feedback?.["blockReason"]);
    if (!reason || this.#candidates.length > 0) return;
    this.#candidate(0).refuse(reason, textOf(feedback?.["blockReasonMessage"]) || reason, emit);
  }
}

/** Nobody asks for more choices than this; a wild number must not make a list as long. */
const maxChoices = 128;

function indexOf(candidate: JsonObject): number | undefined {
  const index = numberOf(candidate["index"]);
  const isIndex = index !== undefined && Number.isInteger(index) && index >= 0 && index < maxChoices;
  return isIndex ? index : undefined;
}

/** Google leaves out an index of 0, some servers all of them. */
function defaultIndex(candidates: readonly Json[], place: number): number {
  return candidates.some((candidate) => objectOf(candidate)?.["index"] !== undefined) ? 0 : place;
}
