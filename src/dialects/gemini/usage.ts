import type { IrUsage } from "../ir/usage.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { arrayOf, numberOf, objectOf } from "../wire/exact-json.ts";

const counts = ["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount"] as const;

/**
 * Reads `usageMetadata`, running totals that come with many events. Cached tokens are part of the prompt's, thoughts are
 * not part of the candidates'. `undefined` if nothing is counted: some events only name the kind of traffic.
 */
export function readUsage(metadata: JsonObject): IrUsage | undefined {
  if (!counts.some((member) => metadata[member] !== undefined)) return undefined;
  // Google leaves out zeros.
  const count = (member: string) => numberOf(metadata[member]) ?? 0;
  const usage: IrUsage = {
    inputTokens: count("promptTokenCount") + count("toolUsePromptTokenCount"),
    cacheReadTokens: count("cachedContentTokenCount"),
    outputTokens: count("candidatesTokenCount") + count("thoughtsTokenCount"),
    reasoningTokens: count("thoughtsTokenCount"),
  };
  const total = numberOf(metadata["totalTokenCount"]);
  if (total !== undefined) usage.totalTokens = total;
  addModalities(usage, metadata);
  return usage;
}

function addModalities(usage: IrUsage, metadata: JsonObject): void {
  const [prompt, candidates] = [metadata["promptTokensDetails"], metadata["candidatesTokensDetails"]];
  const inputAudio = tokensOf(prompt, "AUDIO");
  const inputImage = tokensOf(prompt, "IMAGE");
  const outputAudio = tokensOf(candidates, "AUDIO");
  if (inputAudio !== undefined) usage.inputAudioTokens = inputAudio;
  if (inputImage !== undefined) usage.inputImageTokens = inputImage;
  if (outputAudio !== undefined) usage.outputAudioTokens = outputAudio;
}

function tokensOf(details: Json | undefined, modality: string): number | undefined {
  const found = arrayOf(details)?.find((item) => objectOf(item)?.["modality"] === modality);
  return numberOf(objectOf(found)?.["tokenCount"]);
}
