import { readFileSync } from "node:fs";
import type * as config from "../../config/index.ts";
import { exitCode, systemReason } from "../failure.ts";
import { countFindings, hasErrors, writeFinding } from "../findings.ts";
import type { CommandBody, Host } from "../grammar/command.ts";
import { expandPath } from "../paths/expand-path.ts";

export const lint: CommandBody = async ({ words }, host) =>
  lintFiles(words, host, await import("../../config/index.ts"));

/** Findings on stdout, their number for each file on stderr; fails if one of them is an error. */
export function lintFiles(
  names: readonly string[],
  host: Pick<Host, "terminal" | "environment" | "workingDirectory">,
  { compileGateway, formatDiagnostic }: Pick<typeof config, "compileGateway" | "formatDiagnostic">,
): number {
  const { terminal, environment } = host;
  const world: config.World = {
    environment,
    readFile: (path) => readFileSync(path, "utf8"),
    nowMs: Date.now(),
  };
  let isSound = true;
  for (const name of names) {
    const text = readText(expandPath(name, host));
    if (text instanceof Error) {
      terminal.err(`${name}: cannot be read: ${systemReason(text)}\n`);
      isSound = false;
      continue;
    }
    const { diagnostics } = compileGateway([{ name, text, isSubstituted: true }], world);
    for (const finding of diagnostics) terminal.out(writeFinding(finding, formatDiagnostic));
    terminal.err(`${name}: ${countFindings(diagnostics) || "no problems"}\n`);
    isSound &&= !hasErrors(diagnostics);
  }
  return isSound ? exitCode.ok : exitCode.failed;
}

function readText(path: string): string | Error {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
