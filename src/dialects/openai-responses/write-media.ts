import type { IrMedia } from "../ir/parts.ts";
import type { JsonObject } from "../ir/values.ts";
import { refuse } from "../ir/warnings.ts";

/** A medium as a part of an input. `path`: of the message. */
export function writeMedia(part: IrMedia, path: string): JsonObject {
  const { kind, mediaType, source } = part;
  if (source.type === "text" || source.type === "parts") return { type: "input_text", text: textIn(part) };
  if (kind === "video") return refuse(path, "this API takes no video");
  if (kind === "audio") return writeAudio(part, path);
  if (source.type === "file-id" && source.family !== "openai")
    return refuse(path, `the file is ${source.family}'s`);
  const isImage = kind === "image" && (source.type !== "base64" || mediaType?.startsWith("image/") === true);
  return isImage ? writeImage(part) : writeFile(part);
}

/** The text of a document that is text, a search result with its source. */
function textIn({ name, source, context }: IrMedia): string {
  if (source.type === "text") return source.text;
  if (source.type !== "parts") return "";
  const inner = source.parts.map((part) => (part.type === "text" ? part.text : "")).join("\n");
  return [name, context, inner].filter((line) => line !== undefined && line !== "").join("\n");
}

function writeImage(part: IrMedia): JsonObject {
  const { detail = "auto", source } = part;
  if (source.type === "file-id") return { type: "input_image", file_id: source.id, detail };
  return { type: "input_image", image_url: urlOf(part), detail };
}

function writeFile(part: IrMedia): JsonObject {
  const { source, mediaType, name } = part;
  if (source.type === "file-id") return { type: "input_file", file_id: source.id };
  if (source.type === "url") return { type: "input_file", file_url: source.url };
  const filename = name ?? (mediaType === "application/pdf" ? "document.pdf" : "document");
  return { type: "input_file", filename, file_data: urlOf(part) };
}

function urlOf({ source, mediaType }: IrMedia): string {
  if (source.type === "url") return source.url;
  const data = source.type === "base64" ? source.data : "";
  return `data:${mediaType ?? "application/octet-stream"};base64,${data}`;
}

function writeAudio({ source, mediaType }: IrMedia, path: string): JsonObject {
  if (source.type !== "base64") return refuse(path, "audio must be sent as bytes");
  const format = mediaType?.replace(/^audio\/(?:x-)?/, "") ?? "wav";
  return {
    type: "input_audio",
    input_audio: { data: source.data, format: format === "mpeg" ? "mp3" : format },
  };
}
