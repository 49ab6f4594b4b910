import type { Severity } from "../model/diagnostic.ts";
import type { Terminal } from "./terminal.ts";

const csi = "\u001b[";
const colors: { readonly [S in Severity]: number } = { error: 31, warning: 33, info: 36 };

type Colored = Pick<Terminal, "isColored">;

/** The word at the beginning of a finding, in its colour. */
export function paintSeverity(line: string, severity: Severity, { isColored }: Colored): string {
  if (!isColored || !line.startsWith(severity)) return line;
  return `${csi}1;${colors[severity]}m${severity}${csi}0m${line.slice(severity.length)}`;
}

export function dim(text: string, { isColored }: Colored): string {
  return isColored ? `${csi}2m${text}${csi}0m` : text;
}
