import { anthropicBackend } from "./anthropic/backend.ts";
import { anthropicClient } from "./anthropic/client.ts";
import { countAt } from "./anthropic/count.ts";
import { invokeHost, nativeHost, vertexHost } from "./anthropic/hosts.ts";
import { rehostMessages } from "./anthropic/rehost.ts";
import { openaiChatBackend } from "./openai-chat/backend.ts";
import { openaiChatClient } from "./openai-chat/client.ts";
import { azureHost, openaiHost } from "./openai-chat/hosts.ts";
import { openaiCompletionsClient } from "./openai-completions/client.ts";
import { openaiResponsesClient } from "./openai-responses/client.ts";
import { inputTokensClient } from "./openai-responses/count.ts";
import type { PassageTable } from "./passage.ts";
import { translate } from "./translate.ts";
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
  },
  GCPAnthropic: {
    chat: translate(openaiChatClient, anthropicBackend, vertexHost),
    completions: translate(openaiCompletionsClient, anthropicBackend, vertexHost),
    responses: translate(openaiResponsesClient, anthropicBackend, vertexHost),
    "responses-input-tokens": translateWhole(inputTokensClient, countAt(vertexHost), vertexHost),
    messages: rehostMessages(vertexHost),
  },
  AWSAnthropic: {
    chat: translate(openaiChatClient, anthropicBackend, invokeHost),
    completions: translate(openaiCompletionsClient, anthropicBackend, invokeHost),
    responses: translate(openaiResponsesClient, anthropicBackend, invokeHost),
    "responses-input-tokens": translateWhole(inputTokensClient, countAt(invokeHost), invokeHost),
    messages: rehostMessages(invokeHost),
  },
};
