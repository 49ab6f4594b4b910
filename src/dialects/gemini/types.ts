import type { JsonObject } from "../ir/values.ts";

/** Parts are written and read member by member, so they stay plain JSON. */
export type GeminiPart = JsonObject;

export interface GeminiContent {
  readonly role: "user" | "model";
  readonly parts: readonly GeminiPart[];
}

/**
 * The body of `generateContent`. Google takes null like an absent member; the two that the reference always sends are
 * always there.
 */
export interface GeminiRequest {
  readonly contents: readonly GeminiContent[] | null;
  readonly tools: readonly JsonObject[] | null;
  readonly toolConfig?: JsonObject | undefined;
  readonly generationConfig: JsonObject;
  readonly systemInstruction?: { readonly parts: readonly GeminiPart[] } | undefined;
  readonly safetySettings?: JsonObject[string] | undefined;
  readonly cachedContent?: JsonObject[string] | undefined;
}
