import type { IrMedia, IrText } from "../ir/parts.ts";
import type { IrCache, Json, JsonObject } from "../ir/values.ts";
import { readClientUrl } from "../wire/data-url.ts";
import { arrayOf, objectOf, textOf } from "../wire/exact-json.ts";
import {
  asObject,
  malformed,
  meaningless,
  neededObject,
  neededText,
  readEach,
  textIn,
  within,
} from "../wire/grammar.ts";

/** A string, null for none, or a list of parts. */
export function readContent<Part>(
  content: Json | undefined,
  name: string,
  readPart: (part: JsonObject) => Part,
): (Part | IrText)[] {
  if (content === undefined || content === null) return [];
  const text = textOf(content);
  if (text !== undefined) return [{ type: "text", text }];
  const parts = arrayOf(content) ?? malformed(name, "must be a string or an array of parts");
  return readEach(name, parts, (item) => readPart(asObject(item)));
}

/** OpenAI's explicit breakpoint, whose ttl is a minimum, or the extension that chat has too. */
export function readCache(carrier: JsonObject): IrCache | undefined {
  const breakpoint = objectOf(carrier["prompt_cache_breakpoint"]);
  if (breakpoint !== undefined) return breakpoint["ttl"] === undefined ? {} : { ttl: "1h" };
  const control = objectOf(carrier["cache_control"]);
  return control?.["type"] === "ephemeral" ? { ttl: textOf(control["ttl"]) } : undefined;
}

/** Clients mix up which kind of text goes into which direction, and servers let them. */
const texts = new Set(["input_text", "output_text", "text"]);

export function readTextPart(part: JsonObject): IrText {
  const type = neededText(part, "type");
  return texts.has(type) ? textPart(part) : meaningless("type", `only text is possible here, not "${type}"`);
}

/** A part of an assistant message. */
export function readAnswerPart(part: JsonObject): IrText {
  if (part["type"] !== "refusal") return readTextPart(part);
  return { type: "text", text: neededText(part, "refusal"), isRefusal: true };
}

/** A part of a user message, or of what a tool gave. */
export function readInputPart(part: JsonObject): IrText | IrMedia {
  const type = neededText(part, "type");
  if (texts.has(type)) return textPart(part);
  switch (type) {
    case "input_image":
      return imagePart(part);
    case "input_file":
      return filePart(part);
    case "input_audio":
      return audioPart(part);
    default:
      return meaningless("type", `"${type}" is not known`);
  }
}

function textPart(part: JsonObject): IrText {
  return { type: "text", text: neededText(part, "text"), cache: readCache(part) };
}

function imagePart(part: JsonObject): IrMedia {
  const url = textIn(part, "image_url");
  const shared = {
    type: "media",
    kind: "image",
    detail: textIn(part, "detail"),
    cache: readCache(part),
  } as const;
  if (url === undefined) return { ...shared, source: fileId(part, "image_url") };
  return { ...shared, ...within("image_url", () => readClientUrl(url)) };
}

function filePart(part: JsonObject): IrMedia {
  const name = textIn(part, "filename");
  const data = textIn(part, "file_data");
  const url = textIn(part, "file_url");
  const shared = { type: "media", kind: "document", name, cache: readCache(part) } as const;
  if (data !== undefined) return { ...shared, ...readFileData(data, name) };
  if (url !== undefined) return { ...shared, source: { type: "url", url } };
  return { ...shared, source: fileId(part, "file_data, file_url") };
}

/** OpenAI wants a data URL; bare base64 is taken too, by the file's name. */
function readFileData(data: string, name: string | undefined) {
  if (data.startsWith("data:")) return within("file_data", () => readClientUrl(data));
  const mediaType = name?.toLowerCase().endsWith(".txt") ? "text/plain" : "application/pdf";
  return { source: { type: "base64", data }, mediaType } as const;
}

function fileId(part: JsonObject, others: string) {
  const id = textIn(part, "file_id") ?? meaningless("", `needs ${others} or file_id`);
  return { type: "file-id", id, family: "openai" } as const;
}

function audioPart(part: JsonObject): IrMedia {
  const audio = neededObject(part, "input_audio");
  const source = { type: "base64", data: neededText(audio, "data") } as const;
  const format = textIn(audio, "format");
  const mediaType = format === undefined ? undefined : `audio/${format}`;
  return { type: "media", kind: "audio", source, mediaType, cache: readCache(part) };
}
