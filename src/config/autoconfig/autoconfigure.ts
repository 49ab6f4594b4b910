import { ConfigFailure, type Environment, type Source } from "../world.ts";
import { writeDocuments } from "../yaml-writer.ts";
import { chooseLogSink } from "./log-sink.ts";
import { chooseProvider, optional } from "./provider.ts";
import { gatewayResources } from "./resources.ts";

export interface AutoconfigOptions {
  readonly isDebug: boolean;
  /** Whether MCP servers come from elsewhere: then a gateway without a provider makes sense. */
  readonly hasMcpServers: boolean;
  /** Of the one listener; 1975 if not given. */
  readonly port?: number | undefined;
}

interface Autoconfiguration {
  readonly source: Source;
  readonly notices: readonly string[];
}

/**
 * Resources as a user could have written them, from the SDK variables of the environment.
 *
 * Throws `ConfigFailure`. The text holds no secret: its Secret names the variable that does.
 */
export function autoconfigure(environment: Environment, options: AutoconfigOptions): Autoconfiguration {
  const provider = chooseProvider(environment);
  const notices: string[] = [];
  if (provider === undefined && !options.hasMcpServers) {
    throw new ConfigFailure(
      "you must supply at least OPENAI_API_KEY, AZURE_OPENAI_API_KEY, ANTHROPIC_API_KEY, or a config file path",
    );
  }
  const logSink = chooseLogSink(environment);
  const envoyVersion = optional(environment, "ENVOY_VERSION");
  const { isDebug, port } = options;
  const resources = gatewayResources({ provider, logSink, envoyVersion, isDebug, port });
  const { text, written } = writeDocuments(resources);
  const source = { name: "environment", text, isSubstituted: false, written };
  return { source, notices: [...(provider?.notices ?? []), ...notices] };
}
