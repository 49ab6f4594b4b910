import { type Origin, resourceName } from "../../model/origin.ts";
import { hasErrors } from "../findings.ts";
import type { LintedFile } from "./read-files.ts";

/** For programs: every finding with its place, in the order of lines. */
export function writeJson(files: readonly LintedFile[]): string {
  const written = files.map(({ name, findings, unreadable }) => ({
    file: name,
    isSound: unreadable === undefined && !hasErrors(findings),
    ...(unreadable === undefined ? {} : { unreadable }),
    findings: findings.map(({ severity, code, message, mend, origin, related }) => ({
      severity,
      code,
      message,
      ...(mend === undefined ? {} : { mend }),
      ...placeOf(origin),
      related: related.map(([role, other]) => ({ role, ...placeOf(other) })),
    })),
  }));
  return `${JSON.stringify({ files: written }, null, 2)}\n`;
}

function placeOf({ file, line, column, document, resource, path, variable }: Origin): object {
  return {
    file,
    line,
    column,
    ...(document === 0 ? {} : { document }),
    ...(resource.kind === "" ? {} : { resource: resourceName(resource) }),
    ...(path === "" ? {} : { path }),
    ...(variable === undefined ? {} : { variable }),
  };
}
