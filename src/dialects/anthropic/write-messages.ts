import type { IrMessage } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import { type PartWriting, writeAnswerPart, writeText, writeUserPart } from "./write-parts.ts";

/** A conversation as Anthropic has it: what the system says in one place, then turns. */
export interface WrittenMessages {
  readonly system: JsonObject[];
  readonly messages: JsonObject[];
}

/**
 * Writes a conversation.
 *
 * - System messages are gathered in front, in order, a block for each part; out of the middle they change meaning.
 * - A run of messages that are tool results only becomes one message; other messages are never merged.
 * - Empty texts and messages are left out, since Claude refuses them.
 */
export function writeMessages(messages: readonly IrMessage[], writing: PartWriting): WrittenMessages {
  const written: WrittenMessages = { system: [], messages: [] };
  let results: JsonObject[] | undefined;
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index]!;
    writing.message = index;
    const content = writeContent(message, writing);
    if (content.length === 0) continue;
    if (message.role === "system") {
      if (written.messages.length > 0) {
        writing.loud("a system message moves to the front of the conversation");
      }
      written.system.push(...content);
      continue;
    }
    const isResults = message.role === "user" && message.parts.every((part) => part.type === "tool-result");
    if (isResults && results !== undefined) results.push(...content);
    else written.messages.push({ content, role: message.role });
    results = isResults ? (results ?? content) : undefined;
  }
  return written;
}

function writeContent(message: IrMessage, writing: PartWriting): JsonObject[] {
  const content: JsonObject[] = [];
  const add = (block: JsonObject | undefined) => block !== undefined && content.push(block);
  if (message.role === "user") for (const part of message.parts) add(writeUserPart(part, writing));
  else if (message.role === "assistant")
    for (const part of message.parts) add(writeAnswerPart(part, writing));
  else for (const part of message.parts) add(writeText(part));
  return content;
}
