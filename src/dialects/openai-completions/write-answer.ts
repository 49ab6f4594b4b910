import type { AnswerContext } from "../dialect.ts";
import type { IrEvent } from "../ir/events.ts";
import type { IrChoice, IrResponse } from "../ir/fold.ts";
import type { IrUsage } from "../ir/usage.ts";
import type { Json } from "../ir/values.ts";
import { writeError } from "../openai-chat/errors.ts";
import { finishReasonOf } from "../openai-chat/finish-reasons.ts";
import { writeUsage } from "../openai-chat/usage.ts";
import type { Emit, Stage } from "../stage.ts";

/** Writes a whole answer as a text completion: only its texts have a place there. */
export function writeResponse(response: IrResponse, context: AnswerContext): string {
  for (const part of response.choices.flatMap(({ parts }) => parts))
    if (part.type === "media") leaveOut(part.kind, context);
  const body: { [member: string]: Json } = {
    ...headOf(response, context),
    choices: response.choices.map(({ index, parts, reason, raw }) => ({
      text: textIn(parts),
      index,
      logprobs: null,
      finish_reason: finishReasonOf(reason, raw),
    })),
  };
  if (response.usage !== undefined) body["usage"] = writeUsage(response.usage);
  return JSON.stringify(body);
}

function leaveOut(kind: string, context: AnswerContext): void {
  context.warn({ level: "loud", path: "answer", message: `${kind} has no form in completions; left out` });
}

function textIn(parts: IrChoice["parts"]): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function headOf(
  { id, createdAt, model }: Pick<IrResponse, "id" | "createdAt" | "model">,
  context: AnswerContext,
) {
  return {
    id: id || context.newId("cmpl-"),
    object: "text_completion",
    created: createdAt ?? Math.floor(context.nowMs() / 1000),
    model: model || context.requestModel,
  };
}

/** Writes an answer as chunks of a text completion. */
export class CompletionStreamWriter implements Stage<IrEvent, string> {
  readonly #context: AnswerContext;
  /** A chunk up to the number of its choice; empty until the message starts. */
  #head = "";
  #usage: IrUsage | undefined;
  #isOver = false;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(event: IrEvent, emit: Emit<string>): void {
    if (this.#isOver) return;
    switch (event.type) {
      case "text-delta":
        if (event.text !== "") emit(this.#chunk(event.choice, event.text, "null"));
        break;
      case "message-start":
        this.#start(event);
        break;
      case "usage":
        this.#usage = { ...this.#usage, ...event.usage };
        break;
      case "finish":
        emit(this.#chunk(event.choice, "", JSON.stringify(finishReasonOf(event.reason, event.raw))));
        break;
      case "message-end":
        this.#end(emit);
        break;
      case "error":
        this.#isOver = true;
        emit(writeError(event.error, "stream"));
        break;
      case "keep-alive":
        emit(": keep-alive\n\n");
        break;
      case "media":
      case "audio-delta":
        leaveOut(event.type === "media" ? event.media.kind : "audio", this.#context);
        break;
      default: // Reasoning and the like have no place here.
    }
  }

  end(): void {}

  #start(start: Pick<IrResponse, "id" | "createdAt" | "model">): void {
    this.#head = `data: ${JSON.stringify(headOf(start, this.#context)).slice(0, -1)},"choices":[`;
  }

  #chunk(choice: number, text: string, finishReason: string): string {
    return `${this.#head}{"index":${choice},"text":${JSON.stringify(text)},"logprobs":null,"finish_reason":${finishReason}}]}\n\n`;
  }

  #end(emit: Emit<string>): void {
    this.#isOver = true;
    if (this.#usage !== undefined && this.#context.wantsUsage) {
      if (this.#head === "") this.#start({});
      emit(`${this.#head}],"usage":${JSON.stringify(writeUsage(this.#usage))}}\n\n`);
    }
    emit("data: [DONE]\n\n");
  }
}
