import { anthropicBackend } from "./anthropic/backend.ts";
import { anthropicClient } from "./anthropic/client.ts";
import { countAt } from "./anthropic/count.ts";
import { invokeHost, nativeHost, vertexHost } from "./anthropic/hosts.ts";
import { rehostMessages } from "./anthropic/rehost.ts";
import { rehostCount } from "./anthropic/rehost-count.ts";
import { bedrockEmbeddings, bedrockEmbeddingsHost } from "./bedrock-embeddings/index.ts";
import { converse, converseCount, converseHost } from "./converse/index.ts";
import { gemini, geminiCount, geminiHost } from "./gemini/index.ts";
import { openaiChatBackend } from "./openai-chat/backend.ts";
import { openaiChatClient } from "./openai-chat/client.ts";
import { azureHost, openaiHost } from "./openai-chat/hosts.ts";
import { openaiCompletionsClient } from "./openai-completions/client.ts";
import { openaiEmbeddingsClient } from "./openai-embeddings/index.ts";
import { openaiResponsesClient } from "./openai-responses/client.ts";
import { inputTokensClient } from "./openai-responses/count.ts";
import type { PassageTable } from "./passage.ts";
import { countTokensClient, tokenizeClient } from "./token-count/index.ts";
import { translate } from "./translate.ts";
import { vertexEmbeddings, vertexEmbeddingsHost } from "./vertex-embeddings/index.ts";
import { translateWhole } from "./whole.ts";

/** The pairs of a client's API and a backend's that are translated, or carried in another envelope. */
export const translatedPassages: PassageTable = {
  OpenAI: { messages: translate(anthropicClient, openaiChatBackend, openaiHost) },
  AzureOpenAI: { messages: translate(anthropicClient, openaiChatBackend, azureHost) },
  Anthropic: {
    chat: translate(openaiChatClient, anthropicBackend, nativeHost),
    completions: translate(openaiCompletionsClient, anthropicBackend, nativeHost),
    responses: translate(openaiResponsesClient, anthropicBackend, nativeHost),
    "responses-input-tokens": translateWhole(inputTokensClient, countAt(nativeHost), nativeHost),
    tokenize: translateWhole(tokenizeClient, countAt(nativeHost), nativeHost),
  },
  GCPAnthropic: {
    chat: translate(openaiChatClient, anthropicBackend, vertexHost),
    completions: translate(openaiCompletionsClient, anthropicBackend, vertexHost),
    responses: translate(openaiResponsesClient, anthropicBackend, vertexHost),
    "responses-input-tokens": translateWhole(inputTokensClient, countAt(vertexHost), vertexHost),
    messages: rehostMessages(vertexHost),
    tokenize: translateWhole(tokenizeClient, countAt(vertexHost), vertexHost),
    "count-tokens": rehostCount(vertexHost),
  },
  AWSAnthropic: {
    chat: translate(openaiChatClient, anthropicBackend, invokeHost),
    completions: translate(openaiCompletionsClient, anthropicBackend, invokeHost),
    responses: translate(openaiResponsesClient, anthropicBackend, invokeHost),
    "responses-input-tokens": translateWhole(inputTokensClient, countAt(invokeHost), invokeHost),
    messages: rehostMessages(invokeHost),
    tokenize: translateWhole(tokenizeClient, countAt(invokeHost), invokeHost),
    "count-tokens": rehostCount(invokeHost),
  },
  AWSBedrock: {
    chat: translate(openaiChatClient, converse, converseHost),
    completions: translate(openaiCompletionsClient, converse, converseHost),
    responses: translate(openaiResponsesClient, converse, converseHost),
    "responses-input-tokens": translateWhole(inputTokensClient, converseCount, converseHost),
    messages: translate(anthropicClient, converse, converseHost),
    embeddings: translateWhole(openaiEmbeddingsClient, bedrockEmbeddings, bedrockEmbeddingsHost),
    tokenize: translateWhole(tokenizeClient, converseCount, converseHost),
    "count-tokens": translateWhole(countTokensClient, converseCount, converseHost),
  },
  GCPVertexAI: {
    chat: translate(openaiChatClient, gemini, geminiHost),
    completions: translate(openaiCompletionsClient, gemini, geminiHost),
    responses: translate(openaiResponsesClient, gemini, geminiHost),
    "responses-input-tokens": translateWhole(inputTokensClient, geminiCount, geminiHost),
    messages: translate(anthropicClient, gemini, geminiHost),
    embeddings: translateWhole(openaiEmbeddingsClient, vertexEmbeddings, vertexEmbeddingsHost),
    tokenize: translateWhole(tokenizeClient, geminiCount, geminiHost),
    "count-tokens": translateWhole(countTokensClient, geminiCount, geminiHost),
  },
};
