import type { JsonObject } from "../dialects/wire/json.ts";
import { ExchangeFailure } from "../model/failure.ts";
import type { Endpoint } from "./endpoint.ts";
import {
  checkChatMessages,
  checkEither,
  checkEmbeddingInput,
  readFlag,
  readIncludeUsage,
} from "./grammar.ts";
import { formEndpoint, jsonEndpoint, neverStreams, type Understood } from "./read-request.ts";

const family = "openai";

/** https://platform.openai.com/docs/api-reference, and vLLM's tokenize beside it. */
export const openAiEndpoints: readonly Endpoint[] = [
  jsonEndpoint({
    name: "chat",
    family,
    path: "/v1/chat/completions",
    operation: "chat",
    understand(body) {
      checkChatMessages(body["messages"]);
      return { isStream: readFlag(body, "stream"), wantsUsage: readIncludeUsage(body) };
    },
  }),
  jsonEndpoint({
    name: "completions",
    family,
    path: "/v1/completions",
    operation: "completion",
    understand: (body) => ({ isStream: readFlag(body, "stream"), wantsUsage: readIncludeUsage(body) }),
  }),
  jsonEndpoint({
    name: "embeddings",
    family,
    path: "/v1/embeddings",
    operation: "embeddings",
    understand(body) {
      checkEither(body, "input", "messages");
      checkEmbeddingInput(body["input"]);
      checkChatMessages(body["messages"]);
      return neverStreams;
    },
  }),
  jsonEndpoint({
    name: "responses",
    family,
    path: "/v1/responses",
    operation: "responses",
    understand: (body) => ({ isStream: readFlag(body, "stream"), wantsUsage: true }),
  }),
  jsonEndpoint({
    name: "responses-input-tokens",
    family,
    path: "/v1/responses/input_tokens",
    operation: "responses_input_tokens",
    understand: () => neverStreams,
  }),
  jsonEndpoint({
    name: "images",
    family,
    path: "/v1/images/generations",
    operation: "image_generation",
    isModelOptional: true,
    understand: (body) => ({ isStream: readFlag(body, "stream"), wantsUsage: true }),
  }),
  jsonEndpoint({
    name: "speech",
    family,
    path: "/v1/audio/speech",
    operation: "speech",
    understand: (body) => ({ isStream: body["stream_format"] === "sse", wantsUsage: true }),
  }),
  formEndpoint({
    name: "transcriptions",
    family,
    path: "/v1/audio/transcriptions",
    operation: "transcription",
    canStream: true,
  }),
  formEndpoint({
    name: "translations",
    family,
    path: "/v1/audio/translations",
    operation: "translation",
    canStream: false,
  }),
  jsonEndpoint({
    name: "tokenize",
    family,
    path: "/tokenize",
    operation: "tokenize",
    missingModel: "malformed request: invalid tokenize request: model is required",
    understand: readTokenize,
  }),
];

function readTokenize(body: JsonObject): Understood {
  checkEither(body, "prompt", "messages");
  checkChatMessages(body["messages"]);
  const isChat = body["messages"] !== undefined;
  const continues = readFlag(body, "continue_final_message");
  const generates = body["add_generation_prompt"] === undefined || readFlag(body, "add_generation_prompt");
  if (isChat && continues && generates) {
    throw new ExchangeFailure(
      "invalid_request",
      "malformed request: invalid tokenize request: cannot set both continue_final_message and add_generation_prompt to true",
    );
  }
  return neverStreams;
}
