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
export function writeMessages(
  messages: readonly IrMessage[],
  writing: Omit<PartWriting, "path">,
): WrittenMessages {
  const written: WrittenMessages = { system: [], messages: [] };
  let results: JsonObject[] | undefined;
  for (const [index, message] of messages.entries()) {
    const path = `messages[${index}]`;
    if (message.role === "system") {
      if (written.messages.length > 0)
        writing.warnings.loud(path, "a system message moves to the front of the conversation");
      written.system.push(...message.parts.map(writeText).filter((block) => block !== undefined));
      continue;
    }
    const content = writeContent(message, { ...writing, path });
    if (content.length === 0) continue;
    const isResults = message.parts.every((part) => part.type === "tool-result");
    if (isResults && results !== undefined) results.push(...content);
    else written.messages.push({ role: message.role, content });
    results = isResults ? (results ?? content) : undefined;
  }
  return written;
}

function writeContent(message: Exclude<IrMessage, { role: "system" }>, writing: PartWriting): JsonObject[] {
  const blocks: (JsonObject | undefined)[] =
    message.role === "user"
      ? message.parts.map((part) => writeUserPart(part, writing))
      : message.parts.map((part) => writeAnswerPart(part, writing));
  return blocks.filter((block) => block !== undefined);
}
