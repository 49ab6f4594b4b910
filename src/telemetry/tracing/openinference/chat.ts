import { writeUsage } from "../../../dialects/openai-chat/usage.ts";
import type { ClientRequest } from "../../../dialects/passage.ts";
import { asObject, isObject } from "../../../dialects/wire/json.ts";
import { type Attributes, listIn, putText } from "../attributes.ts";
import type { SpanEnd } from "../convention.ts";
import { bodyOf, putAnswerModel, putInput, putOutput, putTokenCounts, type Vocabulary } from "./common.ts";
import type { Hide } from "./hide.ts";
import { putChatCalls, putChatContent, putContent, putRole, putTools } from "./message.ts";
import { putParameters } from "./parameters.ts";

/** https://platform.openai.com/docs/api-reference/chat */
export const chat: Vocabulary = {
  spanName: "ChatCompletion",
  start(attributes, request, hide) {
    const body = bodyOf(request);
    attributes["openinference.span.kind"] = "LLM";
    attributes["llm.system"] = "openai";
    attributes["llm.model_name"] = request.model;
    putInput(attributes, request, hide.inputs);
    // As it goes to the backend: streams are always asked for their usage.
    putParameters(attributes, withUsageAsked(request), ["messages", "tools"], hide);
    putTools(attributes, body["tools"], hide);
    if (!hide.inputMessages) putMessages(attributes, body["messages"], hide);
  },
  end(attributes, end, hide) {
    putAnswerModel(attributes, end);
    putOutput(attributes, outputText(end), hide.outputs);
    putTokenCounts(attributes, end.settled.usage);
    if (!hide.outputMessages) putChoices(attributes, end, hide);
  },
};

function withUsageAsked(request: ClientRequest) {
  const body = bodyOf(request);
  if (!request.isStream || request.wantsUsage) return body;
  return { ...body, stream_options: { ...asObject(body["stream_options"]), include_usage: true } };
}

function putMessages(attributes: Attributes, messages: unknown, hide: Hide): void {
  for (const [index, message] of listIn(messages).entries()) {
    if (!isObject(message)) continue;
    const at = `llm.input_messages.${index}`;
    putRole(attributes, at, message["role"]);
    putChatContent(attributes, at, message["content"], hide);
    putChatCalls(attributes, at, message["tool_calls"], hide.inputText);
    putText(attributes, `${at}.message.tool_call_id`, message["tool_call_id"]);
  }
}

/** The chunk with the usage may have been for the gateway alone. */
function outputText({ answer, settled }: SpanEnd): string | undefined {
  const { json, text, isStream } = answer;
  if (!isStream || json === undefined || json["usage"] || settled.usage.inputTokens === undefined)
    return text;
  return JSON.stringify({ ...json, usage: writeUsage(settled.usage) });
}

function putChoices(attributes: Attributes, { answer }: SpanEnd, hide: Hide): void {
  for (const [index, choice] of listIn(answer.json?.["choices"]).entries()) {
    const message = isObject(choice) ? asObject(choice["message"]) : undefined;
    if (message === undefined) continue;
    const at = `llm.output_messages.${index}`;
    putRole(attributes, at, message["role"]);
    putContent(attributes, at, message["content"], hide.outputText);
    putChatCalls(attributes, at, message["tool_calls"], false);
  }
}
