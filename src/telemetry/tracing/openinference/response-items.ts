import { asString, isObject, type JsonObject } from "../../../dialects/wire/json.ts";
import { type Attributes, listIn, put } from "../attributes.ts";
import { type Hide, limitImage, redacted } from "./hide.ts";
import { putContent, putRole, putTextPart, putToolCall } from "./message.ts";

/** What of an item is shown. */
export interface ItemWay {
  readonly hide: Hide;
  readonly isTextHidden: boolean;
  /** Ids, names and arguments of calls. */
  readonly areCallsHidden: boolean;
}

/** One item of a request's input or an answer's output. Those of kinds that have no messages are left out. */
export function putItem(attributes: Attributes, at: string, item: JsonObject, way: ItemWay): void {
  switch (item["type"]) {
    case undefined:
    case "message":
      putMessage(attributes, at, item, way);
      break;
    case "function_call":
      putCall(attributes, at, item["call_id"], item["name"], asString(item["arguments"]), way);
      break;
    case "custom_tool_call":
      putCall(attributes, at, item["call_id"], item["name"], JSON.stringify({ input: item["input"] }), way);
      break;
    case "file_search_call":
    case "web_search_call":
      putCall(attributes, at, item["id"], item["type"], undefined, way);
      break;
    case "computer_call":
      putCall(attributes, at, item["call_id"], undefined, undefined, way);
      break;
    case "function_call_output":
    case "custom_tool_call_output":
    case "computer_call_output":
      putCallOutput(attributes, at, item, way);
      break;
    case "reasoning":
      putReasoning(attributes, at, item, way);
      break;
  }
}

function putMessage(attributes: Attributes, at: string, item: JsonObject, way: ItemWay): void {
  const { role, content } = item;
  putRole(attributes, at, role);
  if (typeof content === "string") {
    if (role === "assistant") putTextPart(attributes, at, 0, content, way.isTextHidden);
    else putContent(attributes, at, content, way.isTextHidden);
  }
  for (const [index, part] of listIn(content).entries()) {
    if (!isObject(part)) continue;
    switch (part["type"]) {
      case "input_text":
      case "output_text":
      case "text":
        putTextPart(attributes, at, index, part["text"], way.isTextHidden);
        break;
      case "refusal":
        putTextPart(attributes, at, index, part["refusal"], way.isTextHidden);
        break;
      case "input_image":
        putImage(attributes, at, index, asString(part["image_url"]), way.hide);
        break;
    }
  }
}

/** Unlike chat's: a picture that is hidden stays as a part. */
function putImage(
  attributes: Attributes,
  at: string,
  part: number,
  url: string | undefined,
  hide: Hide,
): void {
  if (url === undefined) return;
  const place = `${at}.message.contents.${part}.message_content`;
  attributes[`${place}.type`] = "image";
  attributes[`${place}.image.image.url`] = hide.inputImages ? redacted : limitImage(url, hide);
}

function putCall(
  attributes: Attributes,
  at: string,
  id: unknown,
  name: unknown,
  text: string | undefined,
  { areCallsHidden }: ItemWay,
): void {
  const shown = (value: unknown) => (areCallsHidden && value !== undefined ? redacted : value);
  putRole(attributes, at, "assistant");
  putToolCall(attributes, at, 0, { id: shown(id), name: shown(name), arguments: asString(shown(text)) });
}

/** A text keeps its quotes. */
function putCallOutput(attributes: Attributes, at: string, item: JsonObject, way: ItemWay): void {
  const id = asString(item["call_id"]);
  const shownId = way.areCallsHidden && id !== undefined ? redacted : id;
  putRole(attributes, at, "tool");
  put(attributes, `${at}.tool_call.id`, shownId);
  put(attributes, `${at}.message.tool_call_id`, shownId);
  putContent(attributes, at, JSON.stringify(item["output"] ?? ""), way.isTextHidden);
}

function putReasoning(attributes: Attributes, at: string, item: JsonObject, way: ItemWay): void {
  const isOutput = at.startsWith("llm.output_messages");
  if (!isOutput) putRole(attributes, at, "assistant");
  for (const [index, part] of listIn(item["summary"]).entries())
    if (isObject(part)) putTextPart(attributes, at, index, part["text"], way.isTextHidden);
}
