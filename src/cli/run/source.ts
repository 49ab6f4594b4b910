import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment, Source } from "../../config/index.ts";
import { systemReason, UsageError } from "../failure.ts";
import { expandPath, type Place } from "../paths/expand-path.ts";

/** Where a run's configuration comes from. `name` is what messages call a file. */
export type ConfigOrigin =
  | { readonly type: "file"; readonly path: string; readonly name: string; readonly isDefault: boolean }
  | { readonly type: "environment" };

const providerVariables = ["OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "ANTHROPIC_API_KEY"] as const;

export function providersIn(environment: Environment): string[] {
  return providerVariables.filter((name) => environment[name]);
}

/** The file that was named, else the default one if there is one, else the environment. Throws `UsageError` without any. */
export function chooseOrigin(
  named: string | undefined,
  configDirectory: string,
  place: Place,
  hasMcpFlag: boolean,
): ConfigOrigin {
  if (named !== undefined && named !== "") {
    return { type: "file", path: expandPath(named, place), name: named, isDefault: false };
  }
  const path = join(configDirectory, "config.yaml");
  if (existsSync(path)) return { type: "file", path, name: path, isDefault: true };
  if (providersIn(place.environment).length === 0 && !hasMcpFlag) {
    throw new UsageError(
      `run: you must supply at least ${providerVariables.join(", ")}, or a config file path` +
        ", or MCP servers with --mcp-config or --mcp-json",
    );
  }
  return { type: "environment" };
}

/** Throws an error that names the path and the system's reason. */
export function readSource({ path, name }: Extract<ConfigOrigin, { type: "file" }>): Source {
  try {
    return { name, text: readFileSync(path, "utf8"), isSubstituted: true };
  } catch (error) {
    throw new Error(`cannot read the configuration: ${path}: ${systemReason(error)}`);
  }
}
