import type { IrEmbedInput, IrEmbedRequest } from "../ir/small.ts";
import type { Extras, Json, JsonObject } from "../ir/values.ts";
import { readMessage } from "../openai-chat/read-messages.ts";
import type { ClientRequest } from "../passage.ts";
import { arrayOf, numberOf, objectOf, textOf } from "../wire/exact-json.ts";
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

const endpointPath = "/v1/embeddings";

/** Reads a request for embeddings: OpenAI's, with the extensions that Google's and vLLM's clients know. */
export function readRequest(request: ClientRequest): IrEmbedRequest {
  return readBody(endpointPath, () => readEmbed(asObject(request.json as Json), request.model));
}

function readEmbed(body: JsonObject, model: string): IrEmbedRequest {
  const messages = listIn(body, "messages");
  return {
    model,
    inputs: within("input", () => readInputs(body["input"])),
    messages: messages && readEach("messages", messages, readMessage),
    encoding: readEncoding(body),
    dimensions: integerIn(body, "dimensions"),
    task: textIn(body, "task_type"),
    title: textIn(body, "title"),
    truncate: booleanIn(body, "auto_truncate"),
    extras: readExtras(body),
  };
}

function readEncoding(body: JsonObject): "float" | "base64" {
  const encoding = textIn(body, "encoding_format") ?? "float";
  if (encoding === "float" || encoding === "base64") return encoding;
  return malformed("encoding_format", `"${encoding}" is not known`);
}

/** A text, the tokens of one, an object with texts, or a list of one of these kinds. */
function readInputs(input: Json | undefined): IrEmbedInput[] {
  if (input === undefined || input === null) return [];
  const items = arrayOf(input);
  if (items === undefined) return readInput(input);
  if (items.length > 0 && items.every((item) => numberOf(item) !== undefined)) return [readTokens(items)];
  return readEach("", items, readInput).flat();
}

function readInput(item: Json): IrEmbedInput[] {
  const text = textOf(item);
  if (text !== undefined) return [{ text }];
  const tokens = arrayOf(item);
  if (tokens !== undefined) return [readTokens(tokens)];
  const object = objectOf(item) ?? malformed("", "must be text, tokens or an object with content");
  const { task, title } = { task: textIn(object, "task_type"), title: textIn(object, "title") };
  return readContent(object["content"]).map((content) => ({ text: content, task, title }));
}

function readTokens(tokens: readonly Json[]): IrEmbedInput {
  return {
    tokens: tokens.map((item) => {
      const token = numberOf(item);
      return token !== undefined && Number.isInteger(token)
        ? token
        : malformed("", "must be text or a list of whole numbers");
    }),
  };
}

function readContent(content: Json | undefined): string[] {
  const texts = (arrayOf(content) ?? [content]).map(textOf);
  if (texts.length === 0 || texts.some((text) => text === undefined || text === ""))
    return malformed("content", "must be text, or a list of texts, and not empty");
  return texts as string[];
}

/** Cohere's clients say what the texts are for in a word of their own. */
function readExtras(body: JsonObject): Extras {
  const kind = textIn(body, "input_type");
  return kind === undefined ? {} : { cohere: { input_type: kind } };
}
