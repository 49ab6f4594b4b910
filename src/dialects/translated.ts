import { anthropicBackend } from "./anthropic/backend.ts";
import { invokeHost, nativeHost, vertexHost } from "./anthropic/hosts.ts";
import { gemini, geminiHost } from "./gemini/index.ts";
import { openaiChatClient } from "./openai-chat/client.ts";
import type { PassageTable } from "./passage.ts";
import { translate } from "./translate.ts";

/** The pairs of a client's API and a backend's that are translated. */
export const translatedPassages: PassageTable = {
  Anthropic: { chat: translate(openaiChatClient, anthropicBackend, nativeHost) },
  GCPAnthropic: { chat: translate(openaiChatClient, anthropicBackend, vertexHost) },
  GCPVertexAI: { chat: translate(openaiChatClient, gemini, geminiHost) },
  AWSAnthropic: { chat: translate(openaiChatClient, anthropicBackend, invokeHost) },
};
