import { asObject, asString, isObject, type JsonObject } from "../../../dialects/wire/json.ts";
import { type Attributes, listIn, putText } from "../attributes.ts";
import { bodyOf, putAnswerModel, putInput, putOutput, type Vocabulary } from "./common.ts";
import { type Hide, redacted } from "./hide.ts";
import { putContent, putImagePart, putRole, putTextPart, putToolCall, putTools } from "./message.ts";
import { putParameters } from "./parameters.ts";

/** https://docs.anthropic.com/en/api/messages */
export const messages: Vocabulary = {
  spanName: "Message",
  start(attributes, request, hide) {
    const body = bodyOf(request);
    attributes["openinference.span.kind"] = "LLM";
    attributes["llm.system"] = "anthropic";
    attributes["llm.model_name"] = request.model;
    putInput(attributes, request, hide.inputs);
    putParameters(attributes, body, ["messages", "tools"], hide);
    putTools(attributes, body["tools"], hide);
    if (hide.inputMessages) return;
    for (const [index, message] of listIn(body["messages"]).entries())
      if (isObject(message)) putMessage(attributes, `llm.input_messages.${index}`, message, hide);
  },
  end(attributes, end, hide) {
    const { inputTokens = 0, outputTokens = 0, cacheReadTokens, cacheWriteTokens } = end.settled.usage;
    putAnswerModel(attributes, end);
    putOutput(attributes, end.answer.text, hide.outputs);
    attributes["llm.token_count.prompt"] = inputTokens;
    attributes["llm.token_count.prompt_details.cache_read"] = cacheReadTokens ?? 0;
    attributes["llm.token_count.prompt_details.cache_creation"] = cacheWriteTokens ?? 0;
    attributes["llm.token_count.completion"] = outputTokens;
    attributes["llm.token_count.total"] = inputTokens + outputTokens;
    if (hide.outputMessages) return;
    for (const [index, block] of listIn(end.answer.json?.["content"]).entries())
      if (isObject(block)) putAnswerBlock(attributes, `llm.output_messages.${index}`, block, hide);
  },
};

function putMessage(attributes: Attributes, at: string, message: JsonObject, hide: Hide): void {
  putRole(attributes, at, message["role"]);
  putContent(attributes, at, message["content"], hide.inputText);
  let calls = 0;
  for (const [index, block] of listIn(message["content"]).entries()) {
    if (!isObject(block)) continue;
    switch (block["type"]) {
      case "text":
        putTextPart(attributes, at, index, block["text"], hide.inputText);
        break;
      case "image": {
        const url = imageUrl(asObject(block["source"]));
        if (url !== undefined) putImagePart(attributes, at, index, url, hide);
        break;
      }
      case "tool_use":
        putToolCall(attributes, at, calls++, callOf(block, hide.inputText));
        break;
      case "tool_result":
        putText(attributes, `${at}.message.tool_call_id`, block["tool_use_id"]);
        putTextPart(attributes, at, index, resultText(block["content"]), hide.inputText);
        break;
    }
  }
}

function putAnswerBlock(attributes: Attributes, at: string, block: JsonObject, hide: Hide): void {
  putRole(attributes, at, "assistant");
  if (block["type"] === "text") putContent(attributes, at, block["text"], hide.outputText);
  if (block["type"] === "tool_use") putToolCall(attributes, at, 0, callOf(block, false));
}

function callOf(block: JsonObject, isHidden: boolean) {
  const text = JSON.stringify(block["input"] ?? {});
  return { id: block["id"], name: block["name"], arguments: isHidden ? redacted : text };
}

function imageUrl(source: JsonObject | undefined): string | undefined {
  if (source === undefined) return undefined;
  if (source["type"] === "url") return asString(source["url"]);
  const data = asString(source["data"]);
  return data === undefined
    ? undefined
    : `data:${asString(source["media_type"]) ?? "image/png"};base64,${data}`;
}

function resultText(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  const texts = listIn(content).flatMap((part) => (isObject(part) ? (asString(part["text"]) ?? []) : []));
  return texts.length === 0 ? undefined : texts.join("\n");
}
