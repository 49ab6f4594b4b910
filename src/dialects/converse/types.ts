import type { Json, JsonObject } from "../ir/values.ts";

/**
 * The body of Converse and ConverseStream, as far as aigw writes it.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, read 2026-11
 */
export interface ConverseRequest {
  messages: readonly Message[];
  system?: readonly SystemBlock[] | undefined;
  inferenceConfig: InferenceConfig;
  toolConfig?: ToolConfig | undefined;
  /** Goes into the model's own request as it is. */
  additionalModelRequestFields?: JsonObject | undefined;
  outputConfig?: JsonObject | undefined;
  serviceTier?: { readonly type: string } | undefined;
}

export interface InferenceConfig {
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  stopSequences?: readonly string[] | undefined;
}

export interface Message {
  readonly role: "user" | "assistant";
  readonly content: ContentBlock[];
}

/** One member each. Bytes are base64. */
export type ContentBlock =
  | TextBlock
  | CachePoint
  | MediaBlock
  | { readonly toolUse: { readonly toolUseId: string; readonly name: string; readonly input: JsonObject } }
  | { readonly toolResult: ToolResult }
  | { readonly reasoningContent: ReasoningContent };

export interface TextBlock {
  readonly text: string;
}

export interface CachePoint {
  readonly cachePoint: { readonly type: "default"; readonly ttl?: string | undefined };
}

export type SystemBlock = TextBlock | CachePoint;

export type MediaSource =
  | { readonly bytes: string }
  | { readonly s3Location: { readonly uri: string } }
  | { readonly content: readonly TextBlock[] };

export interface FormattedMedia {
  readonly format: string;
  readonly source: MediaSource;
}

export interface DocumentMedia {
  readonly format: string;
  readonly name: string;
  readonly source: MediaSource;
  readonly context?: string | undefined;
}

export interface SearchResultMedia {
  readonly source: string;
  readonly title: string;
  readonly content: readonly TextBlock[];
}

export type MediaBlock =
  | { readonly image: FormattedMedia }
  | { readonly audio: FormattedMedia }
  | { readonly video: FormattedMedia }
  | { readonly document: DocumentMedia }
  | { readonly searchResult: SearchResultMedia };

export interface ToolResult {
  readonly toolUseId: string;
  readonly content: readonly (TextBlock | MediaBlock)[];
  readonly status?: "error" | undefined;
}

export type ReasoningContent =
  | { readonly reasoningText: { readonly text: string; readonly signature?: string | undefined } }
  | { readonly redactedContent: string };

export interface ToolConfig {
  readonly tools: readonly (ToolSpec | CachePoint)[];
  readonly toolChoice?: ToolChoice | undefined;
}

export interface ToolSpec {
  readonly toolSpec: {
    readonly name: string;
    readonly description?: string | undefined;
    readonly inputSchema: { readonly json: Json };
    readonly strict?: true | undefined;
  };
}

export type ToolChoice =
  | { readonly auto: JsonObject }
  | { readonly any: JsonObject }
  | { readonly tool: { readonly name: string } };
