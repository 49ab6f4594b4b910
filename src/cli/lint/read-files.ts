import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type * as config from "../../config/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { systemReason } from "../failure.ts";
import type { Host } from "../grammar/command.ts";
import { expandPath } from "../paths/expand-path.ts";

/** One file that was looked at. */
export interface LintedFile {
  readonly name: string;
  readonly findings: readonly Diagnostic[];
  /** Why it could not be read at all. */
  readonly unreadable?: string;
}

type World = Pick<Host, "environment" | "workingDirectory">;

/** `-` is standard input. Files that a configuration names are looked for where `aigw run` would. */
export function readText(name: string, host: World): string {
  return readFileSync(name === "-" ? 0 : expandPath(name, host), "utf8");
}

export function worldOf({ environment, workingDirectory }: World): config.World {
  return {
    environment,
    readFile: (path) => readFileSync(resolve(workingDirectory, path), "utf8"),
    nowMs: Date.now(),
  };
}

export function lintFile(
  name: string,
  host: World,
  { lintGateway }: Pick<typeof config, "lintGateway">,
): LintedFile {
  let text: string;
  try {
    text = readText(name, host);
  } catch (error) {
    return { name, findings: [], unreadable: systemReason(error) };
  }
  const source = { name: name === "-" ? "<stdin>" : name, text, isSubstituted: true };
  return { name: source.name, findings: lintGateway([source], worldOf(host)).diagnostics };
}
