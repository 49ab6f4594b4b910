import { isObject } from "../../../dialects/wire/json.ts";
import { listIn, putText } from "../attributes.ts";
import { bodyOf, putAnswerModel, putInput, putOutput, type Vocabulary } from "./common.ts";
import { putParameters } from "./parameters.ts";

/** https://platform.openai.com/docs/api-reference/completions */
export const completions: Vocabulary = {
  spanName: "Completion",
  start(attributes, request, hide) {
    const body = bodyOf(request);
    const { prompt } = body;
    attributes["openinference.span.kind"] = "LLM";
    attributes["llm.system"] = "openai";
    attributes["llm.model_name"] = request.model;
    putInput(attributes, request, hide.inputs);
    putParameters(attributes, body, ["prompt"], hide);
    if (hide.prompts) return;
    const prompts = typeof prompt === "string" ? [prompt] : listIn(prompt);
    for (const [index, text] of prompts.entries())
      if (typeof text === "string") attributes[`llm.prompts.${index}.prompt.text`] = text;
  },
  end(attributes, end, hide) {
    const { inputTokens, outputTokens, totalTokens } = end.settled.usage;
    putAnswerModel(attributes, end);
    putOutput(attributes, end.answer.text, hide.outputs);
    if (inputTokens) attributes["llm.token_count.prompt"] = inputTokens;
    if (outputTokens) attributes["llm.token_count.completion"] = outputTokens;
    const total = totalTokens ?? (inputTokens ?? 0) + (outputTokens ?? 0);
    if (total > 0) attributes["llm.token_count.total"] = total;
    if (hide.choices) return;
    for (const [index, choice] of listIn(end.answer.json?.["choices"]).entries())
      if (isObject(choice)) putText(attributes, `llm.choices.${index}.completion.text`, choice["text"]);
  },
};
