import { ConfigFailure, type Environment, variable } from "../world.ts";
import { type BaseUrl, parseBaseUrl } from "./base-url.ts";

/** The LLM provider that the environment names. */
export interface Provider {
  /** Of its Backend, AIServiceBackend and, with `-apikey` behind it, Secret and policy. */
  readonly name: "openai" | "anthropic";
  readonly schema: {
    readonly name: "OpenAI" | "AzureOpenAI" | "Anthropic";
    readonly version?: string;
    readonly prefix?: string;
  };
  readonly policy: { readonly type: string; readonly member: string };
  /** The variable with the key: its value stays there. */
  readonly keyVariable: string;
  readonly url: BaseUrl;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly notices: readonly string[];
}

/** The variables that choose a provider, best first. */
const keyVariables = ["AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"] as const;

/** The first provider with a key; the others are named in a notice. `undefined` without any key. */
export function chooseProvider(environment: Environment): Provider | undefined {
  const [chosen, ...ignored] = keyVariables.filter((name) => isSet(environment, name));
  if (chosen === undefined) return undefined;
  const provider = providers[chosen](environment);
  if (ignored.length === 0) return provider;
  const verb = ignored.length === 1 ? "is" : "are";
  const notice = `${ignored.join(" and ")} ${verb} ignored, because ${chosen} is set and one provider is configured from the environment; use a configuration file for several`;
  return { ...provider, notices: [notice, ...provider.notices] };
}

const providers: { readonly [key in (typeof keyVariables)[number]]: (environment: Environment) => Provider } =
  {
    AZURE_OPENAI_API_KEY: azure,
    OPENAI_API_KEY: openai,
    ANTHROPIC_API_KEY: anthropic,
  };

function azure(environment: Environment): Provider {
  const endpoint = required(environment, "AZURE_OPENAI_ENDPOINT");
  const version = required(environment, "OPENAI_API_VERSION");
  const url = parseBaseUrl("AZURE_OPENAI_ENDPOINT", endpoint);
  return {
    name: "openai",
    schema: { name: "AzureOpenAI", version },
    policy: { type: "AzureAPIKey", member: "azureAPIKey" },
    keyVariable: "AZURE_OPENAI_API_KEY",
    url,
    headers: organisationHeaders(environment),
    notices: droppedNotices("AZURE_OPENAI_ENDPOINT", url),
  };
}

function openai(environment: Environment): Provider {
  const url = parseBaseUrl(
    "OPENAI_BASE_URL",
    optional(environment, "OPENAI_BASE_URL") ?? "https://api.openai.com/v1",
  );
  return {
    name: "openai",
    schema: { name: "OpenAI", ...prefixOf(url) },
    policy: { type: "APIKey", member: "apiKey" },
    keyVariable: "OPENAI_API_KEY",
    url,
    headers: organisationHeaders(environment),
    notices: droppedNotices("OPENAI_BASE_URL", url),
  };
}

function anthropic(environment: Environment): Provider {
  const text = optional(environment, "ANTHROPIC_BASE_URL") ?? "https://api.anthropic.com/v1";
  const url = parseBaseUrl("ANTHROPIC_BASE_URL", text);
  return {
    name: "anthropic",
    schema: { name: "Anthropic", ...prefixOf(url) },
    policy: { type: "AnthropicAPIKey", member: "anthropicAPIKey" },
    keyVariable: "ANTHROPIC_API_KEY",
    url,
    headers: [],
    notices: droppedNotices("ANTHROPIC_BASE_URL", url),
  };
}

function prefixOf({ path }: BaseUrl): { prefix?: string } {
  return path === "" || path === "v1" ? {} : { prefix: path };
}

function organisationHeaders(environment: Environment): { name: string; value: string }[] {
  const headers = { "OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID" };
  return Object.entries(headers).flatMap(([name, source]) => {
    const value = optional(environment, source);
    return value === undefined ? [] : [{ name, value }];
  });
}

function droppedNotices(name: string, { dropped }: BaseUrl): string[] {
  return dropped.map((part) => `${name}: ${part} of the URL is ignored`);
}

function isSet(environment: Environment, name: string): boolean {
  return optional(environment, name) !== undefined;
}

/** Empty counts as not set. */
export function optional(environment: Environment, name: string): string | undefined {
  const value = variable(environment, name);
  return value === "" ? undefined : value;
}

function required(environment: Environment, name: string): string {
  const value = optional(environment, name);
  if (value !== undefined) return value;
  throw new ConfigFailure(`${name} environment variable is required when AZURE_OPENAI_API_KEY is set`);
}
