import type { ClientRequest } from "../../../dialects/passage.ts";
import { asString } from "../../../dialects/wire/json.ts";
import { formValue } from "../../../dialects/wire/multipart.ts";
import { type Attributes, numberIn, putText } from "../attributes.ts";
import type { SpanEnd } from "../convention.ts";
import { bodyOf, type Vocabulary } from "./common.ts";
import { type Hide, redacted } from "./hide.ts";
import { putParameters } from "./parameters.ts";

/** https://platform.openai.com/docs/api-reference/audio/createSpeech: sound is only counted. */
export const speech: Vocabulary = {
  spanName: "AudioSpeech",
  start(attributes, request, hide) {
    const body = bodyOf(request);
    putCommon(attributes, request);
    const members = ["input", "voice", "response_format", "speed", "instructions"];
    putValue(attributes, Object.fromEntries(members.map((name) => [name, body[name] ?? null])), hide);
    putParameters(attributes, body, [], hide);
  },
  end(attributes, { answer }, hide) {
    if (hide.outputs) return;
    attributes["output.mime_type"] = answer.isStream ? "audio/mpeg" : answer.contentType || "audio/mpeg";
    attributes["output.audio_bytes"] = numberIn(answer.json?.["audio_bytes"]) ?? answer.byteLength;
  },
};

/** https://platform.openai.com/docs/api-reference/audio/createTranscription */
export const transcriptions: Vocabulary = {
  spanName: "Transcription",
  start: (attributes, request, hide) => putFile(attributes, request, ["language", "response_format"], hide),
  end: putTranscript,
};

/** https://platform.openai.com/docs/api-reference/audio/createTranslation */
export const translations: Vocabulary = {
  spanName: "Translation",
  start: (attributes, request, hide) => putFile(attributes, request, ["response_format"], hide),
  end: putTranscript,
};

function putCommon(attributes: Attributes, { model }: ClientRequest): void {
  attributes["openinference.span.kind"] = "LLM";
  attributes["llm.system"] = "openai";
  attributes["llm.model_name"] = model;
}

function putValue(attributes: Attributes, value: object, hide: Hide): void {
  attributes["input.value"] = hide.inputs ? redacted : JSON.stringify(value);
  if (!hide.inputs) attributes["input.mime_type"] = "application/json";
}

/** The file by its name and size, and the given fields of the form. */
function putFile(
  attributes: Attributes,
  request: ClientRequest,
  fields: readonly string[],
  hide: Hide,
): void {
  const { form, bytes } = request;
  const file = form?.parts.find(({ name }) => name === "file");
  putCommon(attributes, request);
  const value = (name: string) => (form === undefined ? "" : (formValue(bytes, form, name) ?? ""));
  putValue(
    attributes,
    {
      model: request.model,
      file_name: file?.fileName ?? "",
      file_size: file === undefined ? 0 : file.contentEnd - file.contentStart,
      ...Object.fromEntries(fields.map((name) => [name, value(name)])),
    },
    hide,
  );
}

function putTranscript(attributes: Attributes, { answer }: SpanEnd, hide: Hide): void {
  if (hide.outputs) return;
  const { json, text } = answer;
  putText(attributes, "output.value", json === undefined ? text : asString(json["text"]));
  attributes["output.mime_type"] = "text/plain";
  const duration = numberIn(json?.["duration"]);
  if (duration !== undefined && duration > 0) attributes["output.audio_duration"] = duration;
  putText(attributes, "output.language", json?.["language"]);
}
