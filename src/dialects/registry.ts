import { type SchemaName, schemaNames } from "../model/ai.ts";
import type { EndpointName, Passage, PassageTable } from "./passage.ts";
import { anthropicPassages } from "./passthrough/anthropic.ts";
import { rerankAtCohere, rerankAtOpenAi } from "./passthrough/cohere.ts";
import { azurePassages, openAiPassages } from "./passthrough/openai.ts";
import { translatedPassages } from "./translated.ts";

/** Pairs of one API: bytes pass, and only usage is read. */
const passThroughs: PassageTable = {
  OpenAI: { ...openAiPassages, rerank: rerankAtOpenAi },
  AzureOpenAI: azurePassages,
  Anthropic: anthropicPassages,
  Cohere: { rerank: rerankAtCohere },
};

/** Where bytes can pass they do; else the pair is translated. */
const passages: PassageTable = Object.fromEntries(
  schemaNames.map((schema) => [schema, { ...translatedPassages[schema], ...passThroughs[schema] }]),
);

/** `undefined` where nothing serves the pair. */
export function passageFor(endpoint: EndpointName, schema: SchemaName): Passage | undefined {
  return passages[schema]?.[endpoint];
}
