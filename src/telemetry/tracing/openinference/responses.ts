import type { ClientRequest } from "../../../dialects/passage.ts";
import { asString, isObject, type JsonObject } from "../../../dialects/wire/json.ts";
import { decodeText } from "../../../dialects/wire/text.ts";
import { type Attributes, listIn } from "../attributes.ts";
import { bodyOf, putAnswerModel, type Vocabulary } from "./common.ts";
import { type Hide, limitImage, redacted } from "./hide.ts";
import { putContent, putRole, putTools } from "./message.ts";
import { putParameters } from "./parameters.ts";
import { putItem } from "./response-items.ts";

/** https://platform.openai.com/docs/api-reference/responses */
export const responses: Vocabulary = {
  spanName: "Responses",
  start(attributes, request, hide) {
    const body = bodyOf(request);
    attributes["openinference.span.kind"] = "LLM";
    attributes["llm.system"] = "openai";
    attributes["llm.model_name"] = request.model;
    attributes["input.value"] = hide.inputs ? redacted : inputText(request, hide);
    attributes["input.mime_type"] = "application/json";
    putParameters(attributes, body, ["input", "instructions", "tools"], hide);
    putTools(attributes, body["tools"], hide);
    if (!hide.inputMessages) putInputs(attributes, body, hide);
  },
  end(attributes, end, hide) {
    const { settled, answer } = end;
    const { inputTokens = 0, outputTokens = 0, totalTokens = inputTokens + outputTokens } = settled.usage;
    putAnswerModel(attributes, end);
    attributes["output.value"] = hide.outputs ? redacted : (answer.text ?? "");
    attributes["output.mime_type"] = "application/json";
    const counts = {
      prompt: inputTokens,
      completion: outputTokens,
      total: totalTokens,
      "prompt_details.cache_read": settled.usage.cacheReadTokens,
      "prompt_details.cache_creation": settled.usage.cacheWriteTokens,
      "completion_details.reasoning": settled.usage.reasoningTokens,
    };
    for (const [name, count] of Object.entries(counts))
      if (count) attributes[`llm.token_count.${name}`] = count;
    if (hide.outputMessages) return;
    const way = { hide, isTextHidden: hide.outputText, areCallsHidden: false };
    for (const [index, item] of listIn(answer.json?.["output"]).entries())
      if (isObject(item)) putItem(attributes, `llm.output_messages.${index}`, item, way);
  },
};

/** Instructions are the first message, and the others move on by one. */
function putInputs(attributes: Attributes, body: JsonObject, hide: Hide): void {
  const { instructions, input } = body;
  let next = 0;
  const at = () => `llm.input_messages.${next++}`;
  if (typeof instructions === "string" && instructions !== "")
    putText(attributes, at(), "system", instructions, hide);
  if (typeof input === "string") putText(attributes, at(), "user", input, hide);
  const way = { hide, isTextHidden: hide.inputText, areCallsHidden: hide.inputText };
  for (const item of listIn(input)) {
    const place = at();
    if (isObject(item)) putItem(attributes, place, item, way);
  }
}

function putText(attributes: Attributes, at: string, role: string, text: string, hide: Hide): void {
  putRole(attributes, at, role);
  putContent(attributes, at, text, hide.inputText);
}

/** As it came, unless it holds a picture that is not to be shown. */
function inputText(request: ClientRequest, hide: Hide): string {
  let isChanged = false;
  const written = () =>
    JSON.stringify(request.json, (name, value: unknown) => {
      if (name !== "image_url") return value;
      const url = asString(value);
      if (url === undefined) return value;
      const shown = hide.inputImages ? redacted : limitImage(url, hide);
      if (shown !== url) isChanged = true;
      return shown;
    });
  const text = decodeText(request.bytes);
  if (!text.includes('"image_url"')) return text;
  const limited = written();
  return isChanged ? limited : text;
}
