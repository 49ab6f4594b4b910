import { isObject, type JsonObject } from "../dialects/wire/json.ts";
import { ExchangeFailure } from "../model/failure.ts";

/**
 * Checks of what every backend of an API would refuse, or of what the gateway itself must understand. All else is the
 * backend's to judge, so that newer members of an API never fail here.
 */

/** What a member is not; becomes the end of `malformed request: failed to parse JSON for …: `. */
export class GrammarFailure extends Error {
  override readonly name = "GrammarFailure";
}

/** Empty where it is absent. */
export function readModel(body: JsonObject): string {
  const model = body["model"] ?? "";
  if (typeof model !== "string") throw new GrammarFailure("model must be a string");
  return model;
}

/** A flag; null counts as absent. */
export function readFlag(body: JsonObject, name: string): boolean {
  const flag = body[name] ?? false;
  if (typeof flag !== "boolean") throw new GrammarFailure(`${name} must be a boolean`);
  return flag;
}

/** Whether the client asked for the usage of its stream. */
export function readIncludeUsage(body: JsonObject): boolean {
  const options = body["stream_options"] ?? {};
  if (!isObject(options)) throw new GrammarFailure("stream_options must be an object");
  const asked = options["include_usage"] ?? false;
  if (typeof asked !== "boolean") throw new GrammarFailure("stream_options.include_usage must be a boolean");
  return asked;
}

export function requireModel(model: string): void {
  if (model === "")
    throw new ExchangeFailure("invalid_request", "invalid request body: model field is required");
}

/** Messages of OpenAI's kind; absent ones are the backend's to judge. */
export function checkChatMessages(messages: unknown): void {
  eachMessage(messages, (message, path) => {
    if (typeof message["role"] !== "string") throw new GrammarFailure(`${path}.role must be a string`);
    checkContent(message["content"], path);
  });
}

/** Messages of Anthropic's kind: every block says what it is. */
export function checkAnthropicMessages(messages: unknown): void {
  eachMessage(messages, (message, path) => {
    const content = checkContent(message["content"], path);
    if (isObject(content)) throw new GrammarFailure(`${path}.content must be a string or an array`);
    if (!Array.isArray(content)) return;
    content.forEach((block, i) => {
      if (!isObject(block)) throw new GrammarFailure(`${path}.content[${i}] must be an object`);
      if (typeof block["type"] !== "string") {
        throw new GrammarFailure(`${path}.content[${i}].type must be a string`);
      }
    });
  });
}

function eachMessage(messages: unknown, check: (message: JsonObject, path: string) => void): void {
  if (messages === undefined || messages === null) return;
  if (!Array.isArray(messages)) throw new GrammarFailure("messages must be an array");
  messages.forEach((message, i) => {
    const path = `messages[${i}]`;
    if (!isObject(message)) throw new GrammarFailure(`${path} must be an object`);
    check(message, path);
  });
}

function checkContent(content: unknown, path: string): unknown {
  if (typeof content === "number" || typeof content === "boolean") {
    throw new GrammarFailure(`${path}.content must be a string or an array`);
  }
  return content;
}

/** At most one of two members that exclude each other. */
export function checkEither(body: JsonObject, one: string, other: string): void {
  if (isPresent(body, one) && isPresent(body, other)) {
    throw new GrammarFailure(`${one} and ${other} cannot both be set`);
  }
}

function isPresent(body: JsonObject, name: string): boolean {
  return body[name] !== undefined && body[name] !== null;
}

/** What embeddings can be made of: text, tokens, or objects with text. */
export function checkEmbeddingInput(input: unknown): void {
  if (input === undefined || typeof input === "string" || Array.isArray(input) || isObject(input)) return;
  throw new GrammarFailure("input must be a string, an array or an object");
}

export function checkList(body: JsonObject, name: string): void {
  if (isPresent(body, name) && !Array.isArray(body[name]))
    throw new GrammarFailure(`${name} must be an array`);
}
