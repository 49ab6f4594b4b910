import type { IrAnswerPart, IrReasoning, IrToolCall, IrToolResult, IrUserPart } from "../ir/parts.ts";
import type { IrMessage, IrRequest, IrSystemMessage } from "../ir/request.ts";
import { parseExactObject } from "../wire/exact-json.ts";
import { isForModel, sealBytes, sealText } from "./seals.ts";
import type { ContentBlock, MediaBlock, Message, SystemBlock, TextBlock, ToolResult } from "./types.ts";
import { writeMedia } from "./write-media.ts";
import { cachePoint, refuse, type Writing } from "./writing.ts";

export interface Conversation {
  readonly system: SystemBlock[];
  readonly messages: Message[];
}

/**
 * Writes a conversation as Converse has it.
 *
 * - System messages are gathered in front, in order, a block for each part.
 * - A run of messages that are tool results only becomes one, and the user's next words join it, since several models
 *   insist on turns. Other messages are never merged.
 * - Empty texts and messages are left out, since Bedrock refuses them. Where nothing would be left of the user's words,
 *   the empty text goes, so that the refusal is about it.
 */
export function writeConversation(request: IrRequest, writing: Writing): Conversation {
  const system: SystemBlock[] = [];
  const messages: Message[] = [];
  /** The user message that holds tool results only, while it is the last. */
  let results: Message | undefined;
  for (const [index, message] of request.messages.entries()) {
    const path = `messages[${index}]`;
    if (message.role === "system") {
      if (messages.length > 0)
        writing.warnings.loud(path, "a system message moves to the front of the conversation");
      system.push(...writeSystem(message));
      continue;
    }
    const content = writeContent(message, writing, path);
    if (content.length === 0) continue;
    const isResults = message.parts.every((part) => part.type === "tool-result");
    if (message.role === "user" && results !== undefined) results.content.push(...content);
    else messages.push({ content, role: message.role });
    results = message.role === "user" && isResults ? messages.at(-1) : undefined;
  }
  const isSilent = messages.length === 0 && request.messages.some(({ role }) => role === "user");
  return { system, messages: isSilent ? [{ role: "user", content: [{ text: "" }] }] : messages };
}

function writeSystem(message: IrSystemMessage): SystemBlock[] {
  return message.parts.flatMap(({ text, cache }): SystemBlock[] => {
    if (text === "") return [];
    return cache === undefined ? [{ text }] : [{ text }, cachePoint(cache)];
  });
}

function writeContent(
  message: Exclude<IrMessage, IrSystemMessage>,
  writing: Writing,
  path: string,
): ContentBlock[] {
  const content: ContentBlock[] = [];
  for (const [index, part] of message.parts.entries()) {
    const at = `${path}.content[${index}]`;
    const block =
      message.role === "user"
        ? writeUserPart(part as IrUserPart, writing, at)
        : writeAnswerPart(part as IrAnswerPart, writing, at);
    if (block === undefined) continue;
    content.push(block);
    const cache = cacheOf(part);
    if (cache !== undefined) content.push(cachePoint(cache));
  }
  if (hasUnexplainedDocument(content)) content.push({ text: "See the attached document." });
  return content;
}

/** Converse takes no breakpoint after reasoning, nor within a tool result: there the last inner one moves out. */
function cacheOf(part: IrUserPart | IrAnswerPart) {
  if (part.type === "reasoning" || part.type === "redacted") return undefined;
  if (part.type !== "tool-result" || part.cache !== undefined) return part.cache;
  return part.parts.findLast(({ cache }) => cache !== undefined)?.cache;
}

/** Bedrock wants words beside a document. */
function hasUnexplainedDocument(content: readonly ContentBlock[]): boolean {
  return content.some((block) => "document" in block) && !content.some((block) => "text" in block);
}

