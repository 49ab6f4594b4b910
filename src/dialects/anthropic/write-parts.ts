import { Buffer } from "node:buffer";
import type { IrAnswerPart, IrMedia, IrText, IrToolCall, IrToolResult, IrUserPart } from "../ir/parts.ts";
import { sealAsText } from "../ir/seals.ts";
import type { IrCache, Json, JsonObject } from "../ir/values.ts";
import { refuse, type Warnings } from "../ir/warnings.ts";
import { parseExactObject } from "../wire/exact-json.ts";
import type { AnthropicHost } from "./hosts.ts";

type Block = { [member: string]: Json };

/** What writing parts needs to know. `path`: of the message. */
export interface PartWriting {
  readonly host: AnthropicHost;
  readonly warnings: Warnings;
  readonly toolName: (name: string) => string;
  readonly path: string;
}

/** `undefined` for parts that are left out. */
export function writeUserPart(part: IrUserPart, writing: PartWriting): JsonObject | undefined {
  switch (part.type) {
    case "text":
      return writeText(part);
    case "media":
      return cached(writeMedia(part, writing), part.cache);
    case "tool-result":
      return writeToolResult(part, writing);
    case "opaque":
      return writeOpaque(part, writing);
  }
}

export function writeAnswerPart(part: IrAnswerPart, writing: PartWriting): JsonObject | undefined {
  const { path, warnings } = writing;
  switch (part.type) {
    case "text":
      return writeText(part);
    case "tool-call":
      return cached(writeToolCall(part, writing), part.cache);
    case "reasoning": {
      const signature = sealAsText(part.signature, "anthropic");
      // Claude refuses thinking that it cannot check: an empty text is known to be empty, an absent one got lost.
      if (signature !== undefined && part.text !== undefined)
        return { type: "thinking", thinking: part.text, signature };
      warnings.quiet(path, "reasoning without a signature of Anthropic's is left out");
      return undefined;
    }
    case "redacted": {
      const data = sealAsText(part.data, "anthropic");
      if (data !== undefined) return { type: "redacted_thinking", data };
      warnings.quiet(path, "another provider's hidden reasoning is left out");
      return undefined;
    }
    case "media":
      warnings.loud(path, `${part.kind} of an earlier answer is left out`);
      return undefined;
    case "opaque":
      return writeOpaque(part, writing);
  }
}

export function writeText(part: IrText): JsonObject | undefined {
  return part.text === "" ? undefined : cached({ type: "text", text: part.text }, part.cache);
}

export function cached(block: Block, cache: IrCache | undefined): Block {
  if (cache !== undefined) block["cache_control"] = writeCache(cache);
  return block;
}

export function writeCache({ ttl }: IrCache): JsonObject {
  return ttl === undefined ? { type: "ephemeral" } : { type: "ephemeral", ttl };
}

function writeOpaque(
  part: Extract<IrUserPart, { type: "opaque" }>,
  { path, warnings }: PartWriting,
): JsonObject | undefined {
  if (part.family === "anthropic") return part.block;
  warnings.loud(path, `${part.name} means something to ${part.family} only; left out`);
  return undefined;
}

const images = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);
const pdf = "application/pdf";

function writeMedia(part: IrMedia, { host, path }: PartWriting): Block {
  const { source, mediaType } = part;
  if (part.kind === "audio" || part.kind === "video") return refuse(path, `Claude takes no ${part.kind}`);
  if (source.type === "url")
    return host.takesUrls
      ? writeUrl(part, source.url)
      : refuse(path, "Claude on Bedrock takes no URLs; send the bytes");
  if (source.type === "text")
    return document(part, { type: "text", media_type: "text/plain", data: source.text });
  if (source.type === "file-id") {
    return host.isNative
      ? document(part, { type: "file", file_id: source.id })
      : refuse(path, "files exist at Anthropic only");
  }
  if (source.type === "parts") return refuse(path, `${part.kind} made of parts is not supported`);
  if (images.has(mediaType ?? ""))
    return { type: "image", source: { type: "base64", media_type: mediaType!, data: source.data } };
  if (mediaType === pdf) return document(part, { type: "base64", media_type: pdf, data: source.data });
  if (mediaType !== "text/plain")
    return refuse(path, `Claude takes no ${mediaType || "data without a media type"}`);
  const data = Buffer.from(source.data, "base64").toString();
  return document(part, { type: "text", media_type: "text/plain", data });
}

function writeUrl(part: IrMedia, url: string): Block {
  const source = { type: "url", url };
  const isDocument = part.kind === "document" || url.toLowerCase().endsWith(".pdf");
  return isDocument ? document(part, source) : { type: "image", source };
}

function document(part: IrMedia, source: JsonObject): Block {
  const block: Block = { type: "document", source };
  if (part.name !== undefined) block["title"] = part.name;
  if (part.context !== undefined) block["context"] = part.context;
  return block;
}

/** `is_error` is always there; a breakpoint of the last inner part moves out, since there are only four. */
function writeToolResult(part: IrToolResult, writing: PartWriting): JsonObject {
  const block: Block = {
    type: "tool_result",
    tool_use_id: callId(part.callId, writing.path),
    is_error: part.isError ?? false,
  };
  const inner = part.parts.map((item) => writeUserPart(item, writing)).filter((item) => item !== undefined);
  const last = inner.at(-1);
  if (part.cache !== undefined) block["cache_control"] = writeCache(part.cache);
  else if (last?.["cache_control"] !== undefined) {
    const { cache_control, ...rest } = last;
    block["cache_control"] = cache_control!;
    inner.splice(-1, 1, rest);
  }
  if (inner.length > 0) block["content"] = inner;
  return block;
}

function writeToolCall(part: IrToolCall, { path, toolName }: PartWriting): Block {
  const id = callId(part.id, path);
  const input = part.input.trim() === "" ? {} : parseExactObject(part.input);
  if (input === undefined)
    return refuse(path, `the arguments of the tool call ${part.id} are not a JSON object`);
  return { type: "tool_use", id, name: toolName(part.name), input };
}

/** Anthropic takes letters, digits, `_` and `-`; the same change in call and result keeps them together. */
function callId(id: string, path: string): string {
  return id === "" ? refuse(path, "a tool call needs an id") : id.replace(/[^a-zA-Z0-9_-]/g, "_");
}
