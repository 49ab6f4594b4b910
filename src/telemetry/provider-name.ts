import type { SchemaName } from "../model/ai.ts";

/** `gen_ai.provider.name` of a backend, by the wire API it speaks. */
export const providerNames = {
  OpenAI: "openai",
  AzureOpenAI: "azure.openai",
  Cohere: "cohere",
  Anthropic: "anthropic",
  AWSBedrock: "aws.bedrock",
  AWSAnthropic: "aws.anthropic",
  GCPVertexAI: "gcp.vertex_ai",
  GCPAnthropic: "gcp.anthropic",
} as const satisfies { readonly [S in SchemaName]: string };
