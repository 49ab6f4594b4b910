import { Buffer } from "node:buffer";
import type { IrMedia, IrSource, IrText } from "../ir/parts.ts";
import type { DocumentMedia, FormattedMedia, MediaBlock, MediaSource, TextBlock } from "./types.ts";
import { refuse, type Writing } from "./writing.ts";

type FormatTable = { readonly [key: string]: string };

const imageFormats: FormatTable = {
  "image/png": "png",
  "image/jpeg": "jpeg",
  "image/jpg": "jpeg",
  "image/gif": "gif",
  "image/webp": "webp",
  png: "png",
  jpeg: "jpeg",
  jpg: "jpeg",
  gif: "gif",
  webp: "webp",
};

const documentFormats: FormatTable = {
  "application/pdf": "pdf",
  "text/csv": "csv",
  "application/msword": "doc",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
  "application/vnd.ms-excel": "xls",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "text/html": "html",
  "text/plain": "txt",
  "text/markdown": "md",
  pdf: "pdf",
  csv: "csv",
  doc: "doc",
  docx: "docx",
  xls: "xls",
  xlsx: "xlsx",
  html: "html",
  txt: "txt",
  md: "md",
};

const audioFormats: FormatTable = {
  ...formatsOf("audio", "aac flac m4a mka mkv mp3 mp4 mpeg mpga ogg opus pcm wav webm"),
  "audio/mpeg": "mp3",
  "audio/x-wav": "wav",
  "audio/wave": "wav",
  "audio/mp4": "mp4",
  "audio/x-m4a": "m4a",
  "audio/x-aac": "x-aac",
  "audio/pcm16": "pcm",
};

const videoFormats: FormatTable = {
  ...formatsOf("video", "flv mkv mov mp4 mpeg mpg webm wmv"),
  "video/quicktime": "mov",
  "video/x-matroska": "mkv",
  "video/x-flv": "flv",
  "video/x-ms-wmv": "wmv",
  "video/3gpp": "three_gp",
  "3gp": "three_gp",
};

/** Formats that are called like the media type's second half and the file's ending. */
function formatsOf(kind: string, formats: string): FormatTable {
  return Object.fromEntries(
    formats.split(" ").flatMap((format) => [
      [format, format],
      [`${kind}/${format}`, format],
    ]),
  );
}

/** Writes an image, document, search result, audio or video. Throws `ExchangeFailure` for what Bedrock does not take. */
export function writeMedia(part: IrMedia, writing: Writing, path: string): MediaBlock {
  switch (part.kind) {
    case "image":
      return { image: formatted(part, imageFormats, path) };
    case "audio":
      return { audio: formatted(part, audioFormats, path) };
    case "video":
      return { video: formatted(part, videoFormats, path) };
    case "document":
      return { document: writeDocument(part, writing, path) };
    case "search-result":
      return writeSearchResult(part, path);
  }
}

function formatted(part: IrMedia, formats: FormatTable, path: string): FormattedMedia {
  // The declared kind decides: a PDF that came as an image is no image.
  const format = formats[part.mediaType ?? ""] ?? (part.mediaType ? undefined : formatByName(part, formats));
  if (format === undefined) return refuse(path, noFormat(part));
  return { format, source: writeSource(part.source, part.kind, path) };
}

function writeDocument(part: IrMedia, writing: Writing, path: string): DocumentMedia {
  const isText = part.source.type === "text" || part.source.type === "parts";
  const format = isText
    ? "txt"
    : (formatByName(part, documentFormats) ?? documentFormats[part.mediaType ?? ""]);
  if (format === undefined) return refuse(path, noFormat(part));
  return {
    format,
    name: writing.documentNames.next(part.name),
    source: writeSource(part.source, part.kind, path),
    context: part.context,
  };
}

function formatByName(part: IrMedia, formats: FormatTable): string | undefined {
  const name = part.source.type === "url" ? part.source.url : part.name;
  const extension = /\.(\w+)$/.exec(name ?? "")?.[1]?.toLowerCase();
  return extension === undefined ? undefined : formats[extension];
}

function noFormat(part: IrMedia): string {
  if (part.source.type === "url" && !part.source.url.startsWith("s3:")) return noUrl(part.kind);
  return `Bedrock takes no ${part.mediaType || `${part.kind} without a media type`} as ${part.kind}`;
}

function noUrl(kind: IrMedia["kind"]): string {
  return `Bedrock fetches no URLs but s3:// ones; send the bytes of the ${kind}, as a data URL`;
}

function writeSource(source: IrSource, kind: IrMedia["kind"], path: string): MediaSource {
  switch (source.type) {
    case "base64":
      return { bytes: checkBase64(source.data, path) };
    case "text":
      return { bytes: Buffer.from(source.text).toString("base64") };
    case "url":
      if (!source.url.startsWith("s3://")) return refuse(path, noUrl(kind));
      return { s3Location: { uri: source.url } };
    case "file-id":
      return refuse(path, `the file "${source.id}" is not known to Bedrock; send its bytes`);
    case "parts":
      return { content: writeTexts(source.parts, path) };
  }
}

/** Bedrock answers a broken one with an error that does not say which. */
function checkBase64(data: string, path: string): string {
  const packed = /\s/.test(data) ? data.replace(/\s+/g, "") : data;
  return /^[A-Za-z0-9+/]*={0,2}$/.test(packed) ? packed : refuse(path, "the data is not base64");
}

function writeSearchResult(part: IrMedia, path: string): MediaBlock {
  const parts = part.source.type === "parts" ? part.source.parts : [];
  const { context: source = "", name: title = "" } = part;
  return { searchResult: { source, title, content: writeTexts(parts, path) } };
}

function writeTexts(parts: readonly (IrText | IrMedia)[], path: string): TextBlock[] {
  return parts.map((part) =>
    part.type === "text" ? { text: part.text } : refuse(path, "Bedrock takes texts only within a document"),
  );
}
