import type { IrEmbedInput, IrEmbedRequest } from "../ir/small.ts";
import type { Extras, Json, JsonObject } from "../ir/values.ts";
import { readMessage } from "../openai-chat/read-messages.ts";
import type { ClientRequest } from "../passage.ts";
import { arrayOf, objectOf, textOf } from "../wire/exact-json.ts";
import {
  asObject,
  booleanIn,
  integerIn,
  listIn,
  malformed,
  readBody,
  readEach,
  textIn,
  within,
} from "../wire/grammar.ts";

/** Reads an embeddings request: OpenAI's inputs, objects with a task of their own, or vLLM's messages. */
export function readRequest(request: ClientRequest): IrEmbedRequest {
  return readBody("/v1/embeddings", () => read(asObject(request.json as Json), request.model));
}

function read(body: JsonObject, model: string): IrEmbedRequest {
  const messages = listIn(body, "messages");
  return {
    model,
    inputs: within("input", () => readInput(body["input"])),
    messages: messages && readEach("messages", messages, readMessage),
    encoding: readEncoding(body),
    dimensions: integerIn(body, "dimensions"),
    task: textIn(body, "task_type"),
    title: textIn(body, "title"),
    truncate: booleanIn(body, "auto_truncate"),
    extras: readExtras(body),
  };
}

function readEncoding(body: JsonObject): IrEmbedRequest["encoding"] {
  const format = textIn(body, "encoding_format") ?? "float";
  if (format === "float" || format === "base64") return format;
  return malformed("encoding_format", `"${format}" is neither float nor base64`);
}

function readInput(input: Json | undefined): IrEmbedInput[] {
  if (input === undefined || input === null) return [];
  const list = arrayOf(input);
  if (list === undefined) return readItem(input);
  if (list.some((item) => typeof item === "number")) return [{ tokens: readTokens(list) }];
  return readEach("", list, readItem).flat();
}

function readItem(item: Json): IrEmbedInput[] {
  const text = textOf(item);
  if (text !== undefined) return [{ text }];
  const tokens = arrayOf(item);
  if (tokens !== undefined) return [{ tokens: readTokens(tokens) }];
  const object = objectOf(item) ?? malformed("", "must be a string, tokens or an object with content");
  const shared = { task: textIn(object, "task_type"), title: textIn(object, "title") };
  return readContents(object["content"]).map((content) => ({ text: content, ...shared }));
}

function readContents(content: Json | undefined): string[] {
  const contents = arrayOf(content) ?? [content ?? null];
  if (contents.length === 0) malformed("content", "must not be empty");
  return contents.map((item) => textOf(item) || malformed("content", "must be a string that is not empty"));
}

function readTokens(items: readonly Json[]): number[] {
  return items.map((item) =>
    typeof item === "number" && Number.isInteger(item) ? item : malformed("", "must hold whole numbers only"),
  );
}

/** Cohere's word for the task. */
function readExtras(body: JsonObject): Extras {
  const inputType = textIn(body, "input_type");
  return inputType === undefined ? {} : { cohere: { input_type: inputType } };
}
