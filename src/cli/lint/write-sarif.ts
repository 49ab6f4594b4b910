import { pathToFileURL } from "node:url";
import type { Diagnostic, Severity } from "../../model/diagnostic.ts";
import type { Origin } from "../../model/origin.ts";
import { productVersion } from "../product-version.ts";
import type { LintedFile } from "./read-files.ts";

const levels: { readonly [severity in Severity]: string } = {
  error: "error",
  warning: "warning",
  info: "note",
};

/** SARIF 2.1.0, which code scanners and editors read. Names of files stay relative to where aigw was started. */
export function writeSarif(files: readonly LintedFile[], workingDirectory: string): string {
  const results = files.flatMap(({ name, findings, unreadable }) =>
    unreadable === undefined ? findings.map(writeResult) : [writeUnreadable(name, unreadable)],
  );
  const rules = [...new Set(results.map(({ ruleId }) => ruleId))].toSorted().map((id) => ({ id }));
  const run = {
    tool: {
      driver: {
        name: "aigw",
        version: productVersion,
        rules,
      },
    },
    originalUriBaseIds: { ROOT: { uri: `${pathToFileURL(workingDirectory).href.replace(/\/$/, "")}/` } },
    columnKind: "utf16CodeUnits",
    results,
  };
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [run],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function writeResult({ severity, code, message, mend, origin, related }: Diagnostic) {
  const field = origin.path === "" ? "" : `${origin.path}: `;
  return {
    ruleId: code,
    level: levels[severity],
    message: { text: `${field}${message}${mend === undefined ? "" : `; ${mend}`}` },
    locations: [writeLocation(origin)],
    relatedLocations: related.map(([role, other], id) => ({
      id,
      ...writeLocation(other),
      message: { text: role },
    })),
  };
}

function writeUnreadable(name: string, reason: string) {
  return {
    ruleId: "unreadable",
    level: "error",
    message: { text: `cannot be read: ${reason}` },
    locations: [{ physicalLocation: { artifactLocation: artifact(name) } }],
    relatedLocations: [],
  };
}

function writeLocation({ file, line, column }: Origin) {
  const region = line === 0 ? {} : { region: { startLine: line, startColumn: column } };
  return { physicalLocation: { artifactLocation: artifact(file), ...region } };
}

function artifact(name: string) {
  return name.startsWith("/")
    ? { uri: pathToFileURL(name).href }
    : { uri: name.split("/").map(encodeURIComponent).join("/"), uriBaseId: "ROOT" };
}
