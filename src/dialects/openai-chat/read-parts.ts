import type { IrMedia, IrReasoning, IrRedacted, IrText } from "../ir/parts.ts";
import type { IrCache, Json, JsonObject } from "../ir/values.ts";
import { readClientUrl } from "../wire/data-url.ts";
import { objectOf, textOf } from "../wire/exact-json.ts";
import {
  asObject,
  malformed,
  meaningless,
  neededObject,
  neededText,
  textIn,
  within,
} from "../wire/grammar.ts";

/** The extension `cache_control`; only its type `ephemeral` means something. */
export function readCache(carrier: JsonObject): IrCache | undefined {
  const control = objectOf(carrier["cache_control"]);
  return control?.["type"] === "ephemeral" ? { ttl: textOf(control["ttl"]) } : undefined;
}

/** A part of a system or tool message. */
export function readTextPart(item: Json): IrText {
  const part = asObject(item);
  const type = neededText(part, "type");
  return type === "text" ? textPart(part) : malformed("type", `"${type}" is not known here`);
}

/** Tools give texts; images are an extension that vision models are worth. */
export function readToolPart(item: Json): IrText | IrMedia {
  return objectOf(item)?.["type"] === "image_url" ? readUserPart(item) : readTextPart(item);
}

export function readUserPart(item: Json): IrText | IrMedia {
  const part = asObject(item);
  const type = neededText(part, "type");
  switch (type) {
    case "text":
      return textPart(part);
    case "image_url":
      return { ...urlPart(part, type, "image"), detail: textIn(neededObject(part, type), "detail") };
    case "audio_url":
      return urlPart(part, type, "audio");
    case "video_url":
      return urlPart(part, type, "video");
    case "input_audio":
      return audioPart(part);
    case "file":
      return filePart(part);
    default:
      return malformed("type", `"${type}" is not known`);
  }
}

function textPart(part: JsonObject): IrText {
  return { type: "text", text: neededText(part, "text"), cache: readCache(part) };
}

function urlPart(part: JsonObject, name: string, kind: IrMedia["kind"]): IrMedia {
  const url = neededText(neededObject(part, name), "url");
  return within(`${name}.url`, () => ({
    type: "media",
    kind,
    ...readClientUrl(url),
    cache: readCache(part),
  }));
}

function audioPart(part: JsonObject): IrMedia {
  const audio = neededObject(part, "input_audio");
  const source = { type: "base64", data: neededText(audio, "data") } as const;
  const format = textIn(audio, "format");
  const mediaType = format === undefined ? undefined : `audio/${format}`;
  return { type: "media", kind: "audio", source, mediaType, cache: readCache(part) };
}

function filePart(part: JsonObject): IrMedia {
  const file = neededObject(part, "file");
  const name = textIn(file, "filename");
  const id = textIn(file, "file_id");
  const data = textIn(file, "file_data");
  const shared = { type: "media", kind: "document", name, cache: readCache(part) } as const;
  if (data !== undefined) return { ...shared, ...readFileData(data, name) };
  if (id === undefined) return meaningless("file", "needs file_data or file_id");
  return { ...shared, source: { type: "file-id", id, family: "openai" } };
}

/** OpenAI wants a data URL; bare base64 is taken too, by the file's name. */
function readFileData(data: string, name: string | undefined) {
  if (data.startsWith("data:")) return within("file.file_data", () => readClientUrl(data));
  const mediaType = name?.toLowerCase().endsWith(".txt") ? "text/plain" : "application/pdf";
  return { source: { type: "base64", data }, mediaType } as const;
}

/** A part of an assistant message. */
export function readAnswerPart(item: Json): IrText | IrReasoning | IrRedacted {
  const part = asObject(item);
  const type = neededText(part, "type");
  switch (type) {
    case "text":
      return textPart(part);
    case "refusal":
      return { type: "text", text: neededText(part, "refusal"), isRefusal: true, cache: readCache(part) };
    case "thinking":
      return reasoning(textIn(part, "text") ?? textIn(part, "thinking"), textIn(part, "signature"));
    case "redacted_thinking":
      return redacted(textIn(part, "redactedContent") ?? neededText(part, "data"));
    default:
      return meaningless("type", `"${type}" is not known`);
  }
}

/**
 * The extension `thinking_blocks`, which gives reasoning back as it came.
 * An entry with a signature only belongs to the text before it: the entry's, or `reasoningText` if it is the only one.
 */
export function readThinkingBlocks(
  blocks: readonly Json[],
  reasoningText: string | undefined,
): (IrReasoning | IrRedacted)[] {
  const parts: (IrReasoning | IrRedacted)[] = [];
  const isOnlyOne = blocks.filter((block) => objectOf(block)?.["type"] === "thinking").length === 1;
  for (const block of blocks.map(objectOf)) {
    if (block?.["type"] === "redacted_thinking") {
      const data = textOf(block["data"]);
      if (data !== undefined) parts.push(redacted(data));
    } else if (block?.["type"] === "thinking") {
      const text = textOf(block["thinking"]);
      const signature = textOf(block["signature"]);
      const last = parts.at(-1);
      if (text !== undefined && text !== "") parts.push(reasoning(text, signature));
      else if (last?.type === "reasoning" && last.signature === undefined)
        parts.splice(-1, 1, reasoning(last.text, signature));
      else parts.push(reasoning(isOnlyOne ? reasoningText : undefined, signature));
    }
  }
  return parts;
}

/** Chat has no family: a signature goes out raw and comes back unmarked. */
export function reasoning(text: string | undefined, signature: string | undefined): IrReasoning {
  if (signature === undefined || signature === "") return { type: "reasoning", text };
  return { type: "reasoning", text, signature: { value: signature, form: "text" } };
}

function redacted(data: string): IrRedacted {
  return { type: "redacted", data: { value: data, form: "text" } };
}
