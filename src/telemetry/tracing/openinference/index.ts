import { SpanKind } from "@opentelemetry/api";
import type { EndpointName } from "../../../dialects/passage.ts";
import type { Environment } from "../../otel/variables.ts";
import type { Attributes } from "../attributes.ts";
import type { Convention } from "../convention.ts";
import { speech, transcriptions, translations } from "./audio.ts";
import { chat } from "./chat.ts";
import type { Vocabulary } from "./common.ts";
import { completions } from "./completions.ts";
import { embeddings } from "./embeddings.ts";
import { describeFailure } from "./failure.ts";
import { readHide } from "./hide.ts";
import { images } from "./images.ts";
import { messages } from "./messages.ts";
import { rerank } from "./rerank.ts";
import { responses } from "./responses.ts";
import { countTokens, responsesInputTokens, tokenize } from "./token-count.ts";

const vocabularies: { readonly [E in EndpointName]: Vocabulary } = {
  chat,
  completions,
  embeddings,
  responses,
  "responses-input-tokens": responsesInputTokens,
  images,
  speech,
  transcriptions,
  translations,
  tokenize,
  rerank,
  messages,
  "count-tokens": countTokens,
};

/** Arize's conventions. https://github.com/Arize-ai/openinference/tree/main/spec, read 2026-11 */
export function createOpenInference(environment: Environment): Convention {
  const hide = readHide(environment);
  return {
    spanKind: SpanKind.INTERNAL,
    needsManyAttributes: !hide.inputMessages || !hide.outputMessages,
    hasStreamEvents: true,
    spanName: ({ endpoint }) => vocabularies[endpoint].spanName,
    startAttributes(request) {
      const attributes: Attributes = {};
      vocabularies[request.endpoint].start(attributes, request, hide);
      return attributes;
    },
    endAttributes(end) {
      const attributes: Attributes = {};
      vocabularies[end.request.endpoint].end(attributes, end, hide);
      return attributes;
    },
    settledAttributes: () => ({}),
    describeFailure: (failure) => describeFailure(failure, hide),
  };
}
