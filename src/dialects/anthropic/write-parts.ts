import { Buffer } from "node:buffer";
import type { IrAnswerPart, IrMedia, IrText, IrToolCall, IrToolResult, IrUserPart } from "../ir/parts.ts";
import { sealAsText } from "../ir/seals.ts";
import type { IrCache, Json, JsonObject } from "../ir/values.ts";
import { Place, type Warnings } from "../ir/warnings.ts";
import { parseExactObject } from "../wire/exact-json.ts";
import type { AnthropicHost } from "./hosts.ts";

type Block = { [member: string]: Json };

/** What writing parts needs to know. */
export class PartWriting extends Place {
  readonly host: AnthropicHost;
  readonly toolName: (name: string) => string;

  constructor(host: AnthropicHost, warnings: Warnings, toolName: (name: string) => string) {
    super(warnings);
    this.host = host;
    this.toolName = toolName;
  }
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
      writing.quiet("reasoning without a signature of Anthropic's is left out");
      return undefined;
    }
    case "redacted": {
      const data = sealAsText(part.data, "anthropic");
      if (data !== undefined) return { type: "redacted_thinking", data };
      writing.quiet("another provider's hidden reasoning is left out");
      return undefined;
    }
    case "media":
      writing.loud(`${part.kind} of an earlier answer is left out`);
      return undefined;
    case "opaque":
      return writeOpaque(part, writing);
  }
}

export function writeText(part: IrText): JsonObject | undefined {
  if (part.text === "") return undefined;
  const { text, cache } = part;
  return cache === undefined
    ? { text, type: "text" }
    : { text, cache_control: writeCache(cache), type: "text" };
}

function cached(block: Block, cache: IrCache | undefined): Block {
  if (cache !== undefined) block["cache_control"] = writeCache(cache);
  return block;
}

export function writeCache({ ttl }: IrCache): JsonObject {
  return ttl === undefined ? { type: "ephemeral" } : { type: "ephemeral", ttl };
}

function writeOpaque(
  part: Extract<IrUserPart, { type: "opaque" }>,
  writing: PartWriting,
): JsonObject | undefined {
  if (part.family === "anthropic") return part.block;
  writing.loud(`${part.name} means something to ${part.family} only; left out`);
  return undefined;
}

const images = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);
const pdf = "application/pdf";

function writeMedia(part: IrMedia, writing: PartWriting): Block {
  const { host } = writing;
  const { source, mediaType } = part;
  if (part.kind === "audio" || part.kind === "video") return writing.refuse(`Claude takes no ${part.kind}`);
  if (source.type === "url")
    return host.takesUrls
      ? writeUrl(part, source.url)
      : writing.refuse("Claude on Bedrock takes no URLs; send the bytes");
  if (source.type === "text")
    return document(part, { type: "text", media_type: "text/plain", data: source.text });
  if (source.type === "file-id") {
    return host.isNative
      ? document(part, { type: "file", file_id: source.id })
      : writing.refuse("files exist at Anthropic only");
  }
  if (source.type === "parts") return writing.refuse(`${part.kind} made of parts is not supported`);
  if (images.has(mediaType ?? ""))
    return { type: "image", source: { type: "base64", media_type: mediaType!, data: source.data } };
  if (mediaType === pdf) return document(part, { type: "base64", media_type: pdf, data: source.data });
  if (mediaType !== "text/plain")
    return writing.refuse(`Claude takes no ${mediaType || "data without a media type"}`);
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
    tool_use_id: callId(part.callId, writing),
    is_error: part.isError ?? false,
  };
  const inner: JsonObject[] = [];
  for (const item of part.parts) {
    const written = writeUserPart(item, writing);
    if (written !== undefined) inner.push(written);
  }
  const last = inner.at(-1);
  if (part.cache !== undefined) block["cache_control"] = writeCache(part.cache);
  else if (last?.["cache_control"] !== undefined) {
    const { cache_control, ...rest } = last;
    block["cache_control"] = cache_control!;
    inner.splice(-1, 1, rest);
  }
  if (inner.length > 0) block["content"] = inner;
  block["type"] = "tool_result";
  return block;
}

function writeToolCall(part: IrToolCall, writing: PartWriting): Block {
  const id = callId(part.id, writing);
  const input = part.input.trim() === "" ? {} : parseExactObject(part.input);
  if (input === undefined)
    return writing.refuse(`the arguments of the tool call ${part.id} are not a JSON object`);
  return { id, input, name: writing.toolName(part.name), type: "tool_use" };
}

/** Anthropic takes letters, digits, `_` and `-`; the same change in call and result keeps them together. */
function callId(id: string, writing: PartWriting): string {
  if (id === "") return writing.refuse("a tool call needs an id");
  return illegalInId.test(id) ? id.replaceAll(illegalInIds, "_") : id;
}

const illegalInId = /[^a-zA-Z0-9_-]/;
const illegalInIds = /[^a-zA-Z0-9_-]/g;
