import type { WrittenDocument } from "./yaml-writer.ts";

export interface Environment {
  readonly [name: string]: string | undefined;
}

/** One text to compile. `name` is what messages call it. */
export interface Source {
  readonly name: string;
  readonly text: string;
  /** False for generated texts: `${…}` in them is taken literally. */
  readonly isSubstituted: boolean;
  /** `resources` if not said; `mcp-servers` is the JSON that agents and editors list their servers in. */
  readonly format?: "resources" | "mcp-servers";
  /** What the text says, where it was generated: saves reading it. */
  readonly written?: readonly WrittenDocument[];
}

export interface World {
  readonly environment: Environment;
  /** Bytes of a file as text; throws the system's error. */
  readFile(path: string): string;
  readonly nowMs: number;
}

/** What is wrong with the environment; `message` names the variable and what to set. */
export class ConfigFailure extends Error {
  override readonly name = "ConfigFailure";
}

/** A variable's value, also on objects that inherit members such as `constructor`. */
export function variable(environment: Environment, name: string): string | undefined {
  const value: unknown = environment[name];
  return typeof value === "string" ? value : undefined;
}
