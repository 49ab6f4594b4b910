import { SpanKind } from "@opentelemetry/api";
import type { EndpointName } from "../../../dialects/passage.ts";
import { asObject } from "../../../dialects/wire/json.ts";
import { type Environment, readBoolean } from "../../otel/variables.ts";
import { providerNames } from "../../provider-name.ts";
import type { Attributes } from "../attributes.ts";
import type { Convention, DescribedFailure, SpanFailure } from "../convention.ts";
import { failureWords } from "../failure-words.ts";
import { putAnswer } from "./answer.ts";
import { putAnswerContent, putRequestContent } from "./content-attributes.ts";
import { keys } from "./keys.ts";
import { putRequest } from "./request.ts";

export { keys } from "./keys.ts";

const operations: { readonly [E in EndpointName]: string } = {
  chat: "chat",
  completions: "text_completion",
  embeddings: "embeddings",
  responses: "chat",
  "responses-input-tokens": "tokenize",
  images: "image_generation",
  speech: "speech",
  transcriptions: "transcription",
  translations: "translation",
  tokenize: "tokenize",
  rerank: "rerank",
  messages: "chat",
  "count-tokens": "tokenize",
};

/** Whether conversations are shown. Words that OpenTelemetry's other languages have for it count as well. */
export function readCapture(environment: Environment): boolean {
  const name = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
  const words = environment[name]?.trim().toUpperCase();
  return words === "SPAN_ONLY" || words === "SPAN_AND_EVENT" || readBoolean(environment, name);
}

/** OpenTelemetry's conventions for generative AI; content is shown only to those who ask for it. */
export function createGenAi(environment: Environment): Convention {
  const isCaptured = readCapture(environment);
  return {
    spanKind: SpanKind.CLIENT,
    needsManyAttributes: false,
    hasStreamEvents: false,
    spanName({ endpoint, model }) {
      const operation = operations[endpoint];
      return model === "" ? operation : `${operation} ${model}`;
    },
    startAttributes({ endpoint, model, json }) {
      const attributes: Attributes = { [keys.operation]: operations[endpoint] };
      if (model !== "") attributes[keys.requestModel] = model;
      const body = asObject(json) ?? {};
      putRequest[endpoint]?.(attributes, body);
      if (isCaptured) putRequestContent[endpoint]?.(attributes, body);
      return attributes;
    },
    endAttributes(end) {
      const attributes: Attributes = {};
      const { endpoint } = end.request;
      putAnswer[endpoint]?.(attributes, end);
      if (isCaptured && end.answer.json !== undefined)
        putAnswerContent[endpoint]?.(attributes, end.answer.json);
      return attributes;
    },
    settledAttributes: ({ backend }) =>
      backend === undefined ? {} : { [keys.provider]: providerNames[backend.schema.name] },
    describeFailure: (failure) => describeFailure(failure, isCaptured),
  };
}

function describeFailure({ status, reason, body }: SpanFailure, isCaptured: boolean): DescribedFailure {
  if (status === undefined) {
    const type = reason ?? "internal";
    return { message: failureWords[type], attributes: { [keys.errorType]: type } };
  }
  const type = status >= 400 && status <= 599 ? String(status) : "_OTHER";
  const isServerError = status === 500 || status === 502 || status === 503;
  const shown = isCaptured && body !== "" ? ` - ${body.slice(0, 1024)}` : "";
  return {
    message: `Error code: ${status}${shown}`,
    attributes: { [keys.errorType]: isServerError ? "500" : type },
  };
}
