/** A gateway from source with a backend for each schema that answers chats, and all its providers. */
import type { EngineName } from "../support/engines.ts";
import { freePort, startVectorsGateway } from "../support/vectors-gateway.ts";
import { type Providers, startProviders } from "./providers.ts";

export const limitMs = 60_000;

/** A model of the vectors' configuration for each schema. */
export const backends = [
  { backend: "OpenAI", model: "gpt-5-mini" },
  { backend: "AzureOpenAI", model: "v-azure" },
  { backend: "Anthropic", model: "v-anthropic" },
  { backend: "GCPAnthropic", model: "claude-sonnet-4-5@20250929" },
  { backend: "AWSAnthropic", model: "us.anthropic.claude-opus-4-5-20251101-v1:0" },
  { backend: "AWSBedrock", model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0" },
  { backend: "GCPVertexAI", model: "gemini-2.5-flash" },
] as const;

/** Google's token comes with each request. */
export const googleToken = { "x-aigw-gcp-access-token": "token-of-the-tests" };

export interface Matrix extends AsyncDisposable {
  readonly url: string;
  readonly providers: Providers;
}

export async function startMatrix(engine?: EngineName): Promise<Matrix> {
  const port = await freePort();
  const providers = await startProviders(port);
  try {
    const gateway = await startVectorsGateway(port, engine);
    return {
      url: gateway.url,
      providers,
      async [Symbol.asyncDispose]() {
        await gateway.stop();
        await providers[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await providers[Symbol.asyncDispose]();
    throw error;
  }
}
