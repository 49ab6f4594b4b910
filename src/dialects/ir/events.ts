import type { IrError } from "./error.ts";
import type { IrMedia, IrOpaque } from "./parts.ts";
import type { IrUsage } from "./usage.ts";
import type { Extras, IrCitation, IrSeal, IrWarning } from "./values.ts";

/** Why a choice ended. Writers know fewer words than this; each has a table. */
export type IrFinishReason =
  | "stop"
  | "stop-sequence"
  | "length"
  | "context-window"
  | "tool-calls"
  | "content-filter"
  | "refusal"
  | "pause"
  | "recitation"
  | "language"
  | "no-image"
  | "malformed"
  | "malformed-tool-call"
  | "unexpected-tool-call"
  | "other";

export interface IrToken {
  readonly token: string;
  readonly logprob: number;
  readonly bytes?: readonly number[] | undefined;
}

/** A token of the answer with the ones it was chosen from; `top` is empty where nobody asked. */
export interface IrTokenChoice extends IrToken {
  readonly top: readonly IrToken[];
}

/** `block` counts up from 0 over the whole answer in the order of `-start`; `choice` is 0 unless n > 1. */
interface At {
  readonly choice: number;
  readonly block: number;
}

interface MessageStart {
  readonly type: "message-start";
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  /** Unix seconds. */
  readonly createdAt?: number | undefined;
  readonly serviceTier?: string | undefined;
}
interface TextStart extends At {
  readonly type: "text-start";
  readonly isRefusal: boolean;
}
interface TextDelta extends At {
  readonly type: "text-delta";
  readonly text: string;
  /** The tokens of this very text. */
  readonly logprobs?: readonly IrTokenChoice[] | undefined;
}
interface TextEnd extends At {
  readonly type: "text-end";
  readonly signature?: IrSeal | undefined;
}
interface ReasoningStart extends At {
  readonly type: "reasoning-start";
  readonly isSummary: boolean;
  readonly itemId?: string | undefined;
}
interface ReasoningDelta extends At {
  readonly type: "reasoning-delta";
  readonly text: string;
}
interface ReasoningEnd extends At {
  readonly type: "reasoning-end";
  readonly signature?: IrSeal | undefined;
}
interface ToolStart extends At {
  readonly type: "tool-start";
  readonly id: string;
  readonly name: string;
  readonly kind: "function" | "custom";
  readonly itemId?: string | undefined;
  readonly signature?: IrSeal | undefined;
}
/** A piece of JSON text. */
interface ToolDelta extends At {
  readonly type: "tool-delta";
  readonly text: string;
}
interface ToolEnd extends At {
  readonly type: "tool-end";
}
/** Comes whole, as `media` and `opaque` do: start and end in one. */
interface Redacted extends At {
  readonly type: "redacted";
  readonly data: IrSeal;
}
interface Media extends At {
  readonly type: "media";
  readonly media: IrMedia;
}
interface Opaque extends At {
  readonly type: "opaque";
  readonly part: IrOpaque;
}
interface AudioDelta extends At {
  readonly type: "audio-delta";
  readonly data: string;
  readonly transcript: string;
}
/** `block`: the text it supports, open or closed. */
interface Citation extends At {
  readonly type: "citation";
  readonly citation: IrCitation;
}
interface Finish {
  readonly type: "finish";
  readonly choice: number;
  readonly reason: IrFinishReason;
  /** The provider's own word. */
  readonly raw?: string | undefined;
  readonly stopSequence?: string | undefined;
  readonly extras?: Extras | undefined;
}
/** Any time, any number of times; later ones replace member by member. */
interface UsageReport {
  readonly type: "usage";
  readonly usage: IrUsage;
}
/** The provider said that it is done. */
interface MessageEnd {
  readonly type: "message-end";
  /** For providers that name it last; else it stands in `message-start`. */
  readonly serviceTier?: string | undefined;
}
interface Failed {
  readonly type: "error";
  readonly error: IrError;
}
interface KeepAlive {
  readonly type: "keep-alive";
}
interface Warned {
  readonly type: "warning";
  readonly warning: IrWarning;
}

/**
 * What an answer is made of, streamed or whole. Readers keep this grammar:
 *
 * - one `message-start` before any block, made up if the provider sends none;
 * - every delta lies between its block's `-start` and `-end`; blocks may interleave;
 * - one `finish` for each choice that began, after its last `-end`;
 * - last, exactly one of `message-end` and `error`; `usage`, `keep-alive` and `warning` stand anywhere before it.
 */
export type IrEvent =
  | MessageStart
  | TextStart
  | TextDelta
  | TextEnd
  | ReasoningStart
  | ReasoningDelta
  | ReasoningEnd
  | ToolStart
  | ToolDelta
  | ToolEnd
  | Redacted
  | Media
  | Opaque
  | AudioDelta
  | Citation
  | Finish
  | UsageReport
  | MessageEnd
  | Failed
  | KeepAlive
  | Warned;

/** Events that belong to a block. */
export type IrBlockEvent = Extract<IrEvent, At>;
