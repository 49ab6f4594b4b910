import type {
  IrAnswerPart,
  IrReasoning,
  IrRedacted,
  IrText,
  IrToolCall,
  IrToolResult,
  IrUserPart,
} from "../ir/parts.ts";
import type { IrMessage } from "../ir/request.ts";
import { sealAsText } from "../ir/seals.ts";
import type { IrSeal, JsonObject } from "../ir/values.ts";
import type { Warnings } from "../ir/warnings.ts";
import { summaryPart } from "./items.ts";
import { writeMedia } from "./write-media.ts";

/** Writes a conversation as items, in its order. Empty texts and messages are left out. */
export function writeInput(messages: readonly IrMessage[], warnings: Warnings): JsonObject[] {
  const input = new Input(warnings);
  for (const [index, message] of messages.entries()) input.add(message, `messages[${index}]`);
  return input.items;
}

class Input {
  readonly items: JsonObject[] = [];
  readonly #warnings: Warnings;
  /** Calls of free-form tools, whose results are items of another type. */
  readonly #customCalls = new Set<string>();
  /** The message that is being written. */
  #role = "";
  #content: JsonObject[] = [];

  constructor(warnings: Warnings) {
    this.#warnings = warnings;
  }

  add(message: IrMessage, path: string): void {
    this.#role = message.role === "system" ? message.voice : message.role;
    const side = message.role === "assistant" ? "output" : "input";
    for (const part of message.parts) this.#addPart(part, side, path);
    this.#endMessage();
  }

  #addPart(part: IrUserPart | IrAnswerPart, side: "input" | "output", path: string): void {
    if (part.type === "text") {
      if (part.text !== "") this.#content.push(writeText(part, side));
    } else if (part.type === "media") this.#addMedia(part, side, path);
    else {
      this.#endMessage();
      const item = this.#writeItem(part, path);
      if (item !== undefined) this.items.push(item);
    }
  }

  #addMedia(part: Extract<IrUserPart, { type: "media" }>, side: "input" | "output", path: string): void {
    if (side === "input") this.#content.push(writeMedia(part, path));
    else this.#warnings.loud(path, `${part.kind} of an earlier answer is left out`);
  }

  #endMessage(): void {
    if (this.#content.length > 0)
      this.items.push({ type: "message", role: this.#role, content: this.#content });
    this.#content = [];
  }

  #writeItem(part: Exclude<IrUserPart | IrAnswerPart, { type: "text" | "media" }>, path: string) {
    switch (part.type) {
      case "tool-call":
        return this.#writeCall(part);
      case "tool-result":
        return this.#writeResult(part, path);
      case "reasoning":
      case "redacted":
        return this.#writeReasoning(part, path);
      case "opaque":
        if (part.family === "openai") return part.block;
        this.#warnings.loud(path, `${part.name} means something to ${part.family} only; left out`);
        return undefined;
    }
  }

  #writeCall({ id: call_id, kind, name, input }: IrToolCall): JsonObject {
    if (kind === "function")
      return { type: "function_call", call_id, name, arguments: input.trim() === "" ? "{}" : input };
    this.#customCalls.add(call_id);
    return { type: "custom_tool_call", call_id, name, input };
  }

  #writeResult({ callId: call_id, parts }: IrToolResult, path: string): JsonObject {
    const type = this.#customCalls.has(call_id) ? "custom_tool_call_output" : "function_call_output";
    if (parts.every((part) => part.type === "text"))
      return { type, call_id, output: parts.map((part) => part.text).join("") };
    const output: JsonObject[] = [];
    for (const part of parts) {
      if (part.type === "text") output.push(writeText(part, "input"));
      else if (part.type === "media") output.push(writeMedia(part, path));
      else this.#warnings.loud(path, `${part.name} has no form in a tool's output; left out`);
    }
    return { type, call_id, output };
  }

  /** Only what OpenAI encrypted itself can go back to it. */
  #writeReasoning(part: IrReasoning | IrRedacted, path: string): JsonObject | undefined {
    const seal: IrSeal | undefined = part.type === "redacted" ? part.data : part.signature;
    const encrypted_content = sealAsText(seal, "openai");
    if (encrypted_content === undefined) {
      this.#warnings.quiet(path, "reasoning that OpenAI did not encrypt is left out");
      return undefined;
    }
    const text = part.type === "reasoning" ? (part.text ?? "") : "";
    const item = { type: "reasoning", summary: text === "" ? [] : [summaryPart(text)], encrypted_content };
    return seal?.itemId === undefined ? item : { ...item, id: seal.itemId };
  }
}

function writeText({ text, isRefusal }: IrText, side: "input" | "output"): JsonObject {
  if (side === "output" && isRefusal === true) return { type: "refusal", refusal: text };
  return { type: `${side}_text`, text };
}