function writeUserPart(part: IrUserPart, writing: Writing, path: string): ContentBlock | undefined {
  switch (part.type) {
    case "text":
      return part.text === "" ? undefined : { text: part.text };
    case "media":
      return writeMedia(part, writing, path);
    case "tool-result":
      return { toolResult: writeToolResult(part, writing, path) };
    case "opaque":
      return refuseBlock(part.name, path);
  }
}

function writeAnswerPart(part: IrAnswerPart, writing: Writing, path: string): ContentBlock | undefined {
  switch (part.type) {
    case "text":
      return part.text === "" ? undefined : { text: part.text };
    case "reasoning":
      return writeReasoning(part, writing, path);
    case "redacted":
      if (isForModel(part.data, writing.model))
        return { reasoningContent: { redactedContent: sealBytes(part.data) } };
      writing.warnings.loud(path, "hidden reasoning of another provider is left out");
      return undefined;
    case "tool-call":
      return writeToolCall(part, writing, path);
    case "media":
      writing.warnings.loud(path, `${part.kind} of an earlier answer is left out`);
      return undefined;
    case "opaque":
      return refuseBlock(part.name, path);
  }
}

function refuseBlock(name: string, path: string): never {
  return refuse(path, `a block of type "${name}" cannot be sent to Bedrock`);
}

/** Claude refuses reasoning that it did not sign; others have no signatures. */
function writeReasoning(part: IrReasoning, writing: Writing, path: string): ContentBlock | undefined {
  const { signature: seal, text = "" } = part;
  if (seal !== undefined && !isForModel(seal, writing.model)) {
    writing.warnings.loud(path, "reasoning that another provider signed is left out");
    return undefined;
  }
  if (seal === undefined && (writing.model.isClaude || text === "")) {
    writing.warnings.quiet(path, "reasoning without a signature is left out");
    return undefined;
  }
  const signature = seal === undefined ? undefined : sealText(seal);
  return { reasoningContent: { reasoningText: { text, signature } } };
}

function writeToolCall(part: IrToolCall, writing: Writing, path: string): ContentBlock {
  if (part.id === "") return refuse(path, "the tool call has no id");
  if (part.kind === "custom")
    return refuse(path, `"${part.name}" is a free-form tool, which Bedrock has not`);
  const input = part.input.trim() === "" ? {} : parseExactObject(part.input);
  if (input === undefined)
    return refuse(path, `the arguments of the tool call "${part.id}" are not a JSON object`);
  writing.callIds.add(part.id);
  return {
    toolUse: { name: writing.toolNames.write(part.name), input, toolUseId: legalId(part.id) },
  };
}

function writeToolResult(part: IrToolResult, writing: Writing, path: string): ToolResult {
  if (!writing.callIds.has(part.callId))
    return refuse(path, `no tool call before this result has the id "${part.callId}"`);
  const content = part.parts.flatMap((inner, index): (TextBlock | MediaBlock)[] => {
    const at = `${path}.content[${index}]`;
    if (inner.type === "opaque") return refuseBlock(inner.name, at);
    if (inner.type === "media") return [writeResultMedia(writeMedia(inner, writing, at), at)];
    return inner.text === "" ? [] : [{ text: inner.text }];
  });
  return { content, status: part.isError === true ? "error" : undefined, toolUseId: legalId(part.callId) };
}

function writeResultMedia(block: MediaBlock, path: string): MediaBlock {
  return "audio" in block ? refuse(path, "Bedrock takes no audio in a tool result") : block;
}

/**
 * At most 64 letters, digits, `_` and `-`: Bedrock takes `.` and `:` too, but not every model behind it does. A changed id
 * ends in a hash, so that two ids never become one.
 */
function legalId(id: string): string {
  if (/^[\w-]{1,64}$/.test(id)) return id;
  return `${id.replace(/[^\w-]/g, "_").slice(0, 55)}_${fnv1a(id).toString(16).padStart(8, "0")}`;
}

/** FNV-1a over UTF-16 units, 32 bits: the same at every attempt. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
