import type { JsonObject } from "../../../dialects/wire/json.ts";
import { isObject } from "../../../dialects/wire/json.ts";
import { listIn } from "../attributes.ts";
import { bodyOf, putInput, type Vocabulary } from "./common.ts";
import { type Hide, redacted } from "./hide.ts";
import { putParameters } from "./parameters.ts";

/** https://platform.openai.com/docs/api-reference/images */
export const images: Vocabulary = {
  spanName: "ImagesResponse",
  start(attributes, request, hide) {
    attributes["openinference.span.kind"] = "LLM";
    attributes["llm.system"] = "openai";
    putInput(attributes, request, hide.inputs);
    putParameters(attributes, bodyOf(request), [], hide);
  },
  end(attributes, { answer }, hide) {
    const text = answer.json === undefined ? answer.text : withinLimit(answer.json, answer.text ?? "", hide);
    attributes["output.value"] = hide.outputs ? redacted : (text ?? "");
    attributes["output.mime_type"] = "application/json";
  },
};

/** Pictures as large as a span should not hold are left out. */
function withinLimit(json: JsonObject, text: string, { maxImageLength }: Hide): string {
  const isTooLong = (value: unknown) => typeof value === "string" && value.length > maxImageLength;
  const isLimited = listIn(json["data"]).some((image) => isObject(image) && isTooLong(image["b64_json"]));
  if (!isLimited) return text;
  return JSON.stringify(json, (name, value: unknown) =>
    name === "b64_json" && isTooLong(value) ? redacted : value,
  );
}
