import type * as config from "../../config/index.ts";
import { exitCode } from "../failure.ts";
import { countFindings, hasErrors, showFinding, writeFinding } from "../findings.ts";
import type { CommandBody, Host } from "../grammar/command.ts";
import type { lintFlags } from "../grammar/flags.ts";
import { type LintedFile, lintFile } from "../lint/read-files.ts";
import { writeJson } from "../lint/write-json.ts";
import { writeSarif } from "../lint/write-sarif.ts";

export const lint: CommandBody<typeof lintFlags> = async ({ words, flags }, host) =>
  lintFiles(words, flags.format, host, await import("../../config/index.ts"));

/** Findings on stdout, their number for each file on stderr; fails if one of them is an error. */
export function lintFiles(
  names: readonly string[],
  format: string,
  host: Pick<Host, "terminal" | "environment" | "workingDirectory">,
  room: Pick<typeof config, "autoconfigure" | "lintGateway" | "formatDiagnostic">,
): number {
  const { terminal, workingDirectory } = host;
  const write: typeof writeFinding = (finding, formatOne) =>
    terminal.isOutWatched ? showFinding(finding, formatOne, terminal) : writeFinding(finding, formatOne);
  const files = names.map((name) => lintFile(name, host, room));
  if (format === "json") terminal.out(writeJson(files));
  if (format === "sarif") terminal.out(writeSarif(files, workingDirectory));
  for (const file of files) {
    if (format === "text")
      for (const finding of file.findings) terminal.out(write(finding, room.formatDiagnostic));
    terminal.err(`${file.name}: ${summaryOf(file)}\n`);
  }
  return files.every(isSound) ? exitCode.ok : exitCode.failed;
}

function summaryOf({ findings, unreadable }: LintedFile): string {
  return unreadable === undefined
    ? countFindings(findings) || "no problems"
    : `cannot be read: ${unreadable}`;
}

function isSound({ findings, unreadable }: LintedFile): boolean {
  return unreadable === undefined && !hasErrors(findings);
}
