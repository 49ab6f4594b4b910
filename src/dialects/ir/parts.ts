import type { Extras, Family, IrCache, IrCitation, IrSeal, JsonObject } from "./values.ts";

interface Part {
  readonly cache?: IrCache | undefined;
  readonly extras?: Extras | undefined;
}

export interface IrText extends Part {
  readonly type: "text";
  readonly text: string;
  /** The text is itself a refusal, as OpenAI says it. */
  readonly isRefusal?: boolean | undefined;
  readonly signature?: IrSeal | undefined;
  readonly citations?: readonly IrCitation[] | undefined;
}

export type IrSource =
  /** As written; decoded only where a provider wants bytes. */
  | { readonly type: "base64"; readonly data: string }
  /** http, https, gs or s3. */
  | { readonly type: "url"; readonly url: string }
  | { readonly type: "file-id"; readonly id: string; readonly family: Family }
  /** A plain-text document. */
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "parts"; readonly parts: readonly (IrText | IrMedia)[] };

/** `kind` is what the sender declared, `mediaType` what the bytes claim; where they disagree the writer decides. */
export interface IrMedia extends Part {
  readonly type: "media";
  readonly kind: "image" | "audio" | "video" | "document" | "search-result";
  readonly source: IrSource;
  readonly mediaType?: string | undefined;
  /** How closely to look at an image: `low`, `high`, `auto`. */
  readonly detail?: string | undefined;
  /** A file's name, or a document's title. */
  readonly name?: string | undefined;
  readonly context?: string | undefined;
  readonly transcript?: string | undefined;
}

export interface IrReasoning extends Part {
  readonly type: "reasoning";
  readonly text?: string | undefined;
  readonly isSummary?: boolean | undefined;
  /** A chat client gave it back beside the content, not in it: a provider that needs no more than its signature takes that. */
  readonly isBeside?: boolean | undefined;
  readonly signature?: IrSeal | undefined;
}

/** Reasoning that only its provider can read. */
export interface IrRedacted extends Part {
  readonly type: "redacted";
  readonly data: IrSeal;
}

/** `input` is JSON text, but from a chat history whatever the client wrote; of a `custom` tool (OpenAI's free-form kind) any text. */
export interface IrToolCall extends Part {
  readonly type: "tool-call";
  readonly id: string;
  readonly itemId?: string | undefined;
  readonly name: string;
  readonly kind: "function" | "custom";
  readonly input: string;
  readonly signature?: IrSeal | undefined;
}

export interface IrToolResult extends Part {
  readonly type: "tool-result";
  readonly callId: string;
  readonly isError?: boolean | undefined;
  readonly parts: readonly (IrText | IrMedia | IrOpaque)[];
}

/** A block with a meaning only in its family (server tools, code execution, search results): back to that family as it was. */
export interface IrOpaque extends Part {
  readonly type: "opaque";
  readonly family: Family;
  readonly name: string;
  readonly block: JsonObject;
}

export type IrUserPart = IrText | IrMedia | IrToolResult | IrOpaque;
export type IrAnswerPart = IrText | IrReasoning | IrRedacted | IrToolCall | IrMedia | IrOpaque;
