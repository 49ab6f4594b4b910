import type { SchemaName } from "../model/ai.ts";
import type { EndpointName, Passage, PassageTable } from "./passage.ts";
import { anthropicPassages } from "./passthrough/anthropic.ts";
import { rerankAtCohere, rerankAtOpenAi } from "./passthrough/cohere.ts";
import { azurePassages, openAiPassages } from "./passthrough/openai.ts";
import { translatedPassages } from "./translated.ts";

/** Where client and backend speak the same API, bytes pass. */
const passages: PassageTable = {
  OpenAI: { ...openAiPassages, rerank: rerankAtOpenAi },
  AzureOpenAI: azurePassages,
  Anthropic: anthropicPassages,
  Cohere: { rerank: rerankAtCohere },
};

/** Who serves a pair; `undefined` where nothing does. */
export function passageFor(endpoint: EndpointName, schema: SchemaName): Passage | undefined {
  return passages[schema]?.[endpoint] ?? translatedPassages[schema]?.[endpoint];
}
