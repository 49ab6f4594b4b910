import type {
  IrAnswerPart,
  IrMedia,
  IrOpaque,
  IrSource,
  IrText,
  IrToolResult,
  IrUserPart,
} from "../ir/parts.ts";
import type { IrMessage } from "../ir/request.ts";
import { readSeal } from "../ir/seals.ts";
import type { IrCache, Json, JsonObject } from "../ir/values.ts";
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

export function readMessage(item: Json): IrMessage {
  const message = asObject(item);
  const role = neededText(message, "role");
  const content = message["content"];
  switch (role) {
    case "user":
      return { role, parts: readContent(content, readUserBlock) };
    case "assistant":
      return { role, parts: readContent(content, readAnswerBlock), isOrderKnown: true };
    case "system":
      return {
        role,
        voice: "system",
        parts: readContent(content, readUserBlock).filter((part) => part.type === "text"),
      };
    default:
      return meaningless("role", `unexpected role: "${role}"`);
  }
}

export function readSystem(system: Json | undefined): IrText[] {
  if (system === undefined) return [];
  return readContent(system, readUserBlock).filter((part) => part.type === "text");
}

/** A string, null for none, or a list of blocks. */
function readContent<Part>(
  content: Json | undefined,
  readBlock: (block: JsonObject) => Part,
): (Part | IrText)[] {
  if (content === undefined || content === null) return [];
  const text = textOf(content);
  if (text !== undefined) return [{ type: "text", text }];
  const blocks = arrayOf(content) ?? malformed("content", "must be a string or an array of blocks");
  return readEach("content", blocks, (item) => readBlock(asObject(item)));
}

export function readCache(carrier: JsonObject): IrCache | undefined {
  const control = objectOf(carrier["cache_control"]);
  return control?.["type"] === "ephemeral" ? { ttl: textOf(control["ttl"]) } : undefined;
}

function readUserBlock(block: JsonObject): IrUserPart {
  const type = neededText(block, "type");
  switch (type) {
    case "text":
      return readText(block);
    case "image":
    case "document":
      return readMedia(block, type);
    case "search_result":
      return readSearchResult(block);
    case "tool_result":
      return readToolResult(block);
    default:
      return opaque(block, type);
  }
}

function readAnswerBlock(block: JsonObject): IrAnswerPart {
  const type = neededText(block, "type");
  switch (type) {
    case "text":
      return readText(block);
    case "thinking": {
      const signature = textIn(block, "signature");
      const text = textIn(block, "thinking");
      return {
        type: "reasoning",
        text,
        signature: signature ? readSeal(signature, "anthropic", "text") : undefined,
      };
    }
    case "redacted_thinking":
      return { type: "redacted", data: readSeal(neededText(block, "data"), "anthropic", "text") };
    case "tool_use": {
      const { id, name } = { id: textIn(block, "id") ?? "", name: neededText(block, "name") };
      const input = JSON.stringify(block["input"] ?? {});
      return { type: "tool-call", id, name, kind: "function", input, cache: readCache(block) };
    }
    default:
      return opaque(block, type);
  }
}

function readText(block: JsonObject): IrText {
  return { type: "text", text: neededText(block, "text"), cache: readCache(block) };
}

function opaque(block: JsonObject, name: string): IrOpaque {
  return { type: "opaque", family: "anthropic", name, block };
}

function readMedia(block: JsonObject, kind: "image" | "document"): IrMedia {
  const source = neededObject(block, "source");
  return {
    type: "media",
    kind,
    source: within("source", () => readSource(source)),
    mediaType: textIn(source, "media_type"),
    name: textIn(block, "title"),
    context: textIn(block, "context"),
    cache: readCache(block),
  };
}

function readSource(source: JsonObject): IrSource {
  const type = neededText(source, "type");
  switch (type) {
    case "base64":
      return { type, data: neededText(source, "data") };
    case "url":
      return { type, url: neededText(source, "url") };
    case "file":
      return { type: "file-id", id: neededText(source, "file_id"), family: "anthropic" };
    case "text":
      return { type, text: neededText(source, "data") };
    case "content":
      return { type: "parts", parts: readInner(source["content"]) };
    default:
      return meaningless("type", `"${type}" is not known`);
  }
}

function readInner(content: Json | undefined): (IrText | IrMedia)[] {
  return readContent(content, readUserBlock).filter((part) => part.type === "text" || part.type === "media");
}

/** `source` is where it was found; it is what a citation names. */
function readSearchResult(block: JsonObject): IrMedia {
  return {
    type: "media",
    kind: "search-result",
    source: { type: "parts", parts: readInner(block["content"]) },
    name: textIn(block, "title"),
    context: textIn(block, "source"),
    cache: readCache(block),
  };
}

function readToolResult(block: JsonObject): IrToolResult {
  const parts = readContent(block["content"], readUserBlock);
  return {
    type: "tool-result",
    callId: textIn(block, "tool_use_id") ?? "",
    isError: block["is_error"] === true,
    parts: parts.filter((part) => part.type !== "tool-result"),
    cache: readCache(block),
  };
}
