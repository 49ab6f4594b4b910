import type { IrFormat, IrGuided, IrRequest } from "../ir/request.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { objectOf } from "../wire/exact-json.ts";
import type { GeminiModel } from "./model-name.ts";
import { refuse } from "./refuse.ts";
import { convertSchema } from "./schema.ts";
import { writeThinking } from "./thinking.ts";
import type { Writing } from "./writing.ts";

const place = "invalid generation configs";

/** Writes sampling, form of the output, thinking and modalities. Throws `ExchangeFailure`. */
export function writeGenerationConfig(request: IrRequest, writing: Writing): JsonObject {
  const { sampling } = request;
  const { model } = writing;
  return present({
    temperature: sampling.temperature,
    topP: sampling.topP,
    topK: sampling.topK,
    maxOutputTokens: request.maxOutputTokens || undefined,
    stopSequences: sampling.stop,
    candidateCount: sampling.n,
    seed: writeSeed(sampling.seed),
    presencePenalty: sampling.presencePenalty,
    frequencyPenalty: sampling.frequencyPenalty,
    responseLogprobs: sampling.logprobs === true ? true : undefined,
    logprobs: sampling.topLogprobs,
    ...writeOutputForm(request, model),
    thinkingConfig: writeThinking(request, writing),
    ...writeModalities(request, writing),
    ...writeExtension(request, writing),
  });
}

function present(members: { readonly [member: string]: Json | undefined }): JsonObject {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}

function writeSeed(seed: number | undefined): number | undefined {
  if (seed !== undefined && (seed | 0) !== seed)
    refuse(place, `the seed ${seed} is not a whole number of 32 bits`);
  return seed;
}

function writeOutputForm({ format, guided }: IrRequest, model: GeminiModel): JsonObject {
  const forms = [format, guided?.json, guided?.regex || undefined, guided?.choice];
  if (forms.filter((form) => form !== undefined).length > 1) {
    refuse(
      place,
      "only one of response_format, guided_json, guided_regex and guided_choice can shape the output",
    );
  }
  if (format !== undefined) return writeFormat(format, model);
  return guided === undefined ? {} : writeGuided(guided);
}

function writeFormat(format: IrFormat, model: GeminiModel): JsonObject {
  if (format.type === "text") return { responseMimeType: "text/plain" };
  const responseMimeType = "application/json";
  if (format.type === "json") return { responseMimeType };
  if (model.hasJsonSchema) return { responseMimeType, responseJsonSchema: format.schema };
  return {
    responseMimeType,
    responseSchema: convertSchema(format.schema, (reason) =>
      refuse(place, `the schema of the answer: ${reason}`),
    ),
  };
}

function writeGuided(guided: IrGuided): JsonObject {
  if (guided.choice !== undefined) {
    return { responseMimeType: "text/x.enum", responseSchema: { type: "STRING", enum: guided.choice } };
  }
  const responseMimeType = "application/json";
  if (guided.json !== undefined) return { responseMimeType, responseJsonSchema: guided.json };
  return guided.regex ? { responseMimeType, responseSchema: { type: "STRING", pattern: guided.regex } } : {};
}

/** Text alone is what every model gives anyway. */
function writeModalities(request: IrRequest, { model, warnings }: Writing): JsonObject {
  const modalities = request.modalities ?? [];
  const isSpeech = modalities.includes("audio");
  if (isSpeech && !model.canSpeak) refuse(place, "this model does not answer in audio");
  if (modalities.every((modality) => modality === "text")) return {};
  // Models that speak do nothing else: they refuse TEXT beside AUDIO.
  const responseModalities = isSpeech ? ["AUDIO"] : modalities.map((modality) => modality.toUpperCase());
  const { voice: voiceName, format = "pcm16" } = request.audio ?? {};
  if (isSpeech && format !== "pcm16")
    warnings.loud("audio.format", "Gemini speaks in raw PCM of 16 bits only");
  if (!isSpeech || voiceName === undefined) return { responseModalities };
  return { responseModalities, speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName } } } };
}

/** The members of the chat extension `generationConfig`, as they are: what was said in Gemini's own words wins. */
function writeExtension(request: IrRequest, writing: Writing): JsonObject {
  const extension = objectOf(request.extras.google?.["generationConfig"]);
  if (extension === undefined) return {};
  const { media_resolution: _, mediaResolution: __, ...rest } = extension;
  return present({ ...rest, mediaResolution: writeMediaResolution(request, writing) });
}

/** How closely to look at all media, by the extension. */
export function writeMediaResolution(request: IrRequest, { model, warnings }: Writing): Json | undefined {
  const extension = objectOf(request.extras.google?.["generationConfig"]);
  const resolution = extension?.["mediaResolution"] ?? extension?.["media_resolution"];
  if (resolution === undefined || model.hasMediaResolution) return resolution;
  warnings.quiet("media_resolution", "this model looks at all media alike; dropped");
  return undefined;
}
