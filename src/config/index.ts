import type { Diagnostic } from "../model/diagnostic.ts";
import type { Compiled } from "../model/gateway.ts";

export interface Environment {
  readonly [name: string]: string | undefined;
}

/** One text to compile. `name` is what messages call it. */
export interface Source {
  readonly name: string;
  readonly text: string;
  /** False for generated texts: `${…}` in them is taken literally. */
  readonly isSubstituted: boolean;
}

export interface World {
  readonly environment: Environment;
  /** Bytes of a file as text; throws the system's error. */
  readFile(path: string): string;
  readonly nowMs: number;
}

export interface AutoconfigOptions {
  readonly isDebug: boolean;
  /** Text of `--mcp-json` or of the file of `--mcp-config`; undefined without either. */
  readonly mcpServers: string | undefined;
}

/** Resources as a user could have written them, from the SDK variables of the environment. Throws `ConfigFailure`. */
export declare function autoconfigure(
  environment: Environment,
  options: AutoconfigOptions,
): { readonly source: Source; readonly notices: readonly string[] };

/** Text to model, all findings at once. Never throws for what an operator wrote. */
export declare function compileGateway(sources: readonly Source[], world: World): Compiled;

/** The resources in effect as YAML for people, every secret redacted: `envoy-ai-gateway-resources/config.yaml`. */
export declare function writeResources(sources: readonly Source[], world: World): string;

/** `gw.yaml:41:7: document 3 (AIServiceBackend default/openai): spec.schema.name: …`, with mend and related places. */
export declare function formatDiagnostic(diagnostic: Diagnostic): string;

/** JSON schema of every kind, for editors. */
export declare function jsonSchemas(): object;

/** What is wrong with the environment; `message` names the variable and what to set. */
export class ConfigFailure extends Error {
  override readonly name = "ConfigFailure";
}
