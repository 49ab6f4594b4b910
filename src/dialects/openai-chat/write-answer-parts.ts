import type { IrMedia } from "../ir/parts.ts";
import type { IrCitation, IrSeal, JsonObject } from "../ir/values.ts";

/** Reasoning as clients can give it back: text and signature, both of which are there only if they are known. */
export function thinkingBlock(text: string | undefined, signature: IrSeal | undefined): JsonObject {
  return {
    type: "thinking",
    ...(text === undefined || text === "" ? {} : { thinking: text }),
    ...(signature === undefined ? {} : { signature: signature.value }),
  };
}

export function redactedBlock(data: IrSeal): JsonObject {
  return { type: "redacted_thinking", data: data.value };
}

/** `start` and `end`: of the text that is supported, in the whole content. Citations without an address have no form here. */
export function annotation(citation: IrCitation, start: number, end: number): JsonObject | undefined {
  const { url, title } = citation;
  if (url === undefined) return undefined;
  const url_citation = { url, title: title ?? url, start_index: start, end_index: end };
  return { type: "url_citation", url_citation };
}

/** An image of an answer, in the form that OpenRouter and others have for it. */
export function imagePart(media: IrMedia): JsonObject | undefined {
  const { source } = media;
  if (media.kind !== "image") return undefined;
  if (source.type === "url") return { type: "image_url", image_url: { url: source.url } };
  if (source.type !== "base64") return undefined;
  return {
    type: "image_url",
    image_url: { url: `data:${media.mediaType ?? "image/png"};base64,${source.data}` },
  };
}
