import type { ClientRequest } from "../../../dialects/passage.ts";
import type { JsonObject } from "../../../dialects/wire/json.ts";
import { type Attributes, listIn, numberIn } from "../attributes.ts";
import { bodyOf, putInput, putOutput, type Vocabulary } from "./common.ts";
import type { Hide } from "./hide.ts";

/** https://docs.vllm.ai: the tokens of a text or a conversation. */
export const tokenize: Vocabulary = {
  spanName: "Tokenize",
  start(attributes, request, hide) {
    const body = bodyOf(request);
    const isChat = Array.isArray(body["messages"]);
    putCounter(attributes, request, "openai", hide);
    attributes["tokenize.request_type"] = isChat ? "chat" : "completion";
    attributes["tokenize.add_special_tokens"] = flag(body, "add_special_tokens", !isChat);
    if (body["return_token_strs"] !== undefined)
      attributes["tokenize.return_token_strs"] = flag(body, "return_token_strs", false);
    if (!isChat) return;
    attributes["tokenize.add_generation_prompt"] = flag(body, "add_generation_prompt", true);
    attributes["tokenize.continue_final_message"] = flag(body, "continue_final_message", false);
    attributes["tokenize.message_count"] = listIn(body["messages"]).length;
  },
  end(attributes, { answer }, hide) {
    const { json } = answer;
    const counts = {
      token_count: numberIn(json?.["count"]),
      max_model_len: numberIn(json?.["max_model_len"]) || undefined,
      tokens_returned: listIn(json?.["tokens"]).length || undefined,
      token_strings_returned: listIn(json?.["token_strs"]).length || undefined,
    };
    for (const [name, count] of Object.entries(counts))
      if (count !== undefined) attributes[`tokenize.${name}`] = count;
    putOutput(attributes, answer.text, hide.outputs);
  },
};

export const responsesInputTokens = counter("ResponsesInputTokens", "openai");
export const countTokens = counter("CountTokens", "anthropic");

function counter(spanName: string, system: string): Vocabulary {
  return {
    spanName,
    start: (attributes, request, hide) => putCounter(attributes, request, system, hide),
    end(attributes, { settled }) {
      const { inputTokens } = settled.usage;
      if (inputTokens) attributes["llm.token_count.prompt"] = inputTokens;
    },
  };
}

/** An input that is hidden is left out. */
function putCounter(attributes: Attributes, request: ClientRequest, system: string, hide: Hide): void {
  attributes["openinference.span.kind"] = "TOKEN_COUNTER";
  attributes["llm.system"] = system;
  attributes["llm.model_name"] = request.model;
  if (!hide.inputs) putInput(attributes, request, false);
}

function flag(body: JsonObject, name: string, fallback: boolean): boolean {
  return typeof body[name] === "boolean" ? body[name] : fallback;
}
