import type { IrAnswerPart, IrMedia, IrOpaque, IrText, IrToolCall, IrToolResult } from "../ir/parts.ts";
import type { IrAssistantMessage, IrMessage, IrSystemMessage, IrUserMessage } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import { parseExactObject, textOf } from "../wire/exact-json.ts";
import { writeMedia } from "./media.ts";
import { type Place, refuse } from "./refuse.ts";
import { isThought, placeSignatures } from "./signatures.ts";
import type { GeminiContent, GeminiPart } from "./types.ts";
import type { Writing } from "./writing.ts";

export interface WrittenConversation {
  readonly contents: readonly GeminiContent[];
  readonly system: readonly GeminiPart[];
}

/** Writes messages as Gemini's turns: a run of user messages is one turn, system messages stand apart. */
export function writeConversation(messages: readonly IrMessage[], writing: Writing): WrittenConversation {
  const writer = new ConversationWriter(writing);
  writer.write(messages);
  return writer;
}

class ConversationWriter {
  readonly contents: GeminiContent[] = [];
  readonly system: GeminiPart[] = [];
  readonly #writing: Writing;
  /** Parts of the user's turn that is open. */
  #turn: GeminiPart[] = [];
  /** What each call so far called, since Gemini's results have names and no ids. */
  readonly #called = new Map<string, string>();

  constructor(writing: Writing) {
    this.#writing = writing;
  }

  write(messages: readonly IrMessage[]): void {
    for (const [index, message] of messages.entries()) {
      const path = `messages[${index}]`;
      if (message.role === "system") this.#system(message, path);
      else if (message.role === "user") this.#user(message, path);
      else this.#assistant(message, path);
    }
    this.#closeTurn();
  }

  #system(message: IrSystemMessage, path: string): void {
    const isLeading = this.contents.length === 0 && this.#turn.length === 0;
    if (!isLeading)
      this.#writing.warnings.loud(path, "moved to the start: Gemini has one place for system messages");
    for (const part of message.parts) if (part.text !== "") this.system.push({ text: part.text });
  }

  #user(message: IrUserMessage, path: string): void {
    for (const [index, part] of message.parts.entries()) {
      if (part.type === "tool-result") this.#result(part, `${path}.content[${index}]`);
      else this.#turn.push(...this.#userPart(part, "invalid user message", `${path}.content[${index}]`));
    }
  }

  #userPart(part: IrText | IrMedia | IrOpaque, place: Place, path: string): GeminiPart[] {
    if (part.type === "text") return part.text === "" ? [] : [{ text: part.text }];
    if (part.type === "media") return writeMedia(part, this.#writing.model, place);
    return this.#opaque(part, path);
  }

  #opaque(part: IrOpaque, path: string): GeminiPart[] {
    if (part.family === "google") return [part.block];
    this.#writing.warnings.loud(path, `left out: Gemini has no ${part.name}`);
    return [];
  }

  /** Images and files of a result stand as parts after it. */
  #result(result: IrToolResult, path: string): void {
    const name = this.#called.get(result.callId);
    if (name === undefined) {
      refuse("invalid tool message", `no call with the id "${result.callId}" comes before its result`);
    }
    const texts = result.parts.filter((part) => part.type === "text").map((part) => part.text);
    const response = responseOf(texts.join(""), result.isError === true);
    this.#turn.push({ functionResponse: { name, response } });
    for (const part of result.parts) {
      if (part.type !== "text") this.#turn.push(...this.#userPart(part, "invalid tool message", path));
    }
  }

  #assistant(message: IrAssistantMessage, path: string): void {
    const signatures = placeSignatures(message.parts);
    const written = message.parts.map((part, index) => ({
      isCall: part.type === "tool-call",
      parts: this.#answerPart(part, `${path}.content[${index}]`).map((one) =>
        sign(one, signatures.get(part)),
      ),
    }));
    const ordered = message.isOrderKnown
      ? written
      : [...written.filter((part) => part.isCall), ...written.filter((part) => !part.isCall)];
    const parts = ordered.flatMap((part) => part.parts);
    if (parts.length === 0) return;
    this.#closeTurn();
    this.contents.push({ parts, role: "model" });
  }

  #answerPart(part: IrAnswerPart, path: string): GeminiPart[] {
    const { model, warnings } = this.#writing;
    switch (part.type) {
      case "text":
        if (part.isRefusal) warnings.quiet(path, "left out: Gemini has no refusals");
        return part.isRefusal || part.text === "" ? [] : [{ text: part.text }];
      case "reasoning":
        return isThought(part) ? [{ text: part.text ?? "", thought: true }] : [];
      case "redacted":
        warnings.quiet(path, "left out: only its own provider can read it");
        return [];
      case "tool-call":
        return [this.#call(part)];
      case "media": {
        const signature = textOf(part.extras?.google?.["thoughtSignature"]);
        return writeMedia(part, model, "invalid assistant message").map((one) => sign(one, signature));
      }
      case "opaque":
        return this.#opaque(part, path);
    }
  }

  #call(part: IrToolCall): GeminiPart {
    const place = "invalid assistant message";
    if (part.id === "") refuse(place, `a call of "${part.name}" has no id`);
    if (part.kind === "custom")
      refuse(place, `"${part.name}" is a free-form tool, which Gemini does not have`);
    const args = part.input.trim() === "" ? {} : parseExactObject(part.input);
    if (args === undefined) refuse(place, `the arguments of "${part.name}" are not a JSON object`);
    const name = this.#writing.names.write(part.name);
    this.#called.set(part.id, name);
    return { functionCall: Object.keys(args).length === 0 ? { name } : { name, args } };
  }

  #closeTurn(): void {
    if (this.#turn.length === 0) return;
    this.contents.push({ parts: this.#turn, role: "user" });
    this.#turn = [];
  }
}

function sign(part: GeminiPart, thoughtSignature: string | undefined): GeminiPart {
  return thoughtSignature === undefined ? part : { ...part, thoughtSignature };
}

/** A result that is an object is the response; a text is put under the member that Google names for it. */
function responseOf(text: string, isError: boolean): JsonObject {
  const object = text.trimStart().startsWith("{") ? parseExactObject(text) : undefined;
  return object ?? (isError ? { error: text } : { output: text });
}
