import type { Diagnostic, Severity } from "../model/diagnostic.ts";
import { type Origin, type ResourceId, resourceName } from "../model/origin.ts";

/** Steps from a resource to one of its fields. */
export type Path = readonly (string | number)[];

/** The resource of findings about a whole file. */
export const noResource: ResourceId = { group: "", kind: "", namespace: "", name: "" };

interface Details {
  readonly mend?: string | undefined;
  readonly related?: readonly (readonly [string, Origin])[];
}

/** Collects what the stages find; what is found again at the same place is kept once. */
export class Report {
  readonly diagnostics: Diagnostic[] = [];
  readonly #seen = new Set<string>();

  constructor(earlier: readonly Diagnostic[] = []) {
    for (const diagnostic of earlier) this.#keep(diagnostic);
  }

  error(origin: Origin, code: string, message: string, details: Details = {}): void {
    this.add("error", origin, code, message, details);
  }

  warning(origin: Origin, code: string, message: string, details: Details = {}): void {
    this.add("warning", origin, code, message, details);
  }

  info(origin: Origin, code: string, message: string, details: Details = {}): void {
    this.add("info", origin, code, message, details);
  }

  add(severity: Severity, origin: Origin, code: string, message: string, details: Details = {}): void {
    const { mend, related = [] } = details;
    this.#keep({ severity, code, message, origin, related, ...(mend === undefined ? {} : { mend }) });
  }

  #keep(diagnostic: Diagnostic): void {
    const { origin, message } = diagnostic;
    const key = `${origin.file}:${origin.line}:${origin.column}:${origin.path}:${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.diagnostics.push(diagnostic);
  }

  get hasErrors(): boolean {
    return this.diagnostics.some(({ severity }) => severity === "error");
  }

  /** As an operator reads the files: by file, line and column; findings without a line first. */
  sorted(): readonly Diagnostic[] {
    return this.diagnostics.toSorted(
      ({ origin: a }, { origin: b }) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column,
    );
  }
}

/** By code units, so that it does not depend on the machine's language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `spec.rules[0].backendRefs[1]`, `metadata.annotations["a.b/c"]`. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** `gw.yaml:41:7: document 3 (AIServiceBackend default/openai): spec.schema.name: …`, with mend and related places. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { origin, message, mend, related } = diagnostic;
  const subject = origin.resource.kind === "" ? "" : ` (${resourceName(origin.resource)})`;
  const document = origin.document === 0 ? "" : `document ${origin.document}${subject}: `;
  const path = origin.path === "" ? "" : `${origin.path}: `;
  const from = origin.variable === undefined ? "" : ` (from $${origin.variable})`;
  const advice = mend === undefined ? "" : `; ${mend}`;
  const others = related.map(([role, other]) => `\n  ${role}: ${formatPosition(other)}`).join("");
  return `${formatPosition(origin)}: ${document}${path}${message}${from}${advice}${others}`;
}

function formatPosition({ file, line, column }: Origin): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
}
