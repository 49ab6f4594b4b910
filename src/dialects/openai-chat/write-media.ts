import type { IrMedia } from "../ir/parts.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import type { Place } from "../ir/warnings.ts";

/** `text`: of a document that is text, which goes as such. */
export function writeMedia(part: IrMedia, text: string, place: Place): JsonObject {
  const { kind, mediaType, source } = part;
  if (source.type === "text" || source.type === "parts") return { type: "text", text };
  if (kind === "audio") return writeAudio(part, place);
  if (kind === "video")
    return source.type === "url"
      ? { type: "video_url", video_url: { url: source.url } }
      : place.refuse("chat takes video by URL only");
  if (source.type === "file-id") return fileOf(part, place);
  if (source.type === "url" && kind !== "image")
    return place.refuse("chat takes no documents by URL; send the bytes");
  const isImage = source.type === "url" || mediaType?.startsWith("image/") === true;
  return isImage ? imageOf(part, place) : fileOf(part, place);
}

function imageOf(part: IrMedia, place: Place): JsonObject {
  const image: { [member: string]: Json } = { url: urlOf(part, place) };
  if (part.detail !== undefined) image["detail"] = part.detail;
  return { type: "image_url", image_url: image };
}

function urlOf({ source, mediaType }: IrMedia, place: Place): string {
  if (source.type === "url") return source.url;
  return source.type === "base64"
    ? `data:${mediaType ?? "application/octet-stream"};base64,${source.data}`
    : place.refuse("has no address");
}

function fileOf(part: IrMedia, place: Place): JsonObject {
  const { source, mediaType, name } = part;
  if (source.type === "file-id") {
    return source.family === "openai"
      ? { type: "file", file: { file_id: source.id } }
      : place.refuse(`the file is ${source.family}'s`);
  }
  const ending = mediaType === "application/pdf" ? ".pdf" : "";
  const filename =
    name === undefined || (ending !== "" && !name.includes(".")) ? `${name ?? "document"}${ending}` : name;
  return { type: "file", file: { filename, file_data: urlOf(part, place) } };
}

function writeAudio({ source, mediaType }: IrMedia, place: Place): JsonObject {
  if (source.type === "url") return { type: "audio_url", audio_url: { url: source.url } };
  if (source.type !== "base64") return place.refuse("audio must be sent as bytes");
  const format = mediaType?.replace(/^audio\/(?:x-)?/, "") ?? "wav";
  return {
    type: "input_audio",
    input_audio: { data: source.data, format: format === "mpeg" ? "mp3" : format },
  };
}
