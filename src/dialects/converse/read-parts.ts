import type { IrMedia, IrOpaque } from "../ir/parts.ts";
import type { IrUsage } from "../ir/usage.ts";
import type { IrCitation, JsonObject } from "../ir/values.ts";
import { arrayOf, numberOf, objectOf, textOf } from "../wire/exact-json.ts";

/** Input is three disjoint numbers, which the neutral form wants as one. `undefined` if nothing was counted. */
export function readUsage(usage: JsonObject | undefined): IrUsage | undefined {
  if (usage === undefined) return undefined;
  const cacheReadTokens = numberOf(usage["cacheReadInputTokens"]);
  const cacheWriteTokens = numberOf(usage["cacheWriteInputTokens"]);
  const input = numberOf(usage["inputTokens"]);
  const outputTokens = numberOf(usage["outputTokens"]);
  const counts: IrUsage = {};
  if (input !== undefined) counts.inputTokens = input + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0);
  if (cacheReadTokens !== undefined) counts.cacheReadTokens = cacheReadTokens;
  if (cacheWriteTokens !== undefined) counts.cacheWriteTokens = cacheWriteTokens;
  if (outputTokens !== undefined) counts.outputTokens = outputTokens;
  return Object.keys(counts).length === 0 ? undefined : counts;
}

export function readServiceTier(body: JsonObject): string | undefined {
  return textOf(objectOf(body["serviceTier"])?.["type"]);
}

/** Claude tells which one it was, if the request asked for the path `/stop_sequence`. */
export function readStopSequence(body: JsonObject): string | undefined {
  return textOf(objectOf(body["additionalModelResponseFields"])?.["stop_sequence"]);
}

/** A citation of a block's text up to `endIndex`. */
export function readCitation(citation: JsonObject, endIndex: number): IrCitation {
  const url = textOf(objectOf(objectOf(citation["location"])?.["web"])?.["url"]) ?? urlOf(citation["source"]);
  const cited = (arrayOf(citation["sourceContent"]) ?? []).map(
    (item) => textOf(objectOf(item)?.["text"]) ?? "",
  );
  return {
    url,
    title: textOf(citation["title"]),
    citedText: cited.length === 0 ? undefined : cited.join(""),
    startIndex: 0,
    endIndex,
    extras: { aws: citation },
  };
}

function urlOf(source: unknown): string | undefined {
  const text = textOf(source);
  return text !== undefined && /^https?:\/\//.test(text) ? text : undefined;
}

/** An image or sound that the model made; `undefined` if its bytes are not there. */
export function readMedia(
  kind: "image" | "audio",
  format: unknown,
  source: JsonObject | undefined,
): IrMedia | undefined {
  const data = textOf(source?.["bytes"]);
  const mediaType = textOf(format);
  if (data === undefined) return undefined;
  return {
    type: "media",
    kind,
    source: { type: "base64", data },
    mediaType: mediaType && `${kind}/${mediaType}`,
  };
}

/** A tool that ran at Amazon is nothing for the client to do. */
export function isServerTool(toolUse: JsonObject): boolean {
  return toolUse["type"] === "server_tool_use";
}

export function opaquePart(name: string, block: JsonObject): IrOpaque {
  return { type: "opaque", family: "aws", name, block };
}
