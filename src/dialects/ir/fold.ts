import type { IrError } from "./error.ts";
import type { IrBlockEvent, IrEvent, IrFinishReason, IrTokenChoice } from "./events.ts";
import type { IrAnswerPart, IrMedia, IrReasoning, IrText, IrToolCall } from "./parts.ts";
import type { IrUsage } from "./usage.ts";
import type { Extras, IrCitation, IrWarning } from "./values.ts";

export interface IrChoice {
  readonly index: number;
  /** In the order in which they began. */
  readonly parts: readonly IrAnswerPart[];
  /** Absent if the provider gave the choice no end. */
  readonly reason?: IrFinishReason | undefined;
  /** The provider's own word. */
  readonly raw?: string | undefined;
  readonly stopSequence?: string | undefined;
  readonly logprobs?: readonly IrTokenChoice[] | undefined;
  readonly extras?: Extras | undefined;
}

/** A whole answer. */
export interface IrResponse {
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  /** Unix seconds. */
  readonly createdAt?: number | undefined;
  readonly serviceTier?: string | undefined;
  readonly choices: readonly IrChoice[];
  readonly usage?: IrUsage | undefined;
  readonly warnings: readonly IrWarning[];
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };
interface DraftChoice extends Draft<Omit<IrChoice, "parts" | "logprobs">> {
  parts: Draft<IrAnswerPart>[];
  logprobs?: IrTokenChoice[];
}

/** Builds an answer from its events. Whole answers are read into the same events, so there is one path for both. */
export class Fold {
  readonly #head: Draft<Omit<IrResponse, "choices" | "usage" | "warnings">> = {};
  readonly #choices: DraftChoice[] = [];
  readonly #blocks: Draft<IrAnswerPart>[] = [];
  readonly #warnings: IrWarning[] = [];
  #usage: IrUsage | undefined;
  #error: IrError | undefined;

  /** Why there is no answer. */
  get error(): IrError | undefined {
    return this.#error;
  }

  push(event: IrEvent): void {
    switch (event.type) {
      case "message-start": {
        const { type: _, ...head } = event;
        Object.assign(this.#head, head);
        break;
      }
      case "finish": {
        const { type: _, choice, ...end } = event;
        Object.assign(this.#choice(choice), end);
        break;
      }
      case "usage":
        this.#usage = { ...this.#usage, ...event.usage };
        break;
      case "warning":
        this.#warnings.push(event.warning);
        break;
      case "error":
        this.#error = event.error;
        break;
      case "message-end":
        if (event.serviceTier !== undefined) this.#head.serviceTier = event.serviceTier;
        break;
      case "keep-alive":
        break;
      default:
        this.#pushBlock(event);
    }
  }

  response(): IrResponse {
    const choices = this.#choices.filter((choice) => choice !== undefined);
    return { ...this.#head, choices, usage: this.#usage, warnings: this.#warnings };
  }

  #pushBlock(event: IrBlockEvent): void {
    const { choice, block } = event;
    switch (event.type) {
      case "text-start":
        this.#open(
          choice,
          block,
          event.isRefusal ? { type: "text", text: "", isRefusal: true } : { type: "text", text: "" },
        );
        break;
      case "text-delta":
        this.#block<IrText>(block).text += event.text;
        if (event.logprobs !== undefined) {
          const at = this.#choice(choice);
          at.logprobs ??= [];
          at.logprobs.push(...event.logprobs);
        }
        break;
      case "reasoning-start":
        this.#open(
          choice,
          block,
          event.isSummary ? { type: "reasoning", isSummary: true } : { type: "reasoning" },
        );
        break;
      case "reasoning-delta": {
        const part = this.#block<IrReasoning>(block);
        part.text = (part.text ?? "") + event.text;
        break;
      }
      case "text-end":
      case "reasoning-end":
        if (event.signature !== undefined)
          this.#block<IrText | IrReasoning>(block).signature = event.signature;
        break;
      case "tool-start": {
        const { type: _, choice: __, block: ___, ...call } = event;
        this.#open(choice, block, { type: "tool-call", input: "", ...call });
        break;
      }
      case "tool-delta":
        this.#block<IrToolCall>(block).input += event.text;
        break;
      case "tool-end":
        break;
      case "redacted":
        this.#open(choice, block, { type: "redacted", data: event.data });
        break;
      case "media":
        this.#open(choice, block, event.media);
        break;
      case "opaque":
        this.#open(choice, block, event.part);
        break;
      case "audio-delta":
        this.#pushAudio(choice, block, event.data, event.transcript);
        break;
      case "citation":
        this.#cite(block, event.citation);
    }
  }

  #open(choice: number, block: number, part: IrAnswerPart): void {
    this.#blocks[block] = part;
    this.#choice(choice).parts.push(part);
  }

  #block<Part extends IrAnswerPart>(block: number): Draft<Part> {
    return this.#blocks[block] as Draft<Part>;
  }

  #choice(index: number): DraftChoice {
    this.#choices[index] ??= { index, parts: [] };
    return this.#choices[index];
  }

  #pushAudio(choice: number, block: number, data: string, transcript: string): void {
    const part = this.#blocks[block] as Draft<IrMedia> | undefined;
    if (part === undefined) {
      this.#open(choice, block, {
        type: "media",
        kind: "audio",
        source: { type: "base64", data },
        transcript,
      });
      return;
    }
    const before = part.source.type === "base64" ? part.source.data : "";
    part.source = { type: "base64", data: before + data };
    part.transcript = (part.transcript ?? "") + transcript;
  }

  #cite(block: number, citation: IrCitation): void {
    const part = this.#block<IrText>(block);
    part.citations = [...(part.citations ?? []), citation];
  }
}

export function foldEvents(events: readonly IrEvent[]): IrResponse {
  const fold = new Fold();
  for (const event of events) fold.push(event);
  return fold.response();
}
