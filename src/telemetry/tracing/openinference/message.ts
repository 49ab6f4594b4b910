import { asObject, asString, isObject } from "../../../dialects/wire/json.ts";
import { type Attributes, listIn, putText } from "../attributes.ts";
import { type Hide, limitImage, redacted } from "./hide.ts";

/** A call of a tool, whatever the API calls its parts. */
export interface ToolCall {
  readonly id: unknown;
  readonly name: unknown;
  readonly arguments: string | undefined;
}

export function putRole(attributes: Attributes, at: string, role: unknown): void {
  putText(attributes, `${at}.message.role`, role);
}

/** The whole text of a message. */
export function putContent(attributes: Attributes, at: string, text: unknown, isHidden: boolean): void {
  if (typeof text === "string" && text !== "")
    attributes[`${at}.message.content`] = isHidden ? redacted : text;
}

/** Text that is one part of a message, at its place among the parts. */
export function putTextPart(
  attributes: Attributes,
  at: string,
  part: number,
  text: unknown,
  isHidden: boolean,
): void {
  if (typeof text !== "string") return;
  const place = `${at}.message.contents.${part}.message_content`;
  attributes[`${place}.type`] = "text";
  attributes[`${place}.text`] = isHidden ? redacted : text;
}

export function putImagePart(
  attributes: Attributes,
  at: string,
  part: number,
  url: string,
  hide: Hide,
): void {
  if (hide.inputImages) return;
  const place = `${at}.message.contents.${part}.message_content`;
  attributes[`${place}.type`] = "image";
  attributes[`${place}.image.image.url`] = limitImage(url, hide);
}

export function putToolCall(attributes: Attributes, at: string, index: number, call: ToolCall): void {
  const place = `${at}.message.tool_calls.${index}.tool_call`;
  putText(attributes, `${place}.id`, call.id);
  putText(attributes, `${place}.function.name`, call.name);
  putText(attributes, `${place}.function.arguments`, call.arguments);
}

/** Content of chat's messages: a text, or parts. Sound and files are left to `input.value`. */
export function putChatContent(attributes: Attributes, at: string, content: unknown, hide: Hide): void {
  if (typeof content === "string") putContent(attributes, at, content, hide.inputText);
  for (const [index, part] of listIn(content).entries()) {
    if (!isObject(part)) continue;
    if (part["type"] === "text") putTextPart(attributes, at, index, part["text"], hide.inputText);
    if (part["type"] !== "image_url") continue;
    const url = asString(asObject(part["image_url"])?.["url"]);
    if (url !== undefined) putImagePart(attributes, at, index, url, hide);
  }
}

/** Calls as chat has them. */
export function putChatCalls(
  attributes: Attributes,
  at: string,
  calls: unknown,
  isTextHidden: boolean,
): void {
  for (const [index, call] of listIn(calls).entries()) {
    if (!isObject(call)) continue;
    const called = asObject(call["function"]) ?? asObject(call["custom"]);
    const text = asString(called?.["arguments"]) ?? asString(called?.["input"]);
    putToolCall(attributes, at, index, {
      id: call["id"],
      name: called?.["name"],
      arguments: isTextHidden && text !== undefined ? redacted : text,
    });
  }
}

/** Each tool as it was sent. */
export function putTools(attributes: Attributes, tools: unknown, hide: Hide): void {
  if (hide.tools) return;
  for (const [index, tool] of listIn(tools).entries())
    attributes[`llm.tools.${index}.tool.json_schema`] = JSON.stringify(tool);
}
