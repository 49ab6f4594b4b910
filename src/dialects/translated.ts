import { anthropicBackend } from "./anthropic/backend.ts";
import { anthropicClient } from "./anthropic/client.ts";
import { invokeHost, nativeHost, vertexHost } from "./anthropic/hosts.ts";
import { rehostMessages } from "./anthropic/rehost.ts";
import { gemini, geminiHost } from "./gemini/index.ts";
import { openaiChatBackend } from "./openai-chat/backend.ts";
import { openaiChatClient } from "./openai-chat/client.ts";
import { azureHost, openaiHost } from "./openai-chat/hosts.ts";
import type { PassageTable } from "./passage.ts";
import { translate } from "./translate.ts";

/** The pairs of a client's API and a backend's that are translated, or carried in another envelope. */
export const translatedPassages: PassageTable = {
  OpenAI: { messages: translate(anthropicClient, openaiChatBackend, openaiHost) },
  AzureOpenAI: { messages: translate(anthropicClient, openaiChatBackend, azureHost) },
  Anthropic: { chat: translate(openaiChatClient, anthropicBackend, nativeHost) },
  GCPAnthropic: {
    chat: translate(openaiChatClient, anthropicBackend, vertexHost),
    messages: rehostMessages(vertexHost),
  },
  AWSAnthropic: {
    chat: translate(openaiChatClient, anthropicBackend, invokeHost),
    messages: rehostMessages(invokeHost),
  },
  GCPVertexAI: {
    chat: translate(openaiChatClient, gemini, geminiHost),
    messages: translate(anthropicClient, gemini, geminiHost),
  },
};
