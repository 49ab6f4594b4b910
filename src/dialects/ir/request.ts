import type { IrAnswerPart, IrText, IrUserPart } from "./parts.ts";
import type { Extras, Family, IrCache, Json, JsonObject } from "./values.ts";

export type IrMessage = IrSystemMessage | IrUserMessage | IrAssistantMessage;

/** May stand anywhere; where a provider has one place for it, its writer moves it there. */
export interface IrSystemMessage {
  readonly role: "system";
  readonly voice: "system" | "developer";
  readonly parts: readonly IrText[];
}

/** A chat `tool` message is one of these with one result. */
export interface IrUserMessage {
  readonly role: "user";
  readonly parts: readonly IrUserPart[];
}

/** `isOrderKnown`: false from chat, which cannot say whether text or calls came first. */
export interface IrAssistantMessage {
  readonly role: "assistant";
  readonly parts: readonly IrAnswerPart[];
  readonly isOrderKnown: boolean;
}

export type IrTool = IrFunctionTool | IrServerTool | IrCustomTool;

export interface IrFunctionTool {
  readonly type: "function";
  readonly name: string;
  readonly description?: string | undefined;
  readonly parameters?: JsonObject | undefined;
  readonly strict?: boolean | undefined;
  readonly cache?: IrCache | undefined;
  readonly extras?: Extras | undefined;
}

/** Runs at the provider. `options`: the tool as its family writes it. */
export interface IrServerTool {
  readonly type: "server";
  readonly kind: "web-search" | "other";
  readonly family?: Family | undefined;
  readonly name: string;
  readonly options: JsonObject;
  /** Agents offer it whatever backend they talk to: where it does not exist it is left out, with a warning. */
  readonly isOptional?: boolean | undefined;
}

/** OpenAI's free-form tool. `options`: the tool as written. */
export interface IrCustomTool {
  readonly type: "custom";
  readonly name: string;
  readonly options: JsonObject;
}

/** `names`: only these. One named tool is `required` with one name; OpenAI's allowed_tools is its mode with its names. */
export interface IrToolChoice {
  readonly mode: "auto" | "none" | "required";
  readonly names?: readonly string[] | undefined;
}

/** `json` is one object of whatever members. */
export type IrFormat =
  | { readonly type: "text" }
  | { readonly type: "json" }
  | {
      readonly type: "json-schema";
      readonly schema: JsonObject;
      readonly name?: string | undefined;
      readonly description?: string | undefined;
      readonly strict?: boolean | undefined;
    };

export interface IrSampling {
  /** 0 to 2 as OpenAI counts; Anthropic's scale ends at 1. */
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  /** Integer from 1. */
  readonly topK?: number | undefined;
  readonly seed?: number | undefined;
  /** -2 to 2, as the next. */
  readonly presencePenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  /** The matched text is not in the answer. */
  readonly stop?: readonly string[] | undefined;
  /** Choices, from 1. */
  readonly n?: number | undefined;
  readonly logprobs?: boolean | undefined;
  /** 0 to 20. */
  readonly topLogprobs?: number | undefined;
  readonly logitBias?: { readonly [token: string]: number } | undefined;
}

/**
 * Three dials that providers mix: how hard, whether, and how long to think; and what of it to show.
 *
 * - `effort`: none, minimal, low, medium, high, xhigh, max; other words are the writer's to refuse.
 * - `budgetTokens` is a part of `maxOutputTokens`.
 */
export interface IrReasoningSettings {
  readonly effort?: string | undefined;
  readonly mode?: "on" | "off" | "adaptive" | undefined;
  readonly budgetTokens?: number | undefined;
  readonly show?: string | undefined;
  /** The client's API shows thinking where `show` says nothing of it. */
  readonly isShown?: boolean | undefined;
}

/** vLLM's guided decoding. */
export interface IrGuided {
  readonly json?: Json | undefined;
  readonly regex?: string | undefined;
  readonly choice?: readonly string[] | undefined;
}

/** One turn of a conversation, asked in any API. Read-only: every attempt is written from the same one. */
export interface IrRequest {
  /** As the client wrote it; which model is asked is the target's to say. */
  readonly model: string;
  readonly isStream: boolean;
  readonly wantsUsage: boolean;
  readonly messages: readonly IrMessage[];
  readonly tools: readonly IrTool[];
  readonly toolChoice?: IrToolChoice | undefined;
  readonly parallelToolCalls?: boolean | undefined;
  readonly format?: IrFormat | undefined;
  readonly guided?: IrGuided | undefined;
  readonly sampling: IrSampling;
  /** All that the model writes, reasoning included. */
  readonly maxOutputTokens?: number | undefined;
  readonly reasoning?: IrReasoningSettings | undefined;
  readonly verbosity?: string | undefined;
  readonly modalities?: readonly string[] | undefined;
  readonly audio?: { readonly voice?: string | undefined; readonly format?: string | undefined } | undefined;
  readonly user?: string | undefined;
  readonly safetyId?: string | undefined;
  readonly metadata?: { readonly [key: string]: string } | undefined;
  readonly serviceTier?: string | undefined;
  readonly cacheKey?: string | undefined;
  readonly store?: boolean | undefined;
  readonly previousResponseId?: string | undefined;
  readonly extras: Extras;
}
