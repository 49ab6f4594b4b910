import type { IrMedia, IrText } from "../ir/parts.ts";
import type { JsonObject } from "../ir/values.ts";
import type { GeminiModel } from "./model-name.ts";
import { type Place, refuse } from "./refuse.ts";

/** Media types by the ending of a file's name. What is not here falls back by the kind of part. */
const typeByExtension: { readonly [extension: string]: string } = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  bmp: "image/bmp",
  heic: "image/heic",
  heif: "image/heif",
  avif: "image/avif",
  tiff: "image/tiff",
  svg: "image/svg+xml",
  pdf: "application/pdf",
  json: "application/json",
  xml: "application/xml",
  rtf: "application/rtf",
  txt: "text/plain",
  md: "text/markdown",
  html: "text/html",
  css: "text/css",
  csv: "text/csv",
  wav: "audio/wav",
  mp3: "audio/mpeg",
  m4a: "audio/m4a",
  aac: "audio/aac",
  aiff: "audio/aiff",
  ogg: "audio/ogg",
  opus: "audio/opus",
  flac: "audio/flac",
  mp4: "video/mp4",
  mpeg: "video/mpeg",
  mpg: "video/mpeg",
  mov: "video/quicktime",
  avi: "video/x-msvideo",
  flv: "video/x-flv",
  webm: "video/webm",
  wmv: "video/x-ms-wmv",
  mkv: "video/x-matroska",
  "3gp": "video/3gpp",
};

const typeByKind = {
  image: "image/jpeg",
  audio: "audio/mpeg",
  video: "video/mp4",
  document: "application/pdf",
  "search-result": "text/plain",
} as const satisfies Record<IrMedia["kind"], string>;

const resolutionOf: { readonly [detail: string]: string } = {
  low: "MEDIA_RESOLUTION_LOW",
  medium: "MEDIA_RESOLUTION_MEDIUM",
  high: "MEDIA_RESOLUTION_HIGH",
  auto: "MEDIA_RESOLUTION_UNSPECIFIED",
};

/** The parts that stand for one piece of media; none for an empty URL. Throws `ExchangeFailure`. */
export function writeMedia(media: IrMedia, model: GeminiModel, place: Place): JsonObject[] {
  const { source } = media;
  switch (source.type) {
    case "base64": {
      const mimeType = media.mediaType ?? typeOf(media, media.name);
      return [withDetail({ inlineData: { mimeType, data: source.data } }, media, model, place)];
    }
    case "url":
      return source.url === "" ? [] : [withDetail(fileData(media, source.url, place), media, model, place)];
    case "file-id":
      if (!/^(gs|https):\/\//.test(source.id)) {
        refuse(place, `Gemini reads files by gs:// or https:// address, not by the id "${source.id}"`);
      }
      return [withDetail(fileData(media, source.id, place), media, model, place)];
    case "text":
      return texts(media, [source.text]);
    case "parts":
      return [...texts(media, []), ...source.parts.flatMap((part) => writePart(part, model, place))];
  }
}

function writePart(part: IrText | IrMedia, model: GeminiModel, place: Place): JsonObject[] {
  if (part.type === "media") return writeMedia(part, model, place);
  return part.text === "" ? [] : [{ text: part.text }];
}

/** Title and context of a document stand before its text, since Gemini has no other place for them. */
function texts(media: IrMedia, body: string[]): JsonObject[] {
  return [media.name, media.context, ...body].filter((text) => text).map((text) => ({ text: text ?? "" }));
}

function fileData(media: IrMedia, url: string, place: Place): JsonObject {
  if (!URL.canParse(url)) refuse(place, `"${url.slice(0, 200)}" is not a URL`);
  return { fileData: { fileUri: url, mimeType: media.mediaType ?? typeOf(media, new URL(url).pathname) } };
}

function typeOf(media: IrMedia, name: string | undefined): string {
  const extension = /\.(\w+)$/.exec(name ?? "")?.[1]?.toLowerCase() ?? "";
  return typeByExtension[extension] ?? typeByKind[media.kind];
}

function withDetail(part: JsonObject, media: IrMedia, model: GeminiModel, place: Place): JsonObject {
  if (media.detail === undefined || !model.hasMediaResolution) return part;
  const level = resolutionOf[media.detail];
  if (level === undefined) {
    refuse(place, `the detail "${media.detail}" is none of low, medium, high and auto`);
  }
  return { ...part, mediaResolution: { level } };
}
