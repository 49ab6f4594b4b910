import type { SchemaName } from "../model/ai.ts";
import type { EndpointName, Passage, PassageTable } from "./passage.ts";
import { anthropicPassages } from "./passthrough/anthropic.ts";
import { rerankAtCohere, rerankAtOpenAi } from "./passthrough/cohere.ts";
import { azurePassages, openAiPassages } from "./passthrough/openai.ts";

/** Who serves which pair: where client and backend speak the same API, bytes pass. */
const passages: PassageTable = {
  OpenAI: { ...openAiPassages, rerank: rerankAtOpenAi },
  AzureOpenAI: azurePassages,
  Anthropic: anthropicPassages,
  Cohere: { rerank: rerankAtCohere },
};

/** `undefined` where nothing serves the pair. */
export function passageFor(endpoint: EndpointName, schema: SchemaName): Passage | undefined {
  return passages[schema]?.[endpoint];
}
