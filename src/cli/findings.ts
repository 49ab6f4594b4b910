import type { Diagnostic, Severity } from "../model/diagnostic.ts";
import { excerpt } from "./excerpt.ts";
import { paintSeverity } from "./paint.ts";
import type { Terminal } from "./terminal.ts";

/** `error: gw.yaml:41:7: …`, with a line break at the end; `format` is that of the configuration. */
export function writeFinding(finding: Diagnostic, format: (finding: Diagnostic) => string): string {
  return `${finding.severity}: ${format(finding)}\n`;
}

/** The same for somebody who looks on: in colour, with the line of the file below. */
export function showFinding(
  finding: Diagnostic,
  format: (finding: Diagnostic) => string,
  terminal: Pick<Terminal, "isColored">,
): string {
  const line = paintSeverity(writeFinding(finding, format), finding.severity, terminal);
  return line + excerpt(finding.origin);
}

/** `2 errors and 1 warning`; empty without either. */
export function countFindings(findings: readonly Diagnostic[]): string {
  const count = (severity: Severity) => {
    const found = findings.filter((finding) => finding.severity === severity).length;
    return found === 0 ? [] : [`${found} ${severity}${found === 1 ? "" : "s"}`];
  };
  return [...count("error"), ...count("warning")].join(" and ");
}

export function hasErrors(findings: readonly Diagnostic[]): boolean {
  return findings.some(({ severity }) => severity === "error");
}
