import type { WireEvent } from "../dialect.ts";
import { errorKindOf, type IrError, streamCut } from "../ir/error.ts";
import type { IrEvent, IrFinishReason } from "../ir/events.ts";
import type { JsonObject } from "../ir/values.ts";
import type { Emit, Stage } from "../stage.ts";
import { arrayOf, numberOf, objectOf, parseObject, textOf } from "../wire/exact-json.ts";
import { type Numbering, OutputReader } from "./output-reader.ts";
import { readUsage } from "./usage.ts";

/**
 * Reads the events of one response.
 *
 * - Items count; what the deltas left out is taken from the item when it is done, and items that no event told of from
 *   the last response.
 * - The first of `response.completed`, `.incomplete`, `.failed` and an `error` event ends the answer.
 *
 * @see https://platform.openai.com/docs/api-reference/responses-streaming, read 2026-11
 */
export class ResponseReader implements Stage<WireEvent, IrEvent> {
  readonly #numbering: Numbering = { next: 0, hasCalls: false };
  readonly #items: OutputReader[] = [];
  #hasStarted = false;
  #isOver = false;

  push(wire: WireEvent, emit: Emit<IrEvent>): void {
    if (this.#isOver) return;
    if (wire.data === "") emit({ type: "keep-alive" });
    else if (wire.data !== "[DONE]") {
      const event = parseObject(wire.data);
      if (event !== undefined) this.#event(event, emit);
      else emit(unreadable());
    }
  }

  end(emit: Emit<IrEvent>): void {
    this.#end({ type: "error", error: streamCut() }, emit);
  }

  #event(event: JsonObject, emit: Emit<IrEvent>): void {
    const type = textOf(event["type"]) ?? "";
    const response = objectOf(event["response"]);
    if (type === "error" || (type === "" && event["error"] !== undefined)) {
      this.#end({ type: "error", error: readErrorEvent(objectOf(event["error"]) ?? event) }, emit);
    } else if (response !== undefined) {
      this.start(response, emit);
      if (lastEvents.has(type)) this.finish(response, emit);
    } else {
      const index = numberOf(event["output_index"]);
      if (index === undefined) return;
      this.start({}, emit);
      this.#item(index).event(type, event, emit);
    }
  }

  start(response: JsonObject, emit: Emit<IrEvent>): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    emit({
      type: "message-start",
      id: textOf(response["id"]),
      model: textOf(response["model"]),
      createdAt: numberOf(response["created_at"]),
      serviceTier: textOf(response["service_tier"]),
    });
  }

  /** The response as it ended. */
  finish(response: JsonObject, emit: Emit<IrEvent>): void {
    const usage = objectOf(response["usage"]);
    const error = objectOf(response["error"]);
    const status = textOf(response["status"]) ?? "completed";
    const isFailed = error !== undefined || (status !== "completed" && status !== "incomplete");
    if (!isFailed) this.#finishItems(arrayOf(response["output"]) ?? [], emit);
    if (usage !== undefined) emit({ type: "usage", usage: readUsage(usage) });
    if (isFailed) {
      this.#end(
        { type: "error", error: readErrorEvent(error ?? { message: `The response is ${status}` }) },
        emit,
      );
      return;
    }
    const raw = textOf(objectOf(response["incomplete_details"])?.["reason"]) ?? status;
    emit({ type: "finish", choice: 0, reason: finishReason(raw, this.#numbering.hasCalls), raw });
    this.#end({ type: "message-end", serviceTier: textOf(response["service_tier"]) }, emit);
  }

  #finishItems(output: readonly unknown[], emit: Emit<IrEvent>): void {
    for (const [index, item] of output.entries()) this.#item(index).done(objectOf(item) ?? {}, emit);
    for (const item of this.#items) item?.done({}, emit);
  }

  #item(index: number): OutputReader {
    this.#items[index] ??= new OutputReader(this.#numbering);
    return this.#items[index];
  }

  #end(event: IrEvent, emit: Emit<IrEvent>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    emit(event);
  }
}

const lastEvents = new Set(["response.completed", "response.incomplete", "response.failed"]);

function finishReason(word: string | undefined, hasCalls: boolean): IrFinishReason {
  if (word === "max_output_tokens") return "length";
  if (word === "content_filter") return "content-filter";
  return hasCalls ? "tool-calls" : "stop";
}

const errorStatus: { readonly [code: string]: number } = {
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  server_is_overloaded: 503,
  invalid_prompt: 400,
};

function readErrorEvent(error: JsonObject): IrError {
  const code = textOf(error["code"]);
  const type = textOf(error["type"]);
  const word = type === undefined || type === "error" ? code : type;
  const status = errorStatus[code ?? ""] ?? (/^[45]\d\d$/.test(code ?? "") ? Number(code) : 500);
  return {
    kind: errorKindOf(status),
    status,
    type: word ?? "OpenAIBackendError",
    isUnnamed: word === undefined,
    message: textOf(error["message"]) ?? JSON.stringify(error),
    code,
  };
}

function unreadable(): IrEvent {
  const warning = {
    level: "loud",
    path: "stream",
    message: "the upstream sent an event that is no JSON; left out",
  } as const;
  return { type: "warning", warning };
}
