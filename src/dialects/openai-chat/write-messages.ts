import type { IrAnswerPart, IrMedia, IrText, IrToolCall, IrToolResult, IrUserPart } from "../ir/parts.ts";
import type { IrMessage } from "../ir/request.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { Place, type Warnings } from "../ir/warnings.ts";
import { writeMedia } from "./write-media.ts";

type Members = { [member: string]: Json };

/**
 * Writes a conversation: tool results as messages of their own, right behind the calls, then what else the user said.
 * Empty texts and messages are left out. Texts of one message are joined, since many servers take a string only.
 */
export function writeMessages(messages: readonly IrMessage[], warnings: Warnings): JsonObject[] {
  const conversation = new Conversation(new Place(warnings));
  for (let index = 0; index < messages.length; index++) conversation.add(messages[index]!, index);
  return conversation.end();
}

class Conversation {
  readonly #place: Place;
  readonly #written: JsonObject[] = [];
  /** Pictures of tool results: they wait until the last result of the run is written. */
  #pictures: IrUserPart[] = [];

  constructor(place: Place) {
    this.#place = place;
  }

  add(message: IrMessage, index: number): void {
    this.#place.message = index;
    if (message.role === "system") this.#push(message.voice, joined(message.parts) || undefined);
    else if (message.role === "assistant") this.#pushMessage(writeAnswer(message.parts, this.#place));
    else {
      for (const part of message.parts) {
        if (part.type === "tool-result")
          this.#written.push(writeToolResult(part, this.#pictures, this.#place));
      }
      this.#push("user", writeContent(message.parts, this.#place));
    }
  }

  end(): JsonObject[] {
    this.#pushPictures();
    return this.#written;
  }

  #push(role: string, content: Json | undefined): void {
    if (content !== undefined) this.#pushMessage({ role, content });
  }

  #pushMessage(message: JsonObject | undefined): void {
    if (message === undefined) return;
    this.#pushPictures();
    this.#written.push(message);
  }

  #pushPictures(): void {
    if (this.#pictures.length === 0) return;
    const content = writeContent(this.#pictures, this.#place);
    this.#pictures = [];
    if (content !== undefined) this.#written.push({ role: "user", content });
  }
}

function joined(texts: readonly IrText[]): string {
  return texts.map((part) => part.text).join("");
}

/** A tool message takes text only: pictures follow in a message of the user's, each with the call it belongs to. */
function writeToolResult(part: IrToolResult, pictures: IrUserPart[], place: Place): JsonObject {
  const texts: IrText[] = [];
  const media: IrMedia[] = [];
  for (const inner of part.parts) {
    if (inner.type === "text") texts.push(inner);
    else if (inner.type === "opaque") leftOut(inner.name, place);
    else if (inner.source.type === "text" || inner.source.type === "parts")
      texts.push({ type: "text", text: textIn(inner) });
    else media.push(inner);
  }
  if (media.length > 0) {
    place.loud(
      `media of the result of ${part.callId} go into a message of the user's, as chat has no other place`,
    );
    pictures.push({ type: "text", text: `Result of ${part.callId}:` }, ...media);
  }
  return { role: "tool", tool_call_id: part.callId, content: joined(texts) };
}

/** A string if there is only text; `undefined` if there is nothing. */
function writeContent(parts: readonly IrUserPart[], place: Place): Json | undefined {
  const written: JsonObject[] = [];
  let text = "";
  let isText = true;
  for (const part of parts) {
    if (part.type === "tool-result") continue;
    if (part.type === "opaque") leftOut(part.name, place);
    else if (part.type === "media") {
      written.push(writeMedia(part, textIn(part), place));
      isText = false;
    } else if (part.text !== "") {
      written.push({ type: "text", text: part.text });
      text += part.text;
    }
  }
  if (written.length === 0) return undefined;
  return isText ? text : written;
}

/** The text of a document that is text, a search result with its source. */
function textIn({ name, source, context }: IrMedia): string {
  if (source.type === "text") return source.text;
  if (source.type !== "parts") return "";
  const inner = source.parts.map((part) => (part.type === "text" ? part.text : "")).join("\n");
  return [name, context, inner].filter((line) => line !== undefined && line !== "").join("\n");
}

function writeAnswer(parts: readonly IrAnswerPart[], place: Place): JsonObject | undefined {
  let content = "";
  let refusal = "";
  const calls: JsonObject[] = [];
  for (const part of parts) {
    if (part.type === "text") {
      if (part.isRefusal === true) refusal += part.text;
      else content += part.text;
    } else if (part.type === "tool-call") calls.push(writeCall(part));
    else if (part.type === "opaque") leftOut(part.name, place);
    else place.quiet(`${part.type} of an earlier answer is left out`);
  }
  if (content === "" && refusal === "" && calls.length === 0) return undefined;
  const message: Members = { role: "assistant", content: content === "" ? null : content };
  if (refusal !== "") message["refusal"] = refusal;
  if (calls.length > 0) message["tool_calls"] = calls;
  return message;
}

function writeCall({ id, kind, name, input }: IrToolCall): JsonObject {
  if (kind === "custom") return { id, type: "custom", custom: { name, input } };
  return { id, type: "function", function: { name, arguments: input.trim() === "" ? "{}" : input } };
}

function leftOut(name: string, place: Place): void {
  place.loud(`${name} has no form in chat; left out`);
}
