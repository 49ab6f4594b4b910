import type { EndpointName } from "../../../dialects/passage.ts";
import { asObject, isObject, type JsonObject } from "../../../dialects/wire/json.ts";
import { type Attributes, listIn } from "../attributes.ts";
import { chatMessage, contentParts, itemMessage, textPart, toolDefinition } from "./content.ts";
import { keys } from "./keys.ts";

type PutContent = (attributes: Attributes, body: JsonObject) => void;

/** What clients wrote, for endpoints that show it. */
export const putRequestContent: { readonly [E in EndpointName]?: PutContent } = {
  chat(attributes, body) {
    putList(
      attributes,
      keys.inputMessages,
      objects(body["messages"]).map((message) => chatMessage(message)),
    );
    putTools(attributes, body);
  },
  completions(attributes, body) {
    const messages = promptsOf(body["prompt"]).map((text) => ({ role: "user", parts: [textPart(text)] }));
    putList(attributes, keys.inputMessages, messages);
  },
  responses(attributes, body) {
    const { input } = body;
    const messages =
      typeof input === "string"
        ? [{ role: "user", parts: [textPart(input)] }]
        : objects(input).flatMap((item) => itemMessage(item) ?? []);
    putList(attributes, keys.inputMessages, messages);
    putList(attributes, keys.systemInstructions, contentParts(body["instructions"]));
    putTools(attributes, body);
  },
  messages(attributes, body) {
    const messages = objects(body["messages"]).map(({ role, content }) => ({
      role,
      parts: contentParts(content),
    }));
    putList(attributes, keys.inputMessages, messages);
    putList(attributes, keys.systemInstructions, contentParts(body["system"]));
    putTools(attributes, body);
  },
  "count-tokens": putTools,
};

/** What models answered. */
export const putAnswerContent: { readonly [E in EndpointName]?: PutContent } = {
  chat(attributes, answer) {
    const messages = objects(answer["choices"]).map((choice) =>
      chatMessage(asObject(choice["message"]) ?? {}, choice["finish_reason"]),
    );
    putList(attributes, keys.outputMessages, messages);
  },
  completions(attributes, answer) {
    const messages = objects(answer["choices"]).map(({ text, finish_reason }) => ({
      role: "assistant",
      parts: [textPart(text)],
      finish_reason,
    }));
    putList(attributes, keys.outputMessages, messages);
  },
  responses(attributes, answer) {
    const messages = objects(answer["output"]).flatMap((item) => itemMessage(item) ?? []);
    putList(attributes, keys.outputMessages, messages);
  },
  messages(attributes, answer) {
    const { content, stop_reason } = answer;
    const message = { role: "assistant", parts: contentParts(content), finish_reason: stop_reason };
    putList(attributes, keys.outputMessages, [message]);
  },
};

function objects(value: unknown): JsonObject[] {
  return listIn(value).filter(isObject);
}

function putList(attributes: Attributes, name: string, list: readonly unknown[]): void {
  if (list.length > 0) attributes[name] = JSON.stringify(list);
}

function putTools(attributes: Attributes, body: JsonObject): void {
  putList(attributes, keys.toolDefinitions, objects(body["tools"]).map(toolDefinition));
}

/** Tokens have no text, so how many there are stands for them. */
function promptsOf(prompt: unknown): string[] {
  if (typeof prompt === "string") return [prompt];
  const list = listIn(prompt);
  if (typeof list[0] === "number") return [`<${list.length} tokens>`];
  return list.map((one) => (typeof one === "string" ? one : `<${listIn(one).length} tokens>`));
}
